"""The confusion matrices of the page: which tags they hold, and how strong the colour of a cell is."""

from bisect import bisect_right
from collections.abc import Mapping
from typing import NamedTuple

from tagger.report.shared.results import LossResult

MATRIX_TAGS = 50  # XPOS may have a thousand, and the table grows with their square
RIGHT_LEVELS = (0.5, 0.7, 0.9, 0.97)  # shares of a row at which the colour of the diagonal gets stronger
WRONG_LEVELS = (0.005, 0.02, 0.05, 0.15)  # and that of the cells off it


class Cell(NamedTuple):
    """How often a gold tag was predicted as another, or as itself."""

    tokens: int
    style: str  # d1 to d5 on the diagonal, e1 to e5 off it; empty without a token


class Matrix(NamedTuple):
    """The confusions of one loss: one row per gold tag, one column per predicted tag."""

    loss: str
    tags: list[str]
    rows: list[tuple[str, list[Cell]]]


def confusion_matrices(results: Mapping[str, LossResult]) -> tuple[list[Matrix], int]:
    """Return the matrix of each loss over the same tags, and how many tags there are in all.

    Of more than `MATRIX_TAGS` tags the matrices hold the most frequent gold ones. Colours are shares of the whole row,
    including tags that are left out.
    """
    counts = {loss: result.confusions for loss, result in results.items()}
    every = sorted(set().union(*(table.index for table in counts.values())))
    totals = next(iter(counts.values())).sum(axis=1)  # of the gold tags, the same for each loss
    tags = sorted(sorted(every, key=lambda tag: -totals.get(tag, 0))[:MATRIX_TAGS])
    gold = totals.reindex(tags, fill_value=0).clip(lower=1).to_numpy()
    matrices = []
    for loss, table in counts.items():
        cells = table.reindex(index=tags, columns=tags, fill_value=0).to_numpy()
        rows = [
            (tag, [_cell(int(amount), float(amount / gold[i]), i == j) for j, amount in enumerate(cells[i])])
            for i, tag in enumerate(tags)
        ]
        matrices.append(Matrix(loss, tags, rows))
    return matrices, len(every)


def _cell(tokens: int, share: float, diagonal: bool) -> Cell:
    if diagonal:
        return Cell(tokens, f"d{1 + bisect_right(RIGHT_LEVELS, share)}" if tokens else "")
    return Cell(tokens, wrong_style(share))


def wrong_style(share: float) -> str:
    """Return the style of a share of which less is better: e1 to e5, empty for 0."""
    return f"e{1 + bisect_right(WRONG_LEVELS, share)}" if share else ""
