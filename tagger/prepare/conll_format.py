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
    for start, block in split_blocks(lines):
        words: list[str] = []
        tags: list[str] = []
        for number, line in enumerate(block, start):
            cells = line.split("\t") if "\t" in line else line.split()
            word, tag = (cells[0].strip(), cells[1].strip()) if len(cells) == 2 else ("", "")
            if not (word and tag):
                found = f"{len(cells)} columns, expected a word and its tag: {clip(line.rstrip())!r}"
                raise InputError.at(path, number, found)
            words.append(word)
            tags.append(tag)
        yield Sentence(tuple(words), tuple(tags))
