"""The confusion matrices of the page: which tags stand in them, and how strong a cell's colour is."""

from bisect import bisect_right
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

MATRIX_TAGS = 50  # XPOS may have a thousand, and the table grows with their square
RIGHT_LEVELS = (0.5, 0.7, 0.9, 0.97)  # shares of a row at which the colour of the diagonal gets stronger
WRONG_LEVELS = (0.005, 0.02, 0.05, 0.15)  # and that of the cells off it


class Cell(NamedTuple):
    """How often a gold tag was predicted as another, or as itself."""

    tokens: int
    style: str  # d1 to d5 on the diagonal, e1 to e5 off it, empty where there is no token


class Matrix(NamedTuple):
    """The confusions of one loss: a row a gold tag, a column a predicted one."""

    loss: str
    tags: list[str]
    rows: list[tuple[str, list[Cell]]]


def confusion_matrices(predictions: Mapping[str, pd.DataFrame]) -> tuple[list[Matrix], int]:
    """Return the matrix of each loss over the same tags, and how many tags there are in all.

    Of more than `MATRIX_TAGS` tags the most frequent gold ones stand in the matrices. Colours are shares of the whole
    row, tags that are left out included.
    """
    counts = {loss: pd.crosstab(table["gold"], table["predicted"]) for loss, table in predictions.items()}
    every = sorted({str(tag) for table in counts.values() for tag in (*table.index, *table.columns)})
    totals = next(iter(predictions.values()))["gold"].value_counts()
    tags = sorted(sorted(every, key=lambda tag: -totals.get(tag, 0))[:MATRIX_TAGS])
    gold = totals.reindex(tags, fill_value=0).to_numpy()
    matrices = []
    for loss, table in counts.items():
        cells = table.reindex(index=tags, columns=tags, fill_value=0).to_numpy()
        shares = cells / np.maximum(gold, 1)[:, None]
        rows = [
            (tag, [_cell(int(cells[i, j]), float(shares[i, j]), i == j) for j in range(len(tags))])
            for i, tag in enumerate(tags)
        ]
        matrices.append(Matrix(loss, tags, rows))
    return matrices, len(every)


def _cell(tokens: int, share: float, diagonal: bool) -> Cell:
    if diagonal:
        return Cell(tokens, f"d{1 + bisect_right(RIGHT_LEVELS, share)}" if tokens else "")
    return Cell(tokens, wrong_style(share))


def wrong_style(share: float) -> str:
    """Return the style of a share of which less is better: e1 to e5, empty for none."""
    return f"e{1 + bisect_right(WRONG_LEVELS, share)}" if share else ""
