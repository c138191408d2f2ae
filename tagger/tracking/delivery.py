"""Bringing a record to MLflow. Existing data is never overwritten, so an interrupted delivery can be retried."""

import json
import shutil
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from mlflow.entities import Run

from tagger.predict.mlflow_store import LIMIT_OF_FILES, reporting
from tagger.runner.locks import hold
from tagger.tracking.metric_names import in_mlflow
from tagger.tracking.notes import describe_group, describe_loss, describe_run, describe_version
from tagger.tracking.outbox import find_waiting, remove
from tagger.tracking.record import COMPARED, EXPORTED, OF_GROUP, TRAINED, Point, Record, digest_of
from tagger.tracking.registry import log_model, promote, register_export
from tagger.tracking.runs import (
    MODEL,
    OPENED,
    PARENT,
    RESTORED,
    TEST,
    find_by_id,
    group_of,
    log_datasets,
    log_points,
    open_run,
    set_tags,
)
from tagger.tracking.store import Store
from tagger.tracking.token_table import token_table

FILES = "artifacts.sha256"  # tag: JSON with the SHA-256 of each artifact that the run has
TABLE = "probabilities.json"
TABLE_OF = "probabilities.sha256"  # tag: of the predictions that the table has marks of
GROUP_FIGURES = ("best_dev_accuracy", "test_accuracy")  # of each loss, shown by its group


def deliver_waiting(store: Store) -> int:
    """Deliver the records that wait for this store, the oldest first; return how many there were.

    Raises StoreAwayError if the store takes no more; the remaining records go on waiting.
    """
    with hold("outbox", "delivering to MLflow"):
        waiting = find_waiting()
        for folder, record in waiting:
            deliver(store, record)
            remove(folder)
        return len(waiting)


@reporting(LIMIT_OF_FILES)
def deliver(store: Store, record: Record) -> bool:
    """Complete run, group and registry from a record and end the run; return whether anything was missing."""
    run = open_run(store, record)
    run_id, finished = run.info.run_id, run.info.status == "FINISHED"
    model = log_model(store, run, record, TRAINED)  # before its metrics, which name it
    if not finished and (record.training or RESTORED in run.data.tags):  # otherwise it has them, with their times
        log_points(store, run, record.points, model, record.digests)
    missing = _log_missing(store, run, record, record.artifacts, record.figures, model=model)
    missing |= _show_tokens(store, record, run, record.loss, changed=missing)
    test = {TEST: record.digests["test"]} if "test" in record.datasets else {}
    set_tags(store, run_id, {MODEL: str(record.model)} | OPENED | test)
    describe_run(store, run, record, model)
    if not finished:
        store.client.set_terminated(run_id, "FINISHED", record.ended)
    if record.seed == record.seeds[0]:
        missing |= _deliver_to_group(store, run, record)
    if record.below(EXPORTED):
        version = register_export(store, run, record)
        describe_version(store, run, record, version)
        missing |= promote(store, version, record)
    return missing or not finished


def _deliver_to_group(store: Store, run: Run, record: Record) -> bool:
    """Complete the group and, with several seeds, the run of the loss from a record."""
    group = find_by_id(store, group_of(run))
    if group is None:
        return False
    changed: dict[Run, bool] = {}
    shown = record.over_seeds if record.several else record.figures
    if record.several and (parent := find_by_id(store, run.data.tags[PARENT])):
        changed[parent] = _log_missing(store, parent, record, {}, record.over_seeds)
        changed[parent] |= _show_tokens(store, record, parent, record.loss)
        describe_loss(store, parent, record)
    files = {path.name: path for path in record.below(OF_GROUP).values()}
    figures = {f"{record.loss}.{name}": value for name, value in shown.items() if name in GROUP_FIGURES}
    log_datasets(store, group.info.run_id, record)
    changed[group] = _log_missing(store, group, record, files, figures) | _show_tokens(store, record, group)
    describe_group(store, group, record)
    for each in (each for each, was in changed.items() if was):
        store.client.set_terminated(each.info.run_id, "FINISHED", record.ended)
    return any(changed.values())


def _log_missing(
    store: Store,
    run: Run,
    record: Record,
    files: Mapping[str, Path],
    figures: Mapping[str, float],
    *,
    model: str | None = None,
) -> bool:
    """Log the files and figures that a run lacks or that differ; return whether there were any."""
    time = record.ended or record.started
    shown = run.data.metrics
    metrics = [Point(name, value, 0, time) for name, value in figures.items() if shown.get(in_mlflow(name)) != value]
    log_points(store, run, metrics, model, record.digests)
    logged = json.loads(run.data.tags.get(FILES, "{}"))
    digests = {place: sha256(path.read_bytes()).hexdigest() for place, path in files.items()}
    missing = {place: digest for place, digest in digests.items() if logged.get(place) != digest}
    for place in missing:
        with TemporaryDirectory() as folder:  # MLflow takes the name of an artifact from the file
            named = shutil.copyfile(files[place], Path(folder) / Path(place).name)
            store.client.log_artifact(run.info.run_id, str(named), place.rpartition("/")[0])
    if missing:
        set_tags(store, run.info.run_id, {FILES: json.dumps(logged | missing)})
    return bool(metrics or missing)


def _show_tokens(store: Store, record: Record, run: Run, loss: str | None = None, *, changed: bool = False) -> bool:
    """Log the table of test tokens to the run of a loss or to the group, unless it is there; return whether it was not.

    Its marks tell of all losses that a report compares; before there is a report, of the run's own. `changed`: the run
    was evaluated anew.
    """
    files = record.below(COMPARED)
    if loss and not files and (changed or TABLE_OF not in run.data.tags):
        files = record.below("predictions")
    digest = digest_of(files)
    if not files or run.data.tags.get(TABLE_OF) == digest:
        return False
    table = token_table({Path(place).stem: pd.read_parquet(path) for place, path in files.items()}, loss)
    # As `MlflowClient.log_table` does, which would append to the table of an earlier evaluation.
    store.client.log_text(run.info.run_id, table.to_json(orient="split", index=False), TABLE)
    shown = json.dumps([{"path": TABLE, "type": "table"}])
    set_tags(store, run.info.run_id, {"mlflow.loggedArtifacts": shown, TABLE_OF: digest})
    return True
