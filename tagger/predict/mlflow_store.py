"""MLflow's store: its address, knocking at it, and its errors as one line.

MLflow is an extra, and takes seconds to load, so functions import it and what it brings.
"""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from tagger.core.common.errors import TaggerError
from tagger.core.common.paths import workspace

DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
SQLITE = "sqlite:///"


class StoreAwayError(TaggerError):
    """MLflow's store does not answer, or takes nothing."""


@cache  # once connected, mlflow sets the environment variable itself
def tracking_uri() -> str:
    """Return the URI of the store; a relative path of an SQLite database starts at the main workspace."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", "") or f"{SQLITE}mlflow.db"
    path = uri.removeprefix(SQLITE)
    if path != uri and path and not path.startswith(("/", "file:", ":memory:")):
        return f"{SQLITE}{workspace() / path}"
    return uri


def kind_of(uri: str) -> str:
    """Return the kind of a store, such as `postgresql` of `postgresql+psycopg2://...`."""
    return uri.partition(":")[0].partition("+")[0]


def address() -> str:
    """Return the URI of the store without user and password."""
    return mask(tracking_uri())


def mask(text: str) -> str:
    """Hide the user and password in every address; a password may contain a slash or an @."""
    return re.sub(r"://(?!/)[^\s'\"]*@", "://***@", text)


@contextmanager
def reporting() -> Iterator[None]:
    """Raise StoreAwayError, one line, in place of an error of MLflow or its store within a block or a function."""
    quieten()
    from alembic.util import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, CommandError, OSError, ImportError) as error:  # requests': OSError
        raise StoreAwayError(f"MLflow: {address()} does not answer, or takes nothing: {_reason(error)}") from None


def knock(uri: str, *, to_write: bool) -> None:
    """Make sure that the store answers. MLflow itself would retry for minutes."""
    import requests
    import sqlalchemy

    kind = kind_of(uri)
    if kind in ("http", "https"):
        requests.get(f"{uri.rstrip('/')}/health", timeout=10)
    elif kind in DATABASES:
        limit = {"timeout": 60} if kind == "sqlite" else {"connect_timeout": 10} if kind == "postgresql" else {}
        engine = sqlalchemy.create_engine(uri, connect_args=limit)
        with engine.connect() as connection:
            if kind == "sqlite":  # both fail if the file is no database; the first also waits for other writers
                connection.exec_driver_sql("BEGIN IMMEDIATE" if to_write else "SELECT name FROM sqlite_master")
        engine.dispose()


def quieten() -> None:
    """Let MLflow give up on a dead server in seconds, not minutes, and print nothing that its errors say anyway."""
    for name, value in {
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    }.items():
        os.environ.setdefault(name, value)
    levels = {"mlflow": logging.WARNING, "alembic": logging.WARNING, "urllib3": logging.ERROR}
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.getLogger("mlflow.store").setLevel(logging.CRITICAL)  # it repeats what it raises


def _reason(error: BaseException) -> str:
    """Return the first line of an error, or of the deepest error of the system or the database that caused it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) or hasattr(cause, "orig"):
            error = cause
        cause = cause.__cause__ or cause.__context__
    text = mask(" ".join(str(getattr(error, "orig", error)).splitlines()[:1])) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:200]}..."
