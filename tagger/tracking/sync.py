"""Bringing MLflow up to date with the outbox and the outputs on disk."""

from collections.abc import Iterator

from mlflow.entities import Run

from tagger.core.common import paths
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ExportView
from tagger.predict.mlflow_store import reporting
from tagger.runner.dvc_lock import read_lock_file
from tagger.tracking.delivery import deliver, deliver_waiting
from tagger.tracking.gather import gather, recorded_stages
from tagger.tracking.metric_names import in_mlflow
from tagger.tracking.record import Point
from tagger.tracking.registry import models_of
from tagger.tracking.runs import close_abandoned_runs, log_points, search
from tagger.tracking.store import Store, connect


def sync() -> Iterator[str]:
    """Deliver waiting records, close runs whose process is dead, rebuild missing runs; yield a line for each action.

    Raises:
        StoreAwayError: the store does not answer.
        InputError: an output is damaged.
    """
    store = connect()
    if waited := deliver_waiting(store):
        yield f"logged {waited} waiting {'record' if waited == 1 else 'records'}"
    for name in close_abandoned_runs(store):
        yield f"closed {name}, whose process is dead"
    if named := [run.info.run_name for run in search(store, "") if _name_metrics(store, run)]:
        yield f"added the present names of metrics: {', '.join(named)}"
    locked = read_lock_file()
    for training in read_params(ExportView).trainings:
        if stages := recorded_stages(training, locked):
            record = gather(training, stages)
            if deliver(store, record):
                yield f"restored {record.name}"
        elif f"train@{training}" in locked or paths.model_folder(*training).exists():
            yield f"left out {training}: its model or data differ from dvc.lock; run `dvc pull` or `dvc repro`"


@reporting()
def _name_metrics(store: Store, run: Run) -> bool:
    """Add the names that MLflow groups to the metrics of an older run; return whether any was missing."""
    older = [name for name in run.data.metrics if in_mlflow(name) not in run.data.metrics]
    if not older:
        return False
    rows = [row for name in older for row in store.client.get_metric_history(run.info.run_id, name)]
    points = [Point(row.key, row.value, row.step, row.timestamp) for row in rows]
    trained = [model.model_id for model in models_of(store, run) if not model.name.endswith("export")]
    digests = {given.dataset.name: given.dataset.digest for given in run.inputs.dataset_inputs}
    log_points(store, run, points, trained[0] if trained else None, digests)
    return True
