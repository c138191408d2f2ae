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


class Matrices(NamedTuple):
    """The confusions of each loss over the same tags: one row per gold tag, one cell in it per predicted tag."""

    tags: list[str]
    total: int  # of tags, including those that are left out
    rows: dict[str, list[tuple[str, list[Cell]]]]  # loss -> gold tag, cells


def confusion_matrices(results: Mapping[str, LossResult]) -> Matrices:
    """Arrange the confusions of each loss.

    Of more than `MATRIX_TAGS` tags the matrices hold the most frequent gold ones. Colours are shares of the whole row,
    including tags that are left out.
    """
    counts = {loss: result.confusions for loss, result in results.items()}
    every = sorted(set().union(*(table.index for table in counts.values())))
    totals = next(iter(counts.values())).sum(axis=1)  # of the gold tags, the same for each loss
    tags = sorted(sorted(every, key=lambda tag: -totals.get(tag, 0))[:MATRIX_TAGS])
    gold = totals.reindex(tags, fill_value=0).clip(lower=1).to_numpy()
    rows = {}
    for loss, table in counts.items():
        cells = table.reindex(index=tags, columns=tags, fill_value=0).to_numpy()
        rows[loss] = [
            (tag, [_cell(int(tokens), float(tokens / gold[i]), i == j) for j, tokens in enumerate(cells[i])])
            for i, tag in enumerate(tags)
        ]
    return Matrices(tags, len(every), rows)


def _cell(tokens: int, share: float, diagonal: bool) -> Cell:
    if diagonal:
        return Cell(tokens, f"d{1 + bisect_right(RIGHT_LEVELS, share)}" if tokens else "")
    return Cell(tokens, wrong_style(share))


def wrong_style(share: float) -> str:
    """Return the style of a share of which less is better: e1 to e5, empty for 0."""
    return f"e{1 + bisect_right(WRONG_LEVELS, share)}" if share else ""
