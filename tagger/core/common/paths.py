"""Where the pipeline keeps its files. Outputs are relative to the folder in which a stage runs."""

import os
from collections.abc import Callable
from pathlib import Path

PREPARED = Path("data/prepared")
DICTIONARIES = PREPARED / "dictionaries"
VECTORS = PREPARED / "vectors"  # initial word vectors
TRAIN, DEV, TEST = PREPARED / "train", PREPARED / "dev", PREPARED / "test"
SURVEY = Path("metrics/prepare.json")
STUDY = Path("metrics/losses.json")
RESULTS = Path("metrics/results.json")
COMPARISON = Path("metrics/compare.json")
REPORT = Path("metrics/report.html")
PLOTS = Path("metrics/plots")
PREDICTIONS = Path("data/predictions")
EXPORT = Path("models/export")
MODEL_CARD = EXPORT / "model_card.md"
VERIFICATION = EXPORT / "verification.json"  # the result of comparing it with the trained model


def project() -> Path | None:
    """Return the nearest folder, from the current one upwards, that has a `params.yaml`; None outside a project."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "params.yaml").is_file()), None)


def workspace() -> Path:
    """Return the root of the main workspace, also in DVC's temporary folders; outside a project, the current folder."""
    root = os.environ.get("DVC_ROOT")
    return Path(root).resolve() if root else project() or Path.cwd()


def kept(name: str) -> Path:
    """Return a folder for files that outlive a stage without being outputs; experiments share it, DVC ignores it."""
    folder = workspace() / ".dvc" / "tmp" / "lstm-tagger" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _of_training(pattern: str) -> Callable[[str, int], Path]:
    return lambda loss, seed: Path(pattern.format(loss, seed))


# Functions from the loss and the seed of a training to its files.
model_folder = _of_training("models/{}/{}")
history_file = _of_training("metrics/history/{}/{}.csv")  # one row per epoch
summary_file = _of_training("metrics/train/{}/{}.json")  # the best epoch of a training
evaluation_file = _of_training("metrics/evaluate/{}/{}.json")  # the metrics on the test split
tags_file = _of_training("metrics/tags/{}/{}.csv")  # precision, recall, F1 and support of each tag
detail_file = _of_training("metrics/detail/{}/{}.json")  # a breakdown of these metrics, the model's SHA-256
predictions_file = _of_training("data/predictions/{}/{}.parquet")  # the probabilities on the test split
