"""Bringing a record to MLflow. Existing data is never overwritten, so an interrupted delivery can be retried."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from tagger.evaluate.predictions import confusions, most_probable
from tagger.tracking.confusion_picture import draw_confusions
from tagger.tracking.promotion import promote
from tagger.tracking.record import EXPORTED, OF_GROUP, Record
from tagger.tracking.registry import log_model, register_export
from tagger.tracking.runs import FILES, MODEL, RESTORED, TEST, find_parent, log_points, open_run, set_tags
from tagger.tracking.store import Store

if TYPE_CHECKING:
    from mlflow.entities import Run

TABLE_TOKENS = 2000  # of the test split, in the table that the UI shows
TABLE = "probabilities.json"
GROUP_FIGURES = ("best_dev_accuracy", "test_accuracy")  # of each loss, shown by its group


def deliver(store: Store, record: Record) -> bool:
    """Make the run of a record, its group and the registry hold all that the record does, and end the run.

    Returns:
        Whether anything was missing.
    """
    run = open_run(store, record)
    run_id, finished = run.info.run_id, run.info.status == "FINISHED"
    if not finished and (record.training or RESTORED in run.data.tags):  # otherwise it has them, with their times
        log_points(store, run, record.points)
    missing = _log_missing(store, run, record, record.artifacts, record.figures)
    log_model(store, run, record)
    test = {TEST: record.datasets["test"].digest} if "test" in record.datasets else {}
    set_tags(store, run_id, {MODEL: str(record.model)} | test)
    if not finished:
        store.client.set_terminated(run_id, "FINISHED", record.ended)
    if parent := find_parent(store, run):
        files = {path.name: path for path in record.below(OF_GROUP).values()}
        figures = {f"{record.loss}.{name}": value for name, value in record.figures.items() if name in GROUP_FIGURES}
        if _log_missing(store, parent, record, files, figures):
            store.client.set_terminated(parent.info.run_id, "FINISHED", record.ended)
            missing = True
    if record.below(EXPORTED):
        missing |= promote(store, register_export(store, run, record), record)
    return missing or not finished


def _log_missing(
    store: Store, run: "Run", record: Record, files: Mapping[str, Path], figures: Mapping[str, float]
) -> bool:
    """Log the files and the figures that a run lacks or has otherwise; return whether there were any."""
    from mlflow.entities import Metric

    time = record.ended or record.started
    shown = run.data.metrics
    metrics = [Metric(name, value, time, 0) for name, value in figures.items() if shown.get(name) != value]
    if metrics:
        store.client.log_batch(run.info.run_id, metrics=metrics)
    logged = json.loads(run.data.tags.get(FILES, "{}"))
    digests = {place: sha256(path.read_bytes()).hexdigest() for place, path in files.items()}
    missing = {place: digest for place, digest in digests.items() if logged.get(place) != digest}
    for place in missing:
        store.client.log_artifact(run.info.run_id, str(files[place]), place.rpartition("/")[0])
        if place.startswith("predictions/"):
            _show_predictions(store, run, record, files[place])
    if missing:
        set_tags(store, run.info.run_id, {FILES: json.dumps(logged | missing)})
    return bool(metrics or missing)


def _show_predictions(store: Store, run: "Run", record: Record, path: Path) -> None:
    """Log what the UI shows of a prediction table: the confusions as a picture, and the probabilities as a table."""
    run_id, predictions = run.info.run_id, pd.read_parquet(path)
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
