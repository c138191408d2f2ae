"""Corpus files: opening, decoding, knowing the format, and splitting a part off."""

import codecs
import io
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import IndexedCorpus, Sentence
from tagger.prepare.formats import CONLLU_COLUMNS, CSV_HEADER, Lines, parse_conll, parse_conllu, parse_csv
from tagger.prepare.input_files import open_input

_EXPECTED = "a corpus in CSV, CoNLL-U or CoNLL"


def read_corpus(path: Path, file_format: str = "auto", column: str = "upos") -> IndexedCorpus:
    """Read the sentences of a file in any of the formats, gzipped or not.

    Args:
        path: the file.
        file_format: `csv`, `conllu`, `conll`, or `auto`: by the name, else by the first line that is no comment.
        column: which tag of a CoNLL-U file, `upos` or `xpos`.

    Raises:
        InputError: the file is missing, empty or unreadable, or a line of it is wrong.
    """
    if file_format == "auto":
        file_format = _detect(path)
    corpus = _read_columns(path, column) if file_format == "conllu" else None
    if corpus is None:
        corpus = _read_lines(path, file_format, column)
    if not len(corpus):
        raise InputError(f"{path}: no sentence in it, expected at least one")
    return corpus


def split_off(corpus: IndexedCorpus, share: float, seed: int) -> tuple[IndexedCorpus, IndexedCorpus]:
    """Draw a share of the sentences at random; return the rest and the drawn ones, both in their old order.

    Raises:
        InputError: one of the two would be empty.
    """
    amount = round(len(corpus) * share)
    if not 0 < amount < len(corpus):
        raise InputError(
            f"a share of {share} of {len(corpus)} sentences is {amount}, expected at least 1 and at most "
            f"{len(corpus) - 1}; give a file of its own or change data.dev_share, data.test_share"
        )
    drawn = set(random.Random(seed).sample(range(len(corpus)), amount))
    rest = [number for number in range(len(corpus)) if number not in drawn]
    return corpus.select(rest), corpus.select(sorted(drawn))


def _first_wrong_byte(path: Path) -> InputError:
    with open_input(path, _EXPECTED) as file:
        for number, raw_line in enumerate(file, start=1):
            line = raw_line.removeprefix(codecs.BOM_UTF8) if number == 1 else raw_line
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                return InputError.not_utf8(path, error, number)
    return InputError(f"{path}: was changed while it was read")


def _detect(path: Path) -> str:
    suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
    if suffixes and suffixes[-1] in (".csv", ".conllu"):
        return suffixes[-1][1:]
    with _open_lines(path) as lines:
        first = next((line.rstrip("\r\n") for line in lines if line.strip() and not line.startswith("#")), "")
    if first.replace(" ", "") == ",".join(CSV_HEADER):
        return "csv"
    return "conllu" if first.count("\t") == CONLLU_COLUMNS - 1 else "conll"


def _read_columns(path: Path, column: str) -> IndexedCorpus | None:
    from tagger.prepare.conllu_arrow import read_columns  # and Arrow with it, which no other format needs

    with open_input(path, _EXPECTED) as file:
        return read_columns(file, column)


def _read_lines(path: Path, file_format: str, column: str) -> IndexedCorpus:
    with _open_lines(path) as lines:
        return IndexedCorpus.of(_parse(lines, path, file_format, column))


@contextmanager
def _open_lines(path: Path) -> Iterator[Lines]:
    with open_input(path, _EXPECTED) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="\n") as lines:
        try:
            yield lines
        except UnicodeDecodeError:  # it says where in a buffer that is gone
            raise _first_wrong_byte(path) from None


def _parse(lines: Lines, path: Path, file_format: str, column: str) -> Iterator[Sentence]:
    if file_format == "csv":
        return parse_csv(lines, path)
    if file_format == "conllu":
        return parse_conllu(lines, path, column)
    return parse_conll(lines, path)
