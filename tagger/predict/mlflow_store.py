"""MLflow's store: its address, checking that it answers, and its errors as one line.

MLflow is an extra and takes seconds to load, so functions import it and its dependencies.
"""

import logging
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tagger.core.common.errors import InputError, TaggerError
from tagger.core.common.paths import project, workspace
from tagger.predict.store_address import DATABASES, hide_secrets, kind_of, parse_address

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

SQLITE = "sqlite:///"
LIMIT, LIMIT_OF_FILES = 120.0, 900.0  # seconds for a query, and for a delivery with files
_PLACES = (  # of absolute paths in MLflow's tables
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


class StoreAwayError(TaggerError):
    """MLflow's store does not answer, or refuses writes."""


class _TooSlowError(Exception):
    """Not an error on which HTTP clients retry."""


@cache  # once connected, mlflow sets the environment variable itself
def tracking_uri() -> str:
    """Return the URI of the store; a relative path of an SQLite database starts at the main workspace.

    Raises InputError if the environment has something else than a URI.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI", "") or f"{SQLITE}mlflow.db"
    path = uri.removeprefix(SQLITE)
    if path != uri and path and not path.startswith(("/", "file:", ":memory:")):
        root = str(workspace()).replace("%", "%25").replace("?", "%3F")
        return f"{SQLITE}{root}/{path.removeprefix('./')}"
    parse_address(uri)
    return uri


def address() -> str:
    """Return the URI of the store without its secrets."""
    return parse_address(tracking_uri())[0]


def mask(text: str) -> str:
    """Hide the secrets of the store in a text."""
    return hide_secrets(text, tracking_uri())


@contextmanager
def reporting(limit: float = LIMIT) -> Iterator[None]:
    """Raise StoreAwayError, one line, in place of an error of MLflow or its store within a block or a function.

    In the main thread, so does a block that takes longer than `limit` seconds, not counting blocks within it.
    """
    quieten()
    from alembic.util import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    # Those of requests are OSErrors.
    errors = (MlflowException, SQLAlchemyError, CommandError, sqlite3.Error, OSError, ImportError, _TooSlowError)
    try:
        with _limited(limit):
            yield
    except errors as error:
        raise StoreAwayError(f"MLflow: {address()} does not answer or refuses writes: {_reason(error)}") from None


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Interrupt the block after some time: the timeouts of HTTP clients apply to each piece of an answer."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise _TooSlowError(f"no whole answer within {seconds:g} seconds")

    handler, (left, _) = signal.signal(signal.SIGALRM, stop), signal.setitimer(signal.ITIMER_REAL, seconds, 5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, handler)


def knock(uri: str, *, to_read: str | None = None) -> None:
    """Make sure that a database answers, because MLflow would retry for minutes. Servers need no check.

    A missing database is created; if it is only needed `to_read` something, InputError is raised instead.
    """
    if kind_of(uri) not in DATABASES:
        return
    import sqlalchemy
    from mlflow.store.db import utils

    # It takes an escaped path as it stands, and makes a folder of that name; below, the right one is made.
    utils._make_parent_dirs_if_sqlite = lambda _: None
    name = sqlalchemy.make_url(uri).database if kind_of(uri) == "sqlite" else None
    file = Path(name) if name and not name.startswith((":", "file:")) else None  # else SQLite itself reads the URI
    nothing = f"{to_read}: not found in MLflow: there is no database {file or address()}, or it is empty"
    if file and not to_read and not file.exists():
        _make(file)
    if file and to_read and not (file.exists() and file.stat().st_size):
        raise InputError(nothing + ("" if project() else "; this folder is outside a project"))
    engine = utils.create_sqlalchemy_engine(uri)
    with engine.connect() as connection:
        if kind_of(uri) == "sqlite":  # fails if the file is no database; the second also waits for other writers
            connection.exec_driver_sql("PRAGMA busy_timeout = 60000")
            connection.exec_driver_sql("SELECT name FROM sqlite_master" if to_read else "BEGIN IMMEDIATE")
        tables = sqlalchemy.inspect(connection).get_table_names()
        if to_read and "experiments" not in tables:
            raise InputError(nothing)
        if file and "model_versions" in tables:
            _follow(connection, file.resolve())
    if not (to_read or utils._all_tables_exist(engine)):  # MLflow would make them later, without any lock
        with engine.connect() as connection:
            # The file lock of `_safe_initialize_tables` keeps out this machine's processes, this one those of others.
            if kind_of(uri) == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_lock(hashtext('mlflow'))")  # until it is disposed of
            utils._safe_initialize_tables(engine)
    engine.dispose()


def _make(file: Path) -> None:
    """Make a missing database with MLflow's tables, whole or not at all, whoever else makes it at the same time."""
    from mlflow.store.db import utils
    from sqlalchemy import StaticPool, create_engine

    file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine("sqlite://", poolclass=StaticPool)  # in memory
    utils._initialize_tables(engine)
    with TemporaryDirectory(dir=file.parent, prefix=f".{file.name}.") as folder, suppress(FileExistsError):
        new = Path(folder) / file.name
        with closing(sqlite3.connect(new)) as target:
            engine.raw_connection().driver_connection.backup(target)  # type: ignore[union-attr]
        file.hardlink_to(new)  # fails if it is there by now
    engine.dispose()


def _follow(connection: "Connection", database: Path) -> None:
    """Point MLflow, which keeps absolute paths, at the artifacts beside the database of a moved or copied project."""
    here = workspace() / "mlruns"
    if not database.is_relative_to(workspace()):
        return
    kept = connection.exec_driver_sql("SELECT artifact_location FROM experiments").scalars()
    parts = [location.rpartition("/mlruns/") for location in kept if location.startswith("file:///")]
    for old in {f"{root}/mlruns/" for root, _, name in parts if name and (here / unquote(name)).is_dir()}:
        new = f"{here.as_uri()}/"
        if old == new:
            continue
        for table, column in _PLACES:
            change = f"UPDATE {table} SET {column} = replace({column}, ?, ?)"  # noqa: S608
            connection.exec_driver_sql(change, (old, new))
        connection.commit()
        print(f"MLflow: this project was moved or copied; its artifacts are now in {here}", file=sys.stderr)


def quieten() -> None:
    """Let MLflow give up on a dead server in seconds, not minutes, and not print what its errors say anyway."""
    for name, value in {
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "PGCONNECT_TIMEOUT": "10",  # seconds, of PostgreSQL's client
    }.items():
        os.environ.setdefault(name, value)
    levels = {"mlflow": logging.WARNING, "alembic": logging.WARNING, "urllib3": logging.ERROR}
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.getLogger("mlflow.store").setLevel(logging.CRITICAL)  # it repeats what it raises


def _reason(error: BaseException) -> str:
    """Return the message of an error, or of the deepest error of the system or the database that caused it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) or hasattr(cause, "orig"):
            error = cause
        cause = cause.__cause__ or cause.__context__
    return " ".join(mask(str(getattr(error, "orig", error))).split()) or type(error).__name__
