"""Three ways to write a tagged corpus, each a parser from lines to sentences.

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
from collections.abc import Iterable, Iterator
from pathlib import Path

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import Sentence

Lines = Iterable[str]  # all lines of a file, with their ends

CSV_HEADER = ["text", "tag"]
CONLLU_COLUMNS = 10
TAG_COLUMN = {"upos": 3, "xpos": 4}
NO_TAGS = frozenset(("", "_"))
NO_WORD = re.compile(r"[1-9]\d*-[1-9]\d*|\d+\.[1-9]\d*", re.ASCII)  # the id of a multiword range or an empty node


def parse_csv(lines: Lines, path: Path) -> Iterator[Sentence]:
    """Parse rows of `text,tag`. A cell that holds a comma is quoted.

    Raises:
        InputError: the header is another, a row has not two cells, a cell is empty, words and tags differ in number.
    """
    csv.field_size_limit(2**31 - 1)
    first_line = last_line = 0

    def text() -> Iterator[str]:
        nonlocal first_line, last_line
        for last_line, line in enumerate(lines, start=1):
            first_line = first_line or last_line
            yield line.rstrip("\r\n") + "\n"

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
    for start, block in _blocks(lines):
        sentence = _conllu_sentence(block, TAG_COLUMN[column])
        if sentence is None:
            raise _conllu_mistake(block, start, path, column)
        if sentence.words:
            yield sentence


def _conllu_sentence(block: list[str], tag_column: int) -> Sentence | None:
    """Return the words and tags of a sentence, none where something is wrong: so quick that it can't say what."""
    words: list[str] = []
    tags: list[str] = []
    for line in block:
        if line[0] == "#":
            continue
        cells = line.split("\t")
        if len(cells) != CONLLU_COLUMNS:
            return None
        if cells[0] == str(len(words) + 1):
            words.append(cells[1])
            tags.append(cells[tag_column])
        elif not NO_WORD.fullmatch(cells[0]):
            return None
    is_whole = all(map(str.strip, words)) and NO_TAGS.isdisjoint(map(str.strip, set(tags)))
    return Sentence(tuple(words), tuple(tags)) if is_whole else None


def _conllu_mistake(block: list[str], start: int, path: Path, column: str) -> InputError:
    """Return what is wrong with the first wrong line of a sentence."""
    words = 0
    for number, line in enumerate(block, start):
        if line.startswith("#"):
            continue
        cells = line.rstrip("\r\n").split("\t")
        if len(cells) != CONLLU_COLUMNS:
            found = f"{len(cells)} columns, expected 10 with a tab between them: {_clip(line.rstrip())!r}"
            return InputError.at(path, number, found)
        row_id, word, tag = cells[0], cells[1], cells[TAG_COLUMN[column]]
        if NO_WORD.fullmatch(row_id):
            continue
        words += 1
        if not (row_id.isascii() and row_id.isdigit()):
            return InputError.at(path, number, f"the id is {_clip(row_id)!r}, expected a number such as 3, 3-4 or 8.1")
        if row_id != str(words):
            found = f"the id is {_clip(row_id)}, expected {words}; is a blank line missing or too many?"
            return InputError.at(path, number, found)
        if not word.strip():
            return InputError.at(path, number, "the word (column 2) is empty")
        if tag.strip() in NO_TAGS:
            found = f"the word {word!r} has no {column} tag (column {TAG_COLUMN[column] + 1})"
            return InputError.at(path, number, found)
    raise AssertionError("a sentence of CoNLL-U was refused for nothing")


def parse_conll(lines: Lines, path: Path) -> Iterator[Sentence]:
    """Parse lines of a word and its tag, with a blank line after each sentence.

    Raises:
        InputError: a line has not two columns.
    """
    for start, block in _blocks(lines):
        words: list[str] = []
        tags: list[str] = []
        for number, line in enumerate(block, start):
            cells = line.split("\t") if "\t" in line else line.split()
            word, tag = (cells[0].strip(), cells[1].strip()) if len(cells) == 2 else ("", "")
            if not (word and tag):
                found = f"{len(cells)} columns, expected a word and its tag: {_clip(line.rstrip())!r}"
                raise InputError.at(path, number, found)
            words.append(word)
            tags.append(tag)
        yield Sentence(tuple(words), tuple(tags))


def _blocks(lines: Lines) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines between blank ones, with the number of the first of them."""
    block: list[str] = []
    number = 0
    for number, line in enumerate(lines, start=1):
        if not line.isspace():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []
    if block:
        yield number + 1 - len(block), block


def _clip(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[:most] + "..."
