"""Which columns of a corpus file hold what."""

from collections.abc import Sequence
from typing import NamedTuple

from tagger.core.common.errors import InputError

AUTO = "auto"
Column = str | int  # a name, in any case, or a number from 1


class Columns(NamedTuple):
    """The columns to read; AUTO leaves the choice to the format."""

    tag: Column = AUTO
    word: Column = AUTO
    sentence: Column = AUTO  # what the words of a sentence share, in a table with one word per row
    tag_names: tuple[str, ...] = ()  # of tags that are numbers from 0


USUAL = Columns()


def find_column(wanted: Column, names: Sequence[str], content: str, place: str) -> int:
    """Return the index of a column by its name or number. `content` is what it holds, `place` where the columns are.

    Raises:
        InputError: there is no such column.
    """
    keys = [*enumerate(range(1, len(names) + 1)), *enumerate(name.strip().casefold() for name in names)]
    key = wanted.strip().casefold() if isinstance(wanted, str) else wanted
    for index, known in keys:
        if known == key:
            return index
    named = ", ".join(filter(None, names))
    expected = f"a number up to {len(names)}{named and f', or one of {named}'}"
    raise InputError(f"{place}: no {content} column {wanted!r}, expected {expected}")
