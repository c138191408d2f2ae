"""The store of the runs: the database of the main workspace, or the one named by the environment."""

import json
import os
import re
from typing import NamedTuple

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from tagger.core.common.errors import InputError
from tagger.core.common.paths import workspace
from tagger.evaluate.metrics import shown_in
from tagger.predict.mlflow_store import address, knock, reporting, tracking_uri
from tagger.predict.store_address import DATABASES, kind_of
from tagger.tracking.metric_names import in_mlflow

EXPERIMENT = "lstm-tagger"
VIEW, MAIN_METRIC = "losses", in_mlflow("test_accuracy")
_COLUMNS = (
    *(f"params.`{name}`" for name in ("loss", "seed", "model.hidden", "train.epochs")),
    *(f"metrics.`{in_mlflow(f'test_{name}')}`" for name in shown_in("runs")),
    *(f"metrics.`{in_mlflow(name)}`" for name in ("best_dev_accuracy", "best_epoch")),
)
EXPERIMENT_TAGS = {
    # The table of runs as MLflow's menu *Views* saves one.
    f"mlflow.sharedViewState.{VIEW}": json.dumps(
        {"name": "Losses", "createdAt": 0, "updatedAt": 0, "state": json.dumps({"selectedColumns": _COLUMNS})}
    ),
    "mlflow.experiment.primaryMetric.name": MAIN_METRIC,
}


class Store(NamedTuple):
    """A connection to the store, and the experiment in it."""

    client: MlflowClient
    experiment: str  # its id


@reporting()
def connect(*, to_write: bool = True) -> Store:
    """Return the store. Missing parts of it, even the database, are created only for writing.

    DVC runs some experiments in temporary folders that it deletes, so every path is absolute and below the workspace
    that DVC names. `MLFLOW_TRACKING_URI` and `MLFLOW_EXPERIMENT_NAME` in the environment take precedence.

    Raises StoreAwayError if the store can't be reached or written to, InputError if the experiment was deleted or there
    is none to read.
    """
    uri = tracking_uri()
    knock(uri, to_read=None if to_write else "trainings")
    mlflow.set_tracking_uri(uri)
    client = MlflowClient(uri)
    return Store(client, _find_experiment(client, uri, to_write=to_write))


def _find_experiment(client: MlflowClient, uri: str, *, to_write: bool) -> str:
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    experiment = client.get_experiment_by_name(name)
    if experiment is None and not to_write:
        raise InputError(f"trainings: not found in MLflow: {address()} has no experiment {name!r}")
    if experiment is None:
        # A server knows where its artifacts go; a database does not, and MLflow would take the current folder.
        folder = workspace() / "mlruns" / re.sub(r"[^\w -]", "_", name)[:100]  # one folder, whatever the name
        location = folder.as_uri() if kind_of(uri) in DATABASES else None
        # Otherwise the UI takes it for one about language models and hides the training runs.
        tags = {"mlflow.experimentKind": "custom_model_development"} | EXPERIMENT_TAGS
        try:
            return str(client.create_experiment(name, artifact_location=location, tags=tags))
        except MlflowException:
            experiment = client.get_experiment_by_name(name)  # of another process that made it meanwhile
            if experiment is None:
                raise
    if experiment.lifecycle_stage == "deleted":
        raise InputError(
            f"MLflow: the experiment {name!r} is deleted, expected it active; "
            f"`mlflow experiments restore -x {experiment.experiment_id}` brings it back"
        )
    for tag in EXPERIMENT_TAGS.keys() - experiment.tags.keys():
        client.set_experiment_tag(experiment.experiment_id, tag, EXPERIMENT_TAGS[tag])
    return str(experiment.experiment_id)
