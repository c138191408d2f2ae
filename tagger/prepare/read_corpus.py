"""Corpus files: the formats and how each is recognised, reading the sentences, and splitting a part off."""

import random
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import IndexedCorpus, Sentence
from tagger.prepare import conll_format, conllu_format, csv_format
from tagger.prepare.input_files import open_input, read_lines


class Format(NamedTuple):
    """A corpus format. Each has a module of its own here."""

    title: str  # its name in messages
    suffix: str | None  # a file with this suffix is in this format; None if no suffix is proof of it
    first_line: str  # a regular expression for the first line that is neither blank nor a comment, without its end
    parse: Callable[[Iterable[str], Path, str], Iterator[Sentence]]  # of lines, the name of their file, `data.column`
    read_quickly: Callable[[BinaryIO, str], IndexedCorpus | None] | None = None  # if it returns None, `parse` reads


# By the names in `data.format`. `auto` tries them in this order: CoNLL takes any line, so it comes last.
FORMATS = {
    "csv": Format("CSV", ".csv", r" *text *, *tag *", csv_format.parse),
    "conllu": Format("CoNLL-U", ".conllu", r"[^\t]*(\t[^\t]*){9}", conllu_format.parse, conllu_format.read_quickly),
    "conll": Format("CoNLL", None, r".*", conll_format.parse),
}


def read_corpus(path: Path, file_format: str = "auto", column: str = "upos") -> IndexedCorpus:
    """Read the sentences of a file in any of the `FORMATS`, gzipped or not.

    `auto` goes by the file's name, else by its first line that is no comment. `column` is which tag of CoNLL-U to read.

    Raises:
        InputError: the file is missing, empty or unreadable, or a line of it is wrong.
    """
    *others, last = (known.title for known in FORMATS.values())
    expected = f"a corpus in {', '.join(others)} or {last}"
    known = _recognise(path, expected) if file_format == "auto" else FORMATS[file_format]
    corpus = None
    if known.read_quickly:
        with open_input(path, expected) as file:
            corpus = known.read_quickly(file, column)
    if corpus is None:
        corpus = IndexedCorpus.of(known.parse(read_lines(path, expected), path, column))
    if not len(corpus):
        raise InputError(f"{path}: no sentence in it, expected at least one")
    return corpus


def _recognise(path: Path, expected: str) -> Format:
    suffix = Path(path.name.removesuffix(".gz")).suffix
    for known in FORMATS.values():
        if suffix == known.suffix:
            return known
    lines = read_lines(path, expected)
    first = next((line.rstrip("\r\n") for line in lines if line.strip() and not line.startswith("#")), "")
    return next(known for known in FORMATS.values() if re.fullmatch(known.first_line, first))


def split_off(corpus: IndexedCorpus, share: float, seed: int) -> tuple[IndexedCorpus, IndexedCorpus]:
    """Draw a share of the sentences at random; return the rest and the drawn ones, both in their old order.

    Raises:
        InputError: one of the two would be empty.
    """
    amount = round(len(corpus) * share)
    if not 0 < amount < len(corpus):
        raise InputError(
            f"a share of {share} of {len(corpus)} sentences is {amount}, expected at least 1 and at most "
            f"{len(corpus) - 1}; use a separate file or change data.dev_share or data.test_share"
        )
    drawn = set(random.Random(seed).sample(range(len(corpus)), amount))
    rest = [number for number in range(len(corpus)) if number not in drawn]
    return corpus.select(rest), corpus.select(sorted(drawn))
