"""Where runs go: the database of the main workspace, or the one that the environment names."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from tagger.core.common.errors import InputError, TaggerError
from tagger.core.common.paths import workspace
from tagger.predict.model_source import mask, quieten, tracking_uri
from tagger.runner.locks import hold

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "lstm-tagger"
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")


class StoreAwayError(TaggerError):
    """MLflow's store does not answer, or takes nothing."""


class Store(NamedTuple):
    """A connection to the store, and the experiment in it."""

    client: "MlflowClient"
    experiment: str  # its id
    address: str  # the tracking URI without a password


def connect() -> Store:
    """Return the store, ready to be written to.

    DVC runs some experiments in temporary folders that it deletes, so every path is absolute and below the workspace
    that DVC names. `MLFLOW_TRACKING_URI` and `MLFLOW_EXPERIMENT_NAME` in the environment win.

    Raises:
        StoreAwayError: it can't be reached or written to.
        InputError: the experiment was deleted.
    """
    uri = tracking_uri()
    with reporting():
        _check(uri)
        import mlflow

        mlflow.set_tracking_uri(uri)
        # Two processes that create one new database at the same time break it: a client does that at once.
        with hold("mlflow", "connecting to MLflow"):
            client = mlflow.MlflowClient(uri)
            return Store(client, _find_experiment(client, uri), address())


@contextmanager
def reporting() -> Iterator[None]:
    """Turn what MLflow and its store raise within the block into one line.

    Raises:
        StoreAwayError: in place of the error.
    """
    quieten()
    import requests
    import sqlalchemy.exc
    from alembic.util import CommandError
    from mlflow.exceptions import MlflowException

    of_the_store = (MlflowException, sqlalchemy.exc.SQLAlchemyError, CommandError, requests.RequestException)
    try:
        yield
    except (*of_the_store, OSError, ImportError) as error:
        raise StoreAwayError(f"MLflow: {address()} does not answer, or takes nothing: {_reason(error)}") from None


def address() -> str:
    """Return the URI of the store, its password left out."""
    return mask(tracking_uri())


def _check(uri: str) -> None:
    """Knock once: MLflow itself would try again for minutes."""
    scheme = uri.partition(":")[0].partition("+")[0]
    if scheme in ("http", "https"):
        import requests

        requests.get(f"{uri.rstrip('/')}/health", timeout=10)
    elif scheme in DATABASES:
        import sqlalchemy

        limit = {"timeout": 60} if scheme == "sqlite" else {"connect_timeout": 10} if scheme == "postgresql" else {}
        engine = sqlalchemy.create_engine(uri, connect_args=limit)
        with engine.connect() as connection:
            if scheme == "sqlite":  # fails where the file is no database; waits for who writes to it
                connection.exec_driver_sql("BEGIN IMMEDIATE")
        engine.dispose()


def _find_experiment(client: "MlflowClient", uri: str) -> str:
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        # A server knows where its artifacts go; a database does not, and MLflow would take the folder of the moment.
        by_server = uri.partition(":")[0].partition("+")[0] not in DATABASES
        location = None if by_server else (workspace() / "mlruns" / name).as_uri()
        # Or the UI takes it for one about language models and hides the training runs.
        kind = {"mlflow.experimentKind": "custom_model_development"}
        return str(client.create_experiment(name, artifact_location=location, tags=kind))
    if experiment.lifecycle_stage == "deleted":
        raise InputError(
            f"MLflow: the experiment {name!r} is deleted, expected it active; "
            f"`mlflow experiments restore -x {experiment.experiment_id}` brings it back"
        )
    return str(experiment.experiment_id)


def _reason(error: BaseException) -> str:
    """Return the first line of an error, or of what the system or the database said that lies beneath it."""
    beneath: BaseException | None = error
    while beneath is not None:
        if isinstance(beneath, OSError) or hasattr(beneath, "orig"):
            error = beneath
        beneath = beneath.__cause__ or beneath.__context__
    text = mask(" ".join(str(getattr(error, "orig", error)).splitlines()[:1])) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:200]}..."
