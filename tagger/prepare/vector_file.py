"""Pretrained vectors in the text format of word2vec, GloVe and fastText: one word and its numbers per line.

::

    400000 3
    the 0.418 0.25 -0.412
    New York 0.013 0.237 1e-3

The first line has the number of vectors and their width; GloVe's files lack it. A word may contain spaces.
"""

import math
from array import array
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain, takewhile
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tagger.core.common.errors import InputError, clip
from tagger.core.corpus.dictionary import Dictionary
from tagger.core.corpus.word_vectors import NO_VECTORS, WordVectors
from tagger.prepare.input_files import open_input

_EXPECTED = "vectors in the text format of word2vec, GloVe or fastText"

_PEEKED = 4096  # bytes


def read_vectors(path: Path, words: Dictionary, width: int) -> WordVectors:
    """Read the vectors of the words of a dictionary. Nothing else is kept, so the file may be larger than memory.

    A word gets the vector of the first equal word in the file or, failing that, of the first that equals it in lower
    case. So `Paris` serves `paris` in a dictionary of lower-case words. Raises InputError if the file is missing or
    damaged, or a line is not a word and `width` numbers. The numbers of words that are not kept are counted but not
    read.
    """
    vectors: dict[int, array[float]] = {}
    final: set[int] = set()  # ids whose vector is that of an equal word
    with open_input(path, _EXPECTED) as file:
        for number, word, line in _vectors(file, path, width):
            is_equal = word in words.ids
            id_ = words.ids.get(word if is_equal else word.lower())
            if id_ is None or id_ in final or (id_ in vectors and not is_equal):
                continue
            fields = line.split()[-width:]
            vector = _leading_numbers(fields)
            finite = list(takewhile(math.isfinite, vector))
            if len(finite) < width:
                wrong = clip(fields[len(finite)].decode(errors="backslashreplace"))
                raise InputError.at(path, number, f"the vector of {word!r} has {wrong!r}, expected a finite number")
            vectors[id_] = vector
            if is_equal:
                final.add(id_)
    if not vectors:
        return NO_VECTORS
    return WordVectors(np.array([*vectors], dtype=np.int32), np.array([*vectors.values()], dtype=np.float32))


def _vectors(file: BinaryIO, path: Path, width: int) -> Iterator[tuple[int, str, bytes]]:
    """Yield the number of each line that holds a vector, its word, and the whole line."""
    if b"\0" in file.peek(_PEEKED)[:_PEEKED]:  # type: ignore[attr-defined]
        raise InputError(f"{path}: is binary, expected {_EXPECTED}; gensim's `save_word2vec_format` writes that")
    first = file.readline()
    announced, found = _announced(first.split(), path, width), 0
    for number, raw_line in enumerate(chain([first if announced is None else b""], file), start=1):
        line = raw_line.rstrip()
        if not line:
            continue
        found += 1
        if line.count(b" ") == width:  # true of nearly all lines, and ten times as fast as splitting
            word = line[: line.index(b" ")]
        else:
            word, *rest = line.rsplit(None, width)
            if len(rest) != width:
                shown = clip(line.decode(errors="backslashreplace"))
                wrong = f"{len(line.split()) - 1} numbers, expected a word and {width}: {shown!r}"
                raise InputError.at(path, number, wrong)
        # A word with bytes that are not UTF-8 matches no word of a corpus.
        yield number, word.decode("utf-8", "surrogateescape"), line
    if announced is None and not found:
        raise InputError(f"{path}: is empty, expected {_EXPECTED}; a file with only the line '0 0' means no vectors")
    if announced is not None and found != announced:
        raise InputError.at(path, 1, f"announces {announced} vectors, but {found} follow; is the file truncated?")


def _announced(fields: list[bytes], path: Path, width: int) -> int | None:
    """Return how many vectors the first line announces, None if it is itself a vector; check how wide they are."""
    count, found = None, len(_leading_numbers(reversed(fields[1:])))
    if len(fields) == 2 and all(field.isdigit() for field in fields):
        count, found = map(int, fields)
    if fields and found != width and count != 0:
        raise InputError.at(path, 1, f"vectors of {found} numbers, but model.word_dim is {width}; the two must agree")
    return count


def _leading_numbers(fields: Iterable[bytes]) -> "array[float]":
    """Return the fields as numbers, up to the first that is not a number."""
    numbers = array("f")
    with suppress(ValueError):
        numbers.extend(map(float, fields))
    return numbers
