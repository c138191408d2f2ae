"""Three ways to write a tagged corpus, each a parser from numbered lines to sentences.

CSV, as in the tutorial; both columns are split at white space::

    text,tag
    The dog barked,DET NOUN VERB

CoNLL-U, ten tab-separated columns; the tag is column 4 (upos) or 5 (xpos)::

    # text = The dog barked
    1<tab>The<tab>the<tab>DET<tab>DT<tab>...

CoNLL, a word and its tag a line, a blank line after each sentence; with a tab between them, words may hold spaces::

    The DET
    dog NOUN
    barked VERB
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tagger.errors import InputError


class Sentence(NamedTuple):
    """Words and their tags, one for one."""

    words: tuple[str, ...]
    tags: tuple[str, ...]


Lines = Iterator[tuple[int, str]]  # the number of a line, from 1, and the line without its end

CSV_HEADER = ["text", "tag"]
CONLLU_COLUMNS = 10
TAG_COLUMN = {"upos": 3, "xpos": 4}
_ROW_ID = re.compile(r"[1-9]\d*|[1-9]\d*-[1-9]\d*|\d+\.[1-9]\d*")


def parse_csv(lines: Lines, path: Path) -> Iterator[Sentence]:
    """Parse rows of `text,tag`. A cell that holds a comma is quoted.

    Raises:
        InputError: the header is another, a row has not two cells, a cell is empty, words and tags differ in number.
    """
    csv.field_size_limit(2**31 - 1)
    first_line = last_line = 0

    def text() -> Iterator[str]:
        nonlocal first_line, last_line
        for last_line, line in lines:
            first_line = first_line or last_line
            yield line + "\n"

    rows = csv.reader(text(), strict=True)
    header_seen = False
    try:
        for row in rows:
            row_line, first_line = first_line, 0
            if not row:
                continue
            if not header_seen:
                if [cell.strip() for cell in row] != CSV_HEADER:
                    raise InputError.at(path, row_line, f"the header is {_clip(','.join(row))!r}, expected 'text,tag'")
                header_seen = True
                continue
            if len(row) != len(CSV_HEADER):
                hint = "; a cell that holds a comma is quoted" if len(row) > len(CSV_HEADER) else ""
                raise InputError.at(
                    path, row_line, f"{len(row)} cells, expected 2 (text,tag){hint}: {_clip(','.join(row))!r}"
                )
            words, tags = row[0].split(), row[1].split()
            for name, cell in zip(CSV_HEADER, (words, tags), strict=True):
                if not cell:
                    raise InputError.at(path, row_line, f"the cell {name!r} is empty, expected at least one word")
            if len(words) != len(tags):
                raise InputError.at(
                    path,
                    row_line,
                    f"{len(words)} words but {len(tags)} tags, expected one tag a word: "
                    f"{_clip(row[0])!r}, {_clip(row[1])!r}",
                )
            yield Sentence(tuple(words), tuple(tags))
    except csv.Error as error:
        hint = "is a quote not closed?" if first_line == last_line else f"is a quote open up to line {last_line}?"
        raise InputError.at(path, first_line, f"not CSV: {error}; {hint}") from None


def parse_conllu(lines: Lines, path: Path, column: str = "upos") -> Iterator[Sentence]:
    """Parse CoNLL-U. Multiword ranges (3-4) and empty nodes (8.1) are passed over, as the format says.

    Raises:
        InputError: a line has not ten columns, an id is out of order, a word or a tag is missing.
    """
    for block in _blocks(lines):
        words: list[str] = []
        tags: list[str] = []
        for number, line in block:
            if line.startswith("#"):
                continue
            cells = line.split("\t")
            if len(cells) != CONLLU_COLUMNS:
                raise InputError.at(
                    path, number, f"{len(cells)} columns, expected 10 with a tab between them: {_clip(line)!r}"
                )
            row_id, word, tag = cells[0], cells[1], cells[TAG_COLUMN[column]]
            if not (row_id.isascii() and row_id.isdigit()):
                if not _ROW_ID.fullmatch(row_id):
                    raise InputError.at(
                        path, number, f"the id is {_clip(row_id)!r}, expected a number such as 3, 3-4 or 8.1"
                    )
                continue
            if row_id != str(len(words) + 1):
                raise InputError.at(
                    path,
                    number,
                    f"the id is {_clip(row_id)}, expected {len(words) + 1}; is a blank line missing or too many?",
                )
            if not word.strip():
                raise InputError.at(path, number, "the word (column 2) is empty")
            if tag.strip() in ("", "_"):
                raise InputError.at(
                    path, number, f"the word {word!r} has no {column} tag (column {TAG_COLUMN[column] + 1})"
                )
            words.append(word)
            tags.append(tag)
        if words:
            yield Sentence(tuple(words), tuple(tags))


def parse_conll(lines: Lines, path: Path) -> Iterator[Sentence]:
    """Parse lines of a word and its tag, with a blank line after each sentence.

    Raises:
        InputError: a line has not two columns.
    """
    for block in _blocks(lines):
        words: list[str] = []
        tags: list[str] = []
        for number, line in block:
            cells = line.split("\t") if "\t" in line else line.split()
            if len(cells) != 2 or not all(cell.strip() for cell in cells):
                raise InputError.at(path, number, f"{len(cells)} columns, expected a word and its tag: {_clip(line)!r}")
            words.append(cells[0].strip())
            tags.append(cells[1].strip())
        if words:
            yield Sentence(tuple(words), tuple(tags))


def _blocks(lines: Lines) -> Iterator[list[tuple[int, str]]]:
    """Yield the lines between blank ones."""
    block: list[tuple[int, str]] = []
    for numbered in lines:
        if numbered[1].strip():
            block.append(numbered)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _clip(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[:most] + "..."
