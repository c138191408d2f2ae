"""Where runs go: the database of the main workspace, or the one that the environment names."""

import os
from typing import NamedTuple

import mlflow
from mlflow import MlflowClient

from tagger.core.common.errors import InputError
from tagger.core.common.paths import workspace
from tagger.predict.mlflow_store import DATABASES, kind_of, knock, reporting, tracking_uri
from tagger.runner.locks import hold

EXPERIMENT = "lstm-tagger"


class Store(NamedTuple):
    """A connection to the store, and the experiment in it."""

    client: MlflowClient
    experiment: str  # its id


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
    knock(uri, to_write=True)
    mlflow.set_tracking_uri(uri)
    # A new client creates a missing database, and two processes that do so at the same time break it.
    with hold("mlflow", "connecting to MLflow"):
        client = MlflowClient(uri)
        return Store(client, _find_experiment(client, uri))


def _find_experiment(client: MlflowClient, uri: str) -> str:
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        # A server knows where its artifacts go; a database does not, and MLflow would take the current folder.
        location = (workspace() / "mlruns" / name).as_uri() if kind_of(uri) in DATABASES else None
        # Otherwise the UI takes it for one about language models and hides the training runs.
        kind = {"mlflow.experimentKind": "custom_model_development"}
        return str(client.create_experiment(name, artifact_location=location, tags=kind))
    if experiment.lifecycle_stage == "deleted":
        raise InputError(
            f"MLflow: the experiment {name!r} is deleted, expected it active; "
            f"`mlflow experiments restore -x {experiment.experiment_id}` brings it back"
        )
    return str(experiment.experiment_id)
