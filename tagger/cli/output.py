"""Standard output: text is written as it is to a file or a pipe, and escaped on a terminal.

Tables are aligned by the width that characters have on a terminal: Chinese and emoji take two columns.
"""

import math
import re
import sys
import textwrap
from collections.abc import Sequence
from numbers import Number
from typing import TYPE_CHECKING, Any

import wcwidth

from tagger.core.common.errors import harmless

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 120  # columns of a terminal that a table takes at most
GAP = "  "
LONGEST = 30  # columns of a text; of a longer one the end is shown, which tells paths apart


def write(text: str, end: str = "\n") -> None:
    """Write text as UTF-8; on a terminal, escape what it can't show and what it would obey."""
    if sys.stdout is None:  # closed
        return
    if sys.stdout.isatty():
        shown = harmless(text + end).encode(sys.stdout.encoding, "backslashreplace")
        sys.stdout.write(shown.decode(sys.stdout.encoding))
    else:  # UTF-8 whatever the locale, as the input is read
        sys.stdout.buffer.write((text + end).encode())
    sys.stdout.flush()


def padded(cells: Sequence[str], *, right: bool = False) -> list[str]:
    """Return the cells of a column, all as wide as the widest."""
    size = max(map(wcwidth.width, cells))
    return [wcwidth.rjust(cell, size) if right else wcwidth.ljust(cell, size) for cell in cells]


def text_table(table: "pd.DataFrame", *, whole: bool = False) -> str:
    """Return a table without its index: floats with four decimals, a missing value as `-`.

    If it is too wide, headings are broken after `_`, `.` and `/`, and columns that still don't fit are named below it.
    A `whole` table may have any width.
    """
    room = math.inf if whole else WIDTH + len(GAP)
    for breaks in (False, True):
        columns = {name: _column(name, table[name], breaks=breaks, whole=whole) for name in map(str, table)}
        widths = {name: wcwidth.width(GAP + cells[0]) for name, cells in columns.items()}
        if sum(widths.values()) <= room:
            break
    shown = []
    for name, width in widths.items():
        if width <= room:
            shown.append(columns.pop(name))
            room -= width
    height = max(map(len, shown))
    filled = ([" " * wcwidth.width(cells[0])] * (height - len(cells)) + cells for cells in shown)
    text = "\n".join(GAP.join(row).rstrip() for row in zip(*filled, strict=True))
    rest = f"too wide for {WIDTH} columns: {', '.join(columns)}; use --columns or --all to see them"
    return f"{text}\n\n{fill(rest)}" if columns else text


def fill(text: str) -> str:
    """Break a text into lines of a terminal."""
    return textwrap.fill(text, WIDTH, break_on_hyphens=False)


def _column(name: str, values: "pd.Series[Any]", *, breaks: bool, whole: bool) -> list[str]:
    missing = values.isna()
    cells = ["-" if none else _cell(value, whole) for value, none in zip(values, missing, strict=True)]
    heading = [name]
    if breaks and name:
        spaced = re.sub(r"([_./])", r"\1 ", name)
        width = max(map(wcwidth.width, (*cells, *spaced.split())))
        heading = [line.replace(" ", "") for line in textwrap.wrap(spaced, width)]
    return padded([*heading, *cells], right=all(isinstance(value, Number) for value in values[~missing]))


def _cell(value: object, whole: bool) -> str:
    text = f"{value:.4f}" if isinstance(value, float) else str(value)
    size = wcwidth.width(text)
    return text if whole or size <= LONGEST else f"…{wcwidth.clip(text, size - LONGEST + 1, size)}"
