"""CSV, as in the tutorial; both columns are split at white space.

::

    text,tag
    The dog barked,DET NOUN VERB
    "Yes , she said",INTJ PUNCT PRON VERB
"""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.prepare.input_files import clip

_HEADER = ["text", "tag"]


def parse(lines: Iterable[str], path: Path, _column: str = "") -> Iterator[Sentence]:
    """Parse rows of `text,tag`. A cell that holds a comma is quoted.

    Raises:
        InputError: the header is wrong, or a row does not have two cells that hold equally many words and tags.
    """
    rows = _read_rows(lines, path)
    number, header = next(rows, (1, _HEADER))
    if [cell.strip() for cell in header] != _HEADER:
        raise InputError.at(path, number, f"the header is {clip(','.join(header))!r}, expected 'text,tag'")
    for number, row in rows:
        if len(row) != 2:
            hint = "; a cell that holds a comma is quoted" if len(row) > 2 else ""
            found = f"{len(row)} cells, expected 2 (text,tag){hint}: {clip(','.join(row))!r}"
            raise InputError.at(path, number, found)
        words, tags = row[0].split(), row[1].split()
        if not (words and tags):
            empty = "tag" if words else "text"
            raise InputError.at(path, number, f"the cell {empty!r} is empty, expected at least one word")
        if len(words) != len(tags):
            cells = f"{clip(row[0])!r}, {clip(row[1])!r}"
            found = f"{len(words)} words but {len(tags)} tags, expected one tag per word: {cells}"
            raise InputError.at(path, number, found)
        yield Sentence(tuple(words), tuple(tags))


def _read_rows(lines: Iterable[str], path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with the number of its first line."""
    csv.field_size_limit(2**31 - 1)
    rows = csv.reader((line.rstrip("\r\n") + "\n" for line in lines), strict=True)
    first = 1
    try:
        for row in rows:
            if row:
                yield first, row
            first = rows.line_num + 1
    except csv.Error as error:
        hint = "is a quote not closed?" if first == rows.line_num else f"is a quote open up to line {rows.line_num}?"
        raise InputError.at(path, first, f"not CSV: {error}; {hint}") from None
