"""Stages without MLflow, and what a store holds, for the tests of tracking."""

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from tagger.core.common import paths
from tagger.core.common.files import new_folder, read_json, write_json
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.params.schema import LossName, Training
from tagger.evaluate.metrics import over_seeds
from tagger.export.exporting import export_model
from tagger.runner.dvc_lock import md5
from tagger.tracking.gather import gather
from tagger.tracking.record import Record
from tagger.tracking.store import Store

LOSSES: tuple[LossName, ...] = ("nll", "cross_entropy")
SEEDS = (1, 2, 3)  # of the workspace that has several
WITH_IDS = ("mlflow.parentRunId", "mlflow.note.content", "note.sha256")  # tags
SPLITS = [f"data/prepared/{name}" for name in ("train", "dev", "test")]
STAGES: dict[str, tuple[list[str], list[str], list[str]]] = {  # params, deps and outs of dvc.yaml
    "prepare": (["data"], [], ["data/prepared/dictionaries", *SPLITS])
}
for _loss in LOSSES:
    STAGES[f"train@{_loss}-1"] = (
        ["device", "model", "train"],
        ["data/prepared/dictionaries", "data/prepared/train", "data/prepared/dev"],
        [f"models/{_loss}/1", f"metrics/train/{_loss}/1.json", f"metrics/history/{_loss}/1.csv"],
    )
    STAGES[f"evaluate@{_loss}-1"] = (
        ["device"],
        ["data/prepared/test", f"models/{_loss}/1"],
        [
            f"data/predictions/{_loss}/1.parquet",
            f"metrics/evaluate/{_loss}/1.json",
            f"metrics/detail/{_loss}/1.json",
            f"metrics/tags/{_loss}/1.csv",
        ],
    )
STAGES["export"] = (
    ["losses", "seeds", "data", "model", "train", "export"],
    ["data/prepared/dev", "data/prepared/test", "data/predictions"],
    ["models/export"],
)


def export(loss: LossName = "nll") -> None:
    """Write what the stage writes."""
    predictions = pd.read_parquet(paths.predictions_file(loss, 1))
    with new_folder(paths.EXPORT) as folder:
        export_model(
            paths.model_folder(loss, 1), folder, EncodedSplit.load(paths.TEST), predictions, int8=False, dev=None
        )


def write_report(seeds: tuple[int, ...]) -> None:
    """Write what the stage writes, as far as tracking reads it."""
    results = {}
    for loss in LOSSES:
        files = [(paths.evaluation_file(loss, seed), paths.summary_file(loss, seed)) for seed in seeds]
        results[loss] = over_seeds([read_json(first, "") | read_json(second, "") for first, second in files])
    write_json(paths.RESULTS, results)
    pairs = [{"first": loss, "accuracy": {"first": 0.5}} for loss in LOSSES]
    write_json(paths.COMPARISON, {"pairs": pairs, "summary": "No difference."})
    for path in (paths.REPORT, paths.STUDY):
        path.write_text(path.name, encoding="utf-8")


def write_lock_file() -> None:
    """Record the files on the disk, as DVC does."""
    settings = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    stages = {
        name: {
            "params": {"params.yaml": {section: settings[section] for section in sections}},
            "deps": [{"path": path, "hash": "md5", "md5": md5(Path(path))} for path in deps],
            "outs": [{"path": path, "hash": "md5", "md5": md5(Path(path))} for path in outs],
        }
        for name, (sections, deps, outs) in STAGES.items()
    }
    Path("dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}), encoding="utf-8")


def whole_record(loss: LossName = "nll", training: str | None = None) -> Record:
    """Return the record of all that the stages have written for a loss."""
    record = gather(Training(loss, 1), ["evaluate", "export"] if loss == "nll" else ["evaluate"])
    record.training = training
    return record


def evaluated_record(loss: LossName = "nll", training: str | None = None) -> Record:
    """Return the same without the export."""
    record = gather(Training(loss, 1), ["evaluate"])
    record.training = training
    return record


def runs_of(store: Store, condition: str = "tags.loss LIKE '%'") -> list[Any]:
    """Return the active runs, the oldest first."""
    return list(store.client.search_runs([store.experiment], condition, order_by=["attributes.start_time ASC"]))


def groups_of(store: Store) -> list[Any]:
    return runs_of(store, "tags.kind = 'pipeline'")


def artifacts(store: Store, run: Any, folder: str | None = None) -> dict[str, str]:
    """Return the SHA-256 of each artifact of a run."""
    found: dict[str, str] = {}
    for item in store.client.list_artifacts(run.info.run_id, folder):
        if item.is_dir:
            found |= artifacts(store, run, item.path)
        else:
            path = Path(run.info.artifact_uri.removeprefix("file://")) / item.path
            found[item.path] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def content(store: Store) -> dict[str, Any]:
    """Return all that a store holds of runs and models but ids and times, to compare two stores."""
    return {
        "runs": sorted((_content_of(store, run) for run in runs_of(store, "")), key=str),
        "models": len(store.client.search_logged_models([store.experiment])),
        "versions": len(store.client.search_model_versions("name = 'lstm-tagger'")),
        "champions": [dict(model.aliases) for model in store.client.search_registered_models()],
    }


def _content_of(store: Store, run: Any) -> dict[str, Any]:
    parent = run.data.tags.get("mlflow.parentRunId")
    models = {model.model_id for model in store.client.search_logged_models([store.experiment])}
    return {
        "name": run.info.run_name,
        "status": run.info.status,
        "ended": run.info.end_time is not None,
        "params": run.data.params,
        "metrics": {
            name: [(row.value, row.step) for row in store.client.get_metric_history(run.info.run_id, name)]
            for name in run.data.metrics
        },
        "inputs": sorted((given.dataset.name, given.dataset.digest) for given in run.inputs.dataset_inputs),
        "models": len(models & {output.model_id for output in run.outputs.model_outputs}),
        "tags": {name: value for name, value in run.data.tags.items() if name not in WITH_IDS},
        "parent": parent and store.client.get_run(parent).info.run_name,
        "artifacts": artifacts(store, run),
    }
