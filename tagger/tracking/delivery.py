"""Bringing a record to MLflow. What is there already stays as it is, so a delivery that broke off is made again."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
import yaml

from tagger.evaluate.predictions import confusions, most_probable
from tagger.tracking.confusion_picture import draw_confusions
from tagger.tracking.promotion import is_decided, promote
from tagger.tracking.record import Point, Record, digest_of
from tagger.tracking.registry import log_model, register_export
from tagger.tracking.runs import FILES, MODEL, TEST, find_parent, find_run, open_run
from tagger.tracking.store import Store

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput, Run

TABLE_TOKENS = 2000  # of the test split, in the table that the UI shows
TABLE_FILE = "probabilities.json"
GROUP_FIGURES = ("best_dev_accuracy", "test_accuracy")  # of each loss, that its group shows


def deliver(store: Store, record: Record) -> None:
    """Make the run of a record hold all that the record does, and end it.

    A run that is missing is made. Where this machine has not run the training, it is marked as restored.
    """
    run = open_run(store, record, restored=record.training is None)
    log_start(store, run, record)
    if record.training or "restored" in run.data.tags:  # otherwise the training has logged them, with their times
        log_points(store, run, record.points)
    _log_figures(store, run, record)
    files = digest_of(record.files)
    if run.data.tags.get(FILES) != files:  # a later stage has less to bring than `evaluate`
        _log_files(store, run, record)
        store.client.set_tag(run.info.run_id, FILES, files)
    log_model(store, run, record)
    store.client.set_tag(run.info.run_id, MODEL, record.model)
    if "test" in record.datasets:
        store.client.set_tag(run.info.run_id, TEST, record.datasets["test"].digest)
    if run.info.status != "FINISHED":
        store.client.set_terminated(run.info.run_id, "FINISHED", record.ended)
    parent = find_parent(store, run)
    if parent:
        for path in record.group_files.values():
            store.client.log_artifact(parent, str(path))
        store.client.set_terminated(parent, "FINISHED", record.ended)
    if record.export_files:
        promote(store, register_export(store, run, record), record)


def is_delivered(store: Store, record: Record) -> bool:
    """Return whether a run, and its group, hold the record, and whether its export becomes champion is decided."""
    run = find_run(store, record)
    if run is None or run.info.status != "FINISHED" or MODEL not in run.data.tags:
        return False
    if "test" in record.datasets and TEST not in run.data.tags:
        return False
    parent = find_parent(store, run) if record.group_files else None
    if parent:
        there = {artifact.path for artifact in store.client.list_artifacts(parent)}
        if not record.group_files.keys() <= there:  # a fresh clone has the report from git: DVC did not run its stage
            return False
    return not record.export_files or is_decided(store, record)


def log_start(store: Store, run: "Run", record: Record) -> None:
    """Log what is known before training: params and data."""
    from mlflow.entities import Param

    run_id = run.info.run_id
    missing = [Param(name, str(value)) for name, value in record.params.items() if name not in run.data.params]
    if missing:
        # The file first: where the params are, a delivery that broke off before has brought it too.
        store.client.log_text(run_id, yaml.safe_dump(record.settings, sort_keys=False), "params.yaml")
        store.client.log_batch(run_id, params=missing)
    logged = {(given.dataset.name, given.dataset.digest) for given in run.inputs.dataset_inputs}
    store.client.log_inputs(
        run_id,
        [
            _dataset_input(name, dataset.source, dataset.digest)
            for name, dataset in record.datasets.items()
            if (name, dataset.digest) not in logged
        ],
    )


def log_points(store: Store, run: "Run", points: Sequence[Point]) -> None:
    """Log values of epochs in as few writes as MLflow allows; those that it has it does not take twice."""
    from mlflow.entities import Metric

    metrics = [Metric(name, value, time or run.info.start_time, step) for name, value, step, time in points]
    for start in range(0, len(metrics), 1000):
        store.client.log_batch(run.info.run_id, metrics=metrics[start : start + 1000])


def _log_figures(store: Store, run: "Run", record: Record) -> None:
    """Log the metrics that have one value, where the run or its group shows another."""
    from mlflow.entities import Metric

    time = record.ended or record.started
    targets = {run.info.run_id: record.figures}
    if parent := find_parent(store, run):
        targets[parent] = {
            f"{record.loss}.{name}": value for name, value in record.figures.items() if name in GROUP_FIGURES
        }
    for run_id, figures in targets.items():
        shown = store.client.get_run(run_id).data.metrics
        changed = [Metric(name, value, time, 0) for name, value in figures.items() if shown.get(name) != value]
        if changed:
            store.client.log_batch(run_id, metrics=changed)


def _log_files(store: Store, run: "Run", record: Record) -> None:
    """Log the files but for the model's, and what the UI shows of the predictions."""
    for place, path in record.files.items():
        folder = place.rpartition("/")[0]
        if folder != "model":
            store.client.log_artifact(run.info.run_id, str(path), folder)
        if folder == "predictions":
            predictions = pd.read_parquet(path)
            store.client.log_figure(
                run.info.run_id, draw_confusions(confusions(predictions), f"{record.loss}, test split"), "confusion.png"
            )
            _log_table(store, run, predictions)


def _log_table(store: Store, run: "Run", predictions: pd.DataFrame) -> None:
    """Log whole sentences from the start of the test split, the same ones for every loss."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    head = predictions.head(TABLE_TOKENS)
    if len(predictions) > TABLE_TOKENS:
        whole = head[head["sentence"] < predictions["sentence"].iloc[TABLE_TOKENS]]
        head = whole if len(whole) else head
    table = head.copy()
    # The UI lines runs up by the first column and shows the second; the others can be chosen there.
    tokens = head["sentence"].astype(str) + "." + head["position"].astype(str) + " " + head["word"]
    table.insert(0, "token", tokens)
    table.insert(1, "probabilities", most_probable(head, 3))
    if any(artifact.path == TABLE_FILE for artifact in store.client.list_artifacts(run.info.run_id)):
        # log_table would append to the table of an earlier evaluation of the same model.
        get_artifact_repository(run.info.artifact_uri).delete_artifacts(TABLE_FILE)
    store.client.log_table(run.info.run_id, table, TABLE_FILE)


def _dataset_input(name: str, source: str, digest: str) -> "DatasetInput":
    """Describe a split by its file and the digest of what was read from it."""
    from mlflow.data.dataset_source_registry import resolve_dataset_source
    from mlflow.data.meta_dataset import MetaDataset
    from mlflow.entities import DatasetInput, InputTag
    from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

    with warnings.catch_warnings(action="ignore", category=UserWarning):  # two of its classes fit a local path
        dataset = MetaDataset(resolve_dataset_source(source), name=name, digest=digest)
    return DatasetInput(dataset._to_mlflow_entity(), [InputTag(MLFLOW_DATASET_CONTEXT, name)])
