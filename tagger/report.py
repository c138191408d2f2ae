"""Tables and pictures for people."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from tagger.outputs import new_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tagger.training import Epoch

PICTURE_TAGS = 50  # XPOS may have a thousand, and the picture grows with their square
HISTORY_COLUMNS = ("epoch", "learning_rate", "train_loss", "dev_loss", "dev_accuracy")


def write_history(epochs: Iterable["Epoch"], path: Path) -> None:
    """Write a row an epoch. Times are left out: they would change the file from run to run."""
    with new_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(HISTORY_COLUMNS)
        for epoch in epochs:
            values = (epoch.learning_rate, epoch.train_loss, epoch.dev_loss, epoch.dev_accuracy)
            rows.writerow([epoch.number, *(f"{value:.6g}" for value in values)])


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write CSV."""
    with new_file(path) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")


def draw_confusions(counts: pd.DataFrame, title: str) -> "Figure":
    """Draw a confusion matrix: gold tags are rows; colours are shares of the row, numbers are tokens.

    Of more than `PICTURE_TAGS` tags the most frequent are drawn, and the title says so.
    """
    from matplotlib.figure import Figure

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


def comparison_table(evaluations: dict[str, dict[str, Any]]) -> str:
    """Lay out one row a loss and one column a metric."""
    table = pd.DataFrame.from_dict(evaluations, orient="index").astype(float)
    return table.to_string(float_format="{:.4f}".format, na_rep="-")
