"""The corpus formats by their names in `data.format`: how each is recognised, and what reads it."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tagger.core.corpus.indexed_corpus import IndexedCorpus, Sentence
from tagger.prepare import conll_format, conllu_format, csv_format


class Format(NamedTuple):
    """A corpus format; each is a module of its own here."""

    title: str  # its name in messages
    suffix: str | None  # a file of this suffix is in this format; None if the suffix says nothing
    recognises: Callable[[str], bool]  # takes the first line that is neither blank nor a comment, without its end
    parse: Callable[[Iterable[str], Path, str], Iterator[Sentence]]  # takes lines, their file's name, data.column
    read_quickly: Callable[[BinaryIO, str], IndexedCorpus | None] | None = None  # None from it: `parse` must read


# `auto` tries them in this order: CoNLL, which takes any line, comes last.
FORMATS = {
    "csv": Format("CSV", ".csv", csv_format.recognises, csv_format.parse),
    "conllu": Format("CoNLL-U", ".conllu", conllu_format.recognises, conllu_format.parse, conllu_format.read_quickly),
    "conll": Format("CoNLL", None, lambda _first_line: True, conll_format.parse),
}
