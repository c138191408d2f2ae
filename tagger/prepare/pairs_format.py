"""One sentence per line, as words with their tags: `The/DT dog/NN`, or `The_DT dog_NN`.

The last slash or underscore counts, so the word of `1/2/CD` is `1/2`. A line that begins with "# " is a comment.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tagger.core.common.errors import InputError, clip
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.prepare.corpus_table import Columns
from tagger.prepare.input_files import split_words


def recognise(lines: Sequence[str], _columns: Columns) -> bool:
    """Return whether all words of all lines have a tag."""
    words = [word for line in lines for word in split_words(line)]
    return any(all(mark in word[1:-1] for word in words) for mark in "/_")


def parse(lines: Iterator[str], path: Path, _columns: Columns) -> Iterator[Sentence]:
    """Parse lines of words with their tags. Raises InputError if a word has no tag."""
    mark = ""
    for number, line in enumerate(lines, start=1):
        tokens = split_words(line)
        if not tokens or tokens[0] == "#":
            continue
        mark = mark or ("/" if all("/" in token for token in tokens) else "_")
        pairs = [token.rpartition(mark) for token in tokens]
        for token, (word, _, tag) in zip(tokens, pairs, strict=True):
            if not (word and tag):
                raise InputError.at(path, number, f"got {clip(token)!r}, expected a word with its tag: word{mark}TAG")
        yield Sentence(tuple(pair[0] for pair in pairs), tuple(pair[2] for pair in pairs))
