"""Sentences from standard input as they arrive: many at once from a file, one by one from a person or a slow pipe.

They are lines of text, JSON lists of words, or CoNLL-U. Any other line raises an InputError that names it.
"""

import codecs
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple, cast

from tagger.core.common.errors import InputError, counted
from tagger.predict.conllu import WORD

NAME = "standard input"
_KEYS = ("tokens", "words", "sentence", "text")  # of an object; the first one present counts
_COLUMNS = 10  # of CoNLL-U
_BLOCK = 1 << 20  # most bytes read at once; a pipe returns what it holds


def read_available(stream: BinaryIO) -> Iterator[list[str]]:
    """Yield the lines that have arrived, as lists without line ends; an error comes after the lines before it."""
    number = 1
    for content in _whole_lines(stream):
        whole = content.removeprefix(codecs.BOM_UTF8) if number == 1 else content
        try:
            lines = whole.decode().split("\n")
        except UnicodeDecodeError as error:
            yield [line.rstrip("\r") for line in whole[: error.start].decode().split("\n")[:-1]]
            raise InputError.not_utf8(NAME, error, number) from None
        yield [line.rstrip("\r") for line in lines]
        number += len(lines)


def _whole_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield what has arrived, up to the end of its last line but without it."""
    begun = b""  # a line whose end has not arrived
    while block := cast(io.BufferedIOBase, stream).read1(_BLOCK):  # BinaryIO does not declare it
        whole, end, begun = (begun + block).rpartition(b"\n")
        if end:
            yield whole
    if begun:
        yield begun


def read_json(chunks: Iterable[Sequence[str]]) -> Iterator[list[Any]]:
    """Yield the sentences in lines of JSON: lists of words, texts, or objects that hold one. A blank line is empty."""
    number = 0
    for lines in chunks:
        sentences = []
        for line in lines:
            number += 1
            try:
                found = json.loads(line) if line.strip() else []
            except (ValueError, RecursionError) as error:
                raise InputError.at(NAME, number, f"not JSON: {error}") from None
            if isinstance(found, dict):
                found = next((found[key] for key in _KEYS if key in found), None)
            if not isinstance(found, str | list):
                keys = f"{', '.join(_KEYS[:-1])} or {_KEYS[-1]}"
                raise InputError.at(NAME, number, f"expected a list of words, or an object with one as {keys}")
            sentences.append(found)
        yield sentences


class ConlluSentence(NamedTuple):
    """The lines of a sentence in CoNLL-U, and its words."""

    lines: list[str]
    words: list[str]


def read_conllu(chunks: Iterable[Sequence[str]]) -> Iterator[list[ConlluSentence]]:
    """Yield the sentences of CoNLL-U that are complete, tagged or not; lines after the last one come at the end."""
    number = 0
    lines: list[str] = []
    words: list[str] = []
    for chunk in chunks:
        sentences = []
        for line in chunk:
            number += 1
            lines.append(line)
            cells = line.split("\t")
            if line.strip() and not line.startswith("#") and len(cells) < _COLUMNS:
                expected = f"expected {_COLUMNS} separated by tabs: {line[:60]!r}"
                raise InputError.at(NAME, number, f"{counted(len(cells), 'column')}, {expected}")
            if WORD.match(line):
                words.append(cells[1])
            if not line.strip() and words:
                sentences.append(ConlluSentence(lines, words))
                lines, words = [], []
        yield sentences
    if lines:
        yield [ConlluSentence(lines, words)]
