"""CoNLL: one word and its tag per line, and a blank line after each sentence.

With a tab between them, words may hold spaces::

    The DET
    dog NOUN
    barked VERB
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.prepare.input_files import clip, split_blocks


def parse(lines: Iterable[str], path: Path, _column: str = "") -> Iterator[Sentence]:
    """Parse lines of a word and its tag.

    Raises:
        InputError: a line does not have two columns.
    """
    for block in split_blocks(lines):
        rows: list[list[str]] = []
        for number, line in block:
            cells = [cell.strip() for cell in line.split("\t" if "\t" in line else None)]
            if len(cells) != 2 or not all(cells):
                found = f"{len(cells)} columns, expected a word and its tag: {clip(line.rstrip())!r}"
                raise InputError.at(path, number, found)
            rows.append(cells)
        yield Sentence(*zip(*rows, strict=True))
