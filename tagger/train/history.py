"""The epochs of a training as a file."""

import csv
from collections.abc import Iterable
from pathlib import Path

from tagger.core.common.files import new_file
from tagger.train.trainer import Epoch

COLUMNS = ("epoch", "learning_rate", "train_loss", "dev_loss", "dev_accuracy")


def write_history(epochs: Iterable[Epoch], path: Path) -> None:
    """Write one row per epoch. Times are left out: they would change the file from run to run."""
    with new_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for epoch in epochs:
            values = (epoch.learning_rate, epoch.train_loss, epoch.dev_loss, epoch.dev_accuracy)
            rows.writerow([epoch.number, *(f"{value:.6g}" for value in values)])
