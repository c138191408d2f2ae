"""The corpus formats by their names in `data.format`: how each is recognised, and what reads it."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tagger.core.corpus.indexed_corpus import IndexedCorpus, Sentence
from tagger.prepare import conll_format, conllu_format, csv_format


class Format(NamedTuple):
    """A corpus format. Each has a module of its own here."""

    title: str  # its name in messages
    suffix: str | None  # a file with this suffix is in this format; None if no suffix is proof of it
    first_line: str  # a regular expression for the first line that is neither blank nor a comment, without its end
    parse: Callable[[Iterable[str], Path, str], Iterator[Sentence]]  # of lines, the name of their file, `data.column`
    read_quickly: Callable[[BinaryIO, str], IndexedCorpus | None] | None = None  # if it returns None, `parse` reads


# `auto` tries them in this order: CoNLL takes any line, so it comes last.
FORMATS = {
    "csv": Format("CSV", ".csv", r" *text *, *tag *", csv_format.parse),
    "conllu": Format("CoNLL-U", ".conllu", r"[^\t]*(\t[^\t]*){9}", conllu_format.parse, conllu_format.read_quickly),
    "conll": Format("CoNLL", None, r".*", conll_format.parse),
}
