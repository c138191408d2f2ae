"""Bringing a record to MLflow. Existing data is never overwritten, so an interrupted delivery can be retried."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from mlflow.entities import Metric, Run

from tagger.evaluate.predictions import confusions, most_probable
from tagger.predict.mlflow_store import reporting
from tagger.tracking.record import EXPORTED, OF_GROUP, TRAINED, Record
from tagger.tracking.registry import log_model, promote, register_export
from tagger.tracking.runs import FILES, MODEL, PARENT, RESTORED, TEST, find_by_id, log_points, open_run, set_tags
from tagger.tracking.store import Store

PICTURE_TAGS = 50  # XPOS may have a thousand, and the picture grows with the square of their number
TABLE_TOKENS = 2000  # of the test split, in the table that the UI shows
TABLE = "probabilities.json"
GROUP_FIGURES = ("best_dev_accuracy", "test_accuracy")  # of each loss, shown by its group


@reporting()
def deliver(store: Store, record: Record) -> bool:
    """Make run, group and registry hold all that a record does, end the run; return whether anything was missing."""
    run = open_run(store, record)
    run_id, finished = run.info.run_id, run.info.status == "FINISHED"
    if not finished and (record.training or RESTORED in run.data.tags):  # otherwise it has them, with their times
        log_points(store, run, record.points)
    missing = _log_missing(store, run, record, record.artifacts, record.figures)
    log_model(store, run, record, TRAINED)
    test = {TEST: record.datasets["test"].digest} if "test" in record.datasets else {}
    set_tags(store, run_id, {MODEL: str(record.model)} | test)
    if not finished:
        store.client.set_terminated(run_id, "FINISHED", record.ended)
    if parent := find_by_id(store, run.data.tags.get(PARENT)):
        files = {path.name: path for path in record.below(OF_GROUP).values()}
        figures = {f"{record.loss}.{name}": value for name, value in record.figures.items() if name in GROUP_FIGURES}
        if _log_missing(store, parent, record, files, figures):
            store.client.set_terminated(parent.info.run_id, "FINISHED", record.ended)
            missing = True
    if record.below(EXPORTED):
        missing |= promote(store, register_export(store, run, record), record)
    return missing or not finished


def _log_missing(
    store: Store, run: Run, record: Record, files: Mapping[str, Path], figures: Mapping[str, float]
) -> bool:
    """Log the files and the figures that a run lacks or has otherwise; return whether there were any."""
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


def _show_predictions(store: Store, run: Run, record: Record, path: Path) -> None:
    """Log what the UI shows of a prediction table: the confusions as a picture, and the probabilities as a table."""
    run_id, predictions = run.info.run_id, pd.read_parquet(path)
    picture = draw_confusions(confusions(predictions), f"{record.loss}, test split")
    store.client.log_figure(run_id, picture, "confusion.png")
    # As `MlflowClient.log_table` does, which would append to the table of an earlier evaluation.
    store.client.log_text(run_id, _table(predictions).to_json(orient="split", index=False), TABLE)
    set_tags(store, run_id, {"mlflow.loggedArtifacts": json.dumps([{"path": TABLE, "type": "table"}])})


def draw_confusions(counts: pd.DataFrame, title: str) -> Figure:
    """Draw a confusion matrix: one row per gold tag; colours are shares of the row, numbers count tokens.

    If there are more than `PICTURE_TAGS` tags, the most frequent are drawn, and the title says so.
    """
    totals = counts.sum(axis=1)
    if len(counts) > PICTURE_TAGS:
        title = f"{title}, the {PICTURE_TAGS} most frequent of {len(counts)} tags"
        keep = sorted(totals.to_numpy().argsort(kind="stable")[-PICTURE_TAGS:])
        counts, totals = counts.iloc[keep, keep], totals.iloc[keep]
    size = max(4.0, 0.5 * len(counts) + 1.5)
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.subplots()
    shares = counts.div(totals.clip(lower=1), axis=0).to_numpy()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(counts)), counts.columns, rotation=90, parse_math=False)
    axes.set_yticks(range(len(counts)), counts.index, parse_math=False)
    axes.set(xlabel="predicted", ylabel="gold", title=title)
    for row, column in zip(*counts.to_numpy().nonzero(), strict=True):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(counts.iloc[row, column]), ha="center", va="center", color=colour, fontsize=7)
    return figure


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
