"""Where the pipeline keeps its files. Outputs are relative to the folder in which a stage runs."""

import os
from pathlib import Path

PREPARED = Path("data/prepared")
DICTIONARIES = PREPARED / "dictionaries"
VECTORS = PREPARED / "vectors"  # initial word vectors
TRAIN, DEV, TEST = PREPARED / "train", PREPARED / "dev", PREPARED / "test"
SURVEY = Path("metrics/prepare.json")
SUMMARIES = Path("metrics/train")
STUDY = Path("metrics/losses.json")
COMPARISON = Path("metrics/compare.json")
REPORT = Path("metrics/report.html")
PLOTS = Path("metrics/plots")
EXPORT = Path("models/export")
MODEL_CARD = EXPORT / "model_card.md"
VERIFICATION = EXPORT / "verification.json"  # the result of comparing it with the trained model


def workspace() -> Path:
    """Return the root of the main workspace, even in an experiment that DVC runs in a temporary folder."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()


def kept(name: str) -> Path:
    """Return a folder for files that outlive a stage but are not outputs: all experiments share it, DVC ignores it."""
    folder = workspace() / ".dvc" / "tmp" / "lstm-tagger" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def model_folder(loss: str) -> Path:
    """Return the folder of a trained model."""
    return Path("models") / loss


def history_file(loss: str) -> Path:
    """Return the file with one row per epoch."""
    return Path("metrics/history") / f"{loss}.csv"


def summary_file(loss: str) -> Path:
    """Return the file with the best epoch of a training."""
    return SUMMARIES / f"{loss}.json"


def evaluation_file(loss: str) -> Path:
    """Return the file with the metrics on the test split."""
    return Path("metrics/evaluate") / f"{loss}.json"


def tags_file(loss: str) -> Path:
    """Return the file with precision, recall, F1 and support of each tag."""
    return Path("metrics/tags") / f"{loss}.csv"


def detail_file(loss: str) -> Path:
    """Return the file with a breakdown of the results on the test split, and the SHA-256 of the model."""
    return Path("metrics/detail") / f"{loss}.json"


def predictions_file(loss: str) -> Path:
    """Return the file with the probabilities on the test split."""
    return Path("data/predictions") / f"{loss}.parquet"
