"""Tables for a terminal, aligned by the width that characters have there: Chinese and emoji take two columns."""

import math
import re
from collections.abc import Sequence
from numbers import Number
from typing import TYPE_CHECKING, Any

import wcwidth

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 120  # columns of a terminal that a table takes at most
GAP = "  "
LONGEST = 30  # columns of a text; of a longer one the end is shown, which tells paths apart


def padded(cells: Sequence[str], *, right: bool = False) -> list[str]:
    """Return the cells of a column, all as wide as the widest."""
    size = max(map(wcwidth.width, cells))
    return [wcwidth.rjust(cell, size) if right else wcwidth.ljust(cell, size) for cell in cells]


def text_table(table: "pd.DataFrame", *, whole: bool = False) -> str:
    """Return a table without its index: floats with four decimals, a missing value as `-`.

    If it is too wide, headings are broken after `_`, `.` and `/`, and columns that still don't fit are named below it.
    A `whole` table has any width.
    """
    limit = math.inf if whole else WIDTH
    for broken in (False, True):
        columns = {name: _column(name, table[name], broken, whole) for name in map(str, table)}
        widths = {name: wcwidth.width(GAP + cells[0]) for name, cells in columns.items()}
        if sum(widths.values()) <= limit + len(GAP):
            break
    shown, hidden, room = [], [], limit + len(GAP)
    for name, cells in columns.items():
        if widths[name] <= room:
            shown.append(cells)
            room -= widths[name]
        else:
            hidden.append(name)
    height = max(map(len, shown))
    filled = ([" " * wcwidth.width(cells[0])] * (height - len(cells)) + cells for cells in shown)
    lines = [GAP.join(row).rstrip() for row in zip(*filled, strict=True)]
    if hidden:
        lines += ["", f"too wide for {WIDTH} columns: {', '.join(hidden)}; see --columns and --all"]
    return "\n".join(lines)


def _column(name: str, values: "pd.Series[Any]", broken: bool, whole: bool) -> list[str]:
    """Return the heading, of several lines if it is `broken`, and the cells below it, padded."""
    missing = values.isna()
    cells = ["-" if none else _cell(value, whole) for value, none in zip(values, missing, strict=True)]
    heading = _broken(name, max(map(wcwidth.width, cells))) if broken else [name]
    return padded([*heading, *cells], right=all(isinstance(value, Number) for value in values[~missing]))


def _cell(value: object, whole: bool) -> str:
    text = f"{value:.4f}" if isinstance(value, float) else str(value)
    if whole or wcwidth.width(text) <= LONGEST:
        return text
    while wcwidth.width(text) >= LONGEST:
        text = text[1:]
    return f"…{text}"


def _broken(name: str, width: int) -> list[str]:
    """Break a name into lines, none wider than this or than its own longest part."""
    lines: list[str] = []
    parts = re.findall(r"[^_./]*[_./]|[^_./]+", name)
    width = max(width, *map(len, parts), 0)
    for part in parts:
        if lines and len(lines[-1] + part) <= width:
            lines[-1] += part
        else:
            lines.append(part)
    return lines or [name]
