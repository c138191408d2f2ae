"""Where the pipeline keeps its files. Outputs are relative to the folder that a stage runs in."""

import os
from pathlib import Path

PREPARED = Path("data/prepared")
DICTIONARIES = PREPARED / "dictionaries"
VECTORS = PREPARED / "vectors"  # that words begin with
TRAIN, DEV, TEST = PREPARED / "train", PREPARED / "dev", PREPARED / "test"
SURVEY = Path("metrics/prepare.json")
SUMMARIES = Path("metrics/train")
PREDICTIONS = Path("data/predictions")
STUDY = Path("metrics/losses.json")
COMPARISON = Path("metrics/compare.json")
REPORT = Path("metrics/report.html")
PLOTS = Path("metrics/plots")
EXPORT = Path("models/export")
MODEL_CARD = EXPORT / "model_card.md"
VERIFICATION = EXPORT / "verification.json"  # what the comparison with the trained model gave


def workspace() -> Path:
    """The root of the main workspace, also in an experiment that DVC runs in a folder of its own."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()


def kept(name: str) -> Path:
    """A folder for what outlives a stage and is no output: one for all experiments, and DVC removes nothing in it."""
    folder = workspace() / ".dvc" / "tmp" / "lstm-tagger" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def model_folder(loss: str) -> Path:
    """The trained model of a loss."""
    return Path("models") / loss


def history_file(loss: str) -> Path:
    """A row an epoch."""
    return Path("metrics/history") / f"{loss}.csv"


def summary_file(loss: str) -> Path:
    """The best epoch of a training."""
    return SUMMARIES / f"{loss}.json"


def evaluation_file(loss: str) -> Path:
    """The metrics of the test split."""
    return Path("metrics/evaluate") / f"{loss}.json"


def tags_file(loss: str) -> Path:
    """Precision, recall, F1 and support a tag."""
    return Path("metrics/tags") / f"{loss}.csv"


def detail_file(loss: str) -> Path:
    """The results of the test split broken down, and the model that they are of."""
    return Path("metrics/detail") / f"{loss}.json"


def predictions_file(loss: str) -> Path:
    """The probabilities of the test split."""
    return PREDICTIONS / f"{loss}.parquet"
