"""Where runs go: the database of the main workspace, or the one that the environment names."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import mlflow
import requests
import sqlalchemy
from alembic.util import CommandError
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from tagger.core.common.errors import InputError, TaggerError
from tagger.core.common.paths import workspace
from tagger.predict.model_source import mask, quieten, tracking_uri
from tagger.runner.locks import hold

EXPERIMENT = "lstm-tagger"
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")  # how their URIs start


class StoreAwayError(TaggerError):
    """MLflow's store does not answer, or takes nothing."""


class Store(NamedTuple):
    """A connection to the store, and the experiment in it."""

    client: MlflowClient
    experiment: str  # its id


@contextmanager
def reporting() -> Iterator[None]:
    """Raise StoreAwayError, one line, in place of an error of MLflow or its store within a block or a function."""
    quieten()
    try:
        yield
    except (MlflowException, SQLAlchemyError, CommandError, OSError, ImportError) as error:  # requests': OSError
        raise StoreAwayError(f"MLflow: {address()} does not answer, or takes nothing: {_reason(error)}") from None


@reporting()
def connect() -> Store:
    """Return the store, ready to be written to.

    DVC runs some experiments in temporary folders that it deletes, so every path is absolute and below the workspace
    that DVC names. `MLFLOW_TRACKING_URI` and `MLFLOW_EXPERIMENT_NAME` in the environment take precedence.

    Raises:
        StoreAwayError: the store can't be reached or written to.
        InputError: the experiment was deleted.
    """
    uri = tracking_uri()
    _check(uri)
    mlflow.set_tracking_uri(uri)
    # A new client creates a missing database, and two processes that do so at the same time break it.
    with hold("mlflow", "connecting to MLflow"):
        client = MlflowClient(uri)
        return Store(client, _find_experiment(client, uri))


def address() -> str:
    """Return the URI of the store without user and password."""
    return mask(tracking_uri())


def _check(uri: str) -> None:
    """Make sure that the store answers. MLflow itself would retry for minutes."""
    if uri.startswith("http"):
        requests.get(f"{uri.rstrip('/')}/health", timeout=10)
    elif uri.startswith(DATABASES):
        is_sqlite = uri.startswith("sqlite")
        limit = {"timeout": 60} if is_sqlite else {"connect_timeout": 10} if uri.startswith("postgresql") else {}
        engine = sqlalchemy.create_engine(uri, connect_args=limit)
        with engine.connect() as connection:
            if is_sqlite:  # fails if the file is no database or can't be written; waits for other writers
                connection.exec_driver_sql("BEGIN IMMEDIATE")
        engine.dispose()


def _find_experiment(client: MlflowClient, uri: str) -> str:
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        # A server knows where its artifacts go; a database does not, and MLflow would take the current folder.
        location = (workspace() / "mlruns" / name).as_uri() if uri.startswith(DATABASES) else None
        # Otherwise the UI takes it for one about language models and hides the training runs.
        kind = {"mlflow.experimentKind": "custom_model_development"}
        return str(client.create_experiment(name, artifact_location=location, tags=kind))
    if experiment.lifecycle_stage == "deleted":
        raise InputError(
            f"MLflow: the experiment {name!r} is deleted, expected it active; "
            f"`mlflow experiments restore -x {experiment.experiment_id}` brings it back"
        )
    return str(experiment.experiment_id)


def _reason(error: BaseException) -> str:
    """Return the first line of an error, or of the deepest error of the system or the database that caused it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) or hasattr(cause, "orig"):
            error = cause
        cause = cause.__cause__ or cause.__context__
    text = mask(" ".join(str(getattr(error, "orig", error)).splitlines()[:1])) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:200]}..."
