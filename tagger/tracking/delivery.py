"""Bringing a record to MLflow. Existing data is never overwritten, so an interrupted delivery can be retried."""

import json
from collections.abc import Mapping

import pandas as pd

from tagger.evaluate.predictions import confusions, most_probable
from tagger.tracking.confusion_picture import draw_confusions
from tagger.tracking.promotion import is_decided, promote
from tagger.tracking.record import EXPORTED, OF_GROUP, Record, digest_of
from tagger.tracking.registry import find_version, log_model, register_export
from tagger.tracking.runs import FILES, MODEL, RESTORED, TEST, find_parent, find_run, log_points, open_run, set_tags
from tagger.tracking.store import Store

TABLE_TOKENS = 2000  # of the test split, in the table that the UI shows
TABLE = "probabilities.json"
GROUP_FIGURES = ("best_dev_accuracy", "test_accuracy")  # of each loss, shown by its group


def deliver(store: Store, record: Record) -> None:
    """Make the run of a record, its group and the registry hold all that the record does, and end the run."""
    run = open_run(store, record)
    run_id, tags = run.info.run_id, run.data.tags
    if record.training or RESTORED in tags:  # otherwise the training has logged them, with their times
        log_points(store, run, record.points)
    _log_figures(store, run_id, record, record.figures)
    files = digest_of(record.artifacts)
    if tags.get(FILES) != files:  # a later stage has less to bring than `evaluate`
        _log_files(store, run_id, record)
    log_model(store, run, record)
    test = {TEST: record.datasets["test"].digest} if "test" in record.datasets else {}
    set_tags(store, run_id, {FILES: files, MODEL: str(record.model)} | test)
    if run.info.status != "FINISHED":
        store.client.set_terminated(run_id, "FINISHED", record.ended)
    parent = find_parent(store, run)
    if parent:
        _deliver_to_group(store, parent, record)
    if record.below(EXPORTED):
        promote(store, register_export(store, run, record), record)


def is_delivered(store: Store, record: Record) -> bool:
    """Return whether the run and its group hold the record, and whether its export becomes champion is decided."""
    run = find_run(store, record)
    if run is None or run.info.status != "FINISHED" or MODEL not in run.data.tags:
        return False
    if "test" in record.datasets and TEST not in run.data.tags:
        return False
    of_group = record.below(OF_GROUP)
    parent = find_parent(store, run) if of_group else None
    if parent:
        there = {artifact.path for artifact in store.client.list_artifacts(parent)}
        if not {path.name for path in of_group.values()} <= there:  # a fresh clone has the report from git
            return False
    if not record.below(EXPORTED):
        return True
    version = find_version(store, record)
    return version is not None and is_decided(store, version)


def _deliver_to_group(store: Store, parent: str, record: Record) -> None:
    figures = {name: record.figures[name] for name in GROUP_FIGURES if name in record.figures}
    _log_figures(store, parent, record, {f"{record.loss}.{name}": value for name, value in figures.items()})
    for path in record.below(OF_GROUP).values():
        store.client.log_artifact(parent, str(path))
    store.client.set_terminated(parent, "FINISHED", record.ended)


def _log_figures(store: Store, run_id: str, record: Record, figures: Mapping[str, float]) -> None:
    """Log metrics that have one value, except those that the run shows already."""
    from mlflow.entities import Metric

    time = record.ended or record.started
    shown = store.client.get_run(run_id).data.metrics
    changed = [Metric(name, value, time, 0) for name, value in figures.items() if shown.get(name) != value]
    if changed:
        store.client.log_batch(run_id, metrics=changed)


def _log_files(store: Store, run_id: str, record: Record) -> None:
    """Log the artifacts of the run, and what the UI shows of the predictions."""
    for place, path in record.artifacts.items():
        folder = place.rpartition("/")[0]
        store.client.log_artifact(run_id, str(path), folder)
        if folder == "predictions":
            predictions = pd.read_parquet(path)
            picture = draw_confusions(confusions(predictions), f"{record.loss}, test split")
            store.client.log_figure(run_id, picture, "confusion.png")
            # As `MlflowClient.log_table` does, which would append to the table of an earlier evaluation.
            store.client.log_text(run_id, _table(predictions).to_json(orient="split", index=False), TABLE)
            set_tags(store, run_id, {"mlflow.loggedArtifacts": json.dumps([{"path": TABLE, "type": "table"}])})


def _table(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return whole sentences from the start of a prediction table, the same ones for every loss.

    The UI matches the rows of several runs by the first column and shows the second; a reader can choose the others.
    """
    head = predictions.head(TABLE_TOKENS)
    if len(predictions) > TABLE_TOKENS:
        whole = head[head["sentence"] < predictions["sentence"].iloc[TABLE_TOKENS]]
        head = whole if len(whole) else head
    table = head.copy()
    table.insert(0, "token", head["sentence"].astype(str) + "." + head["position"].astype(str) + " " + head["word"])
    table.insert(1, "probabilities", most_probable(head, 3))
    return table
