"""CoNLL-U: ten tab-separated columns; the tag is column 4 (upos) or 5 (xpos).

The rule is https://universaldependencies.org/format.html::

    # text = The dog barked
    1<tab>The<tab>the<tab>DET<tab>DT<tab>...
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import IndexedCorpus, Sentence
from tagger.prepare.input_files import clip, split_blocks

COLUMNS = 10
TAG_COLUMN = {"upos": 3, "xpos": 4}
NO_TAGS = frozenset(("", "_"))
NO_WORD = re.compile(r"[1-9]\d*-[1-9]\d*|\d+\.[1-9]\d*", re.ASCII)  # the id of a multiword range or an empty node


def read_quickly(file: BinaryIO, column: str) -> IndexedCorpus | None:
    """Read a whole file that is right as `parse` does; return None if only `parse` can read it or name its mistake."""
    from tagger.prepare.conllu_arrow import read_columns  # and Arrow with it, which no other format needs

    return read_columns(file, column)


def parse(lines: Iterable[str], path: Path, column: str = "upos") -> Iterator[Sentence]:
    """Parse CoNLL-U. Multiword ranges (3-4) and empty nodes (8.1) are skipped, as the format says.

    Raises:
        InputError: a line does not have ten columns, an id is out of order, or a word or a tag is missing.
    """
    for start, block in split_blocks(lines):
        words: list[str] = []
        tags: list[str] = []
        for number, line in enumerate(block, start):
            if line.startswith("#"):
                continue
            cells = line.split("\t")
            if len(cells) == COLUMNS and NO_WORD.fullmatch(cells[0]):
                continue
            mistake = _find_mistake(cells, len(words) + 1, column)
            if mistake:
                raise InputError.at(path, number, mistake)
            words.append(cells[1])
            tags.append(cells[TAG_COLUMN[column]])
        if words:
            yield Sentence(tuple(words), tuple(tags))


def _find_mistake(cells: list[str], place: int, column: str) -> str | None:
    """Say what is wrong with the line of a sentence's word number `place`; return None if nothing is."""
    if len(cells) != COLUMNS:
        line = "\t".join(cells).rstrip()
        return f"{len(cells)} columns, expected 10 with a tab between them: {clip(line)!r}"
    row_id, word, tag = cells[0], cells[1], cells[TAG_COLUMN[column]]
    if not (row_id.isascii() and row_id.isdigit()):
        return f"the id is {clip(row_id)!r}, expected a number such as 3, 3-4 or 8.1"
    if row_id != str(place):
        return f"the id is {clip(row_id)}, expected {place}; is a blank line missing or too many?"
    if not word.strip():
        return "the word (column 2) is empty"
    if tag.strip() in NO_TAGS:
        return f"the word {word!r} has no {column} tag (column {TAG_COLUMN[column] + 1})"
    return None
