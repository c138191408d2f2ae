"""Corpus files: the formats and how each is recognised, reading sentences, and splitting off a share."""

import itertools
import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tagger.core.common.errors import InputError, counted
from tagger.core.corpus.indexed_corpus import IndexedCorpus, Sentence
from tagger.prepare import conll_format, conllu_format, csv_format, json_format, pairs_format, parquet_format
from tagger.prepare.corpus_table import USUAL, Columns
from tagger.prepare.input_files import DOCUMENT, read_lines

_LINES = 20  # by which a format is recognised


class Format(NamedTuple):
    """A corpus format. Each has a module of its own here."""

    title: str  # its name in messages
    suffixes: tuple[str, ...]  # a file with one of these is in this format
    recognise: Callable[[Sequence[str], Columns], bool]  # from the first lines, without comments and blank lines
    parse: Callable[[Iterator[str], Path, Columns], Iterator[Sentence]]  # of lines and the name of their file


def _first_line(pattern: str) -> Callable[[Sequence[str], Columns], bool]:
    return lambda lines, _columns: bool(lines) and re.match(pattern, lines[0]) is not None


# By the names in `data.format`. `auto` tries them in this order: CoNLL takes any line, so it comes last.
FORMATS = {
    "csv": Format("CSV", (".csv",), csv_format.recognise, csv_format.parse),
    "conllu": Format(
        "CoNLL-U",
        (".conllu", ".conllup", ".cupt"),
        _first_line(rf"[^\t]*(\t[^\t]*){{9}}$|{conllu_format.GLOBAL_COLUMNS}"),
        conllu_format.parse,
    ),
    "json": Format("JSON Lines", (".json", ".jsonl", ".ndjson"), _first_line(r' *\{ *"'), json_format.parse),
    "parquet": Format("Parquet", (".parquet",), lambda *_: False, parquet_format.parse),
    "pairs": Format("word/TAG", (), pairs_format.recognise, pairs_format.parse),
    "conll": Format("CoNLL", (), lambda *_: True, conll_format.parse),
}


def read_corpus(
    path: Path, file_format: str = "auto", columns: Columns = USUAL, encoding: str = "utf-8"
) -> IndexedCorpus:
    """Read the sentences of a file in any of the `FORMATS`, gzipped or not; `auto` goes by its name, then its lines.

    Raises InputError if the file is missing, empty or unreadable, a line is wrong, or a column does not exist.
    """
    known = format_of(path, file_format, columns, encoding)
    corpus = IndexedCorpus.of(known.parse(read_lines(path, _expected(), encoding), path, columns))
    if not len(corpus):
        raise InputError(f"{path}: has no sentences, expected at least one")
    return corpus


def format_of(path: Path, file_format: str = "auto", columns: Columns = USUAL, encoding: str = "utf-8") -> Format:
    """Return the format in which a file is read; the errors are those of `read_corpus`."""
    if file_format != "auto":
        return FORMATS[file_format]
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    for known in FORMATS.values():
        if suffix in known.suffixes:
            return known
    lines = (line.rstrip("\r\n") for line in read_lines(path, _expected(), encoding) if not line.isspace())
    comments = re.compile(rf"#(?!{conllu_format.GLOBAL_COLUMNS[1:]})|{DOCUMENT}")
    first = list(itertools.islice(itertools.filterfalse(comments.match, lines), _LINES))
    return next(known for known in FORMATS.values() if known.recognise(first, columns))


def _expected() -> str:
    *others, last = (known.title for known in FORMATS.values())
    return f"a corpus in {', '.join(others)} or {last}"


def split_off(corpus: IndexedCorpus, share: float, seed: int) -> tuple[IndexedCorpus, IndexedCorpus]:
    """Draw a share of the sentences; return the rest and the drawn, in order. Raises InputError if one is empty."""
    amount = round(len(corpus) * share)
    if not 0 < amount < len(corpus):
        raise InputError(
            f"a share of {share} of {counted(len(corpus), 'sentence')} is {amount}, expected at least 1 and at most "
            f"{len(corpus) - 1}; use a separate file or change data.dev_share or data.test_share"
        )
    drawn = set(random.Random(seed).sample(range(len(corpus)), amount))
    rest, part = (
        IndexedCorpus.of(sentence for number, sentence in enumerate(corpus) if (number in drawn) is is_drawn)
        for is_drawn in (False, True)
    )
    return rest, part
