"""A memory of the word forms seen so far: the word id and the vector of each."""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import NamedTuple

import numpy as np

from tagger.core.common.arrays import Float32s, Int32s
from tagger.core.corpus.dictionary import Dictionaries

MOST_FORMS = 30_000
MOST_CHARACTERS = 1_000_000  # of all forms together
MOST_BYTES = 2**26  # of all vectors together


class KnownForms(NamedTuple):
    """Forms as the tagger's graph expects them: F forms, N words, V width of a vector."""

    rows: Int32s  # (N): the row of each word in the two arrays below
    word_ids: Int32s  # (F)
    vectors: Float32s  # (F, V)


class FormVectors:
    """A bounded memory of forms. It is emptied once it is full, which is simple, and common forms soon return."""

    def __init__(self, dictionaries: Dictionaries, encode: Callable[[Sequence[str]], Float32s], width: int) -> None:
        """Begin empty.

        Args:
            dictionaries: the model's.
            encode: returns the vectors of forms, (F, V).
            width: V.
        """
        self._word_id = dictionaries.word_id
        self._encode = encode
        self._width = width
        self._most = max(1, min(MOST_FORMS, MOST_BYTES // (4 * max(1, width))))
        self._lock = Lock()
        self._empty(self._most)

    def look_up(self, words: Sequence[str]) -> KnownForms:
        """Return what the tagger needs for these words; new forms are encoded first. Many threads may call it."""
        with self._lock:
            new = dict.fromkeys(word for word in words if word not in self._rows)
            if new and not self._has_room(new):
                new = dict.fromkeys(words)
                self._empty(max(self._most, len(new)))
            if new:
                self._add(list(new))
            rows = np.array([self._rows[word] for word in words], dtype=np.int32)
            # No copy is needed: emptying makes new arrays, and adding writes only to rows that no earlier answer uses.
            return KnownForms(rows, self._word_ids, self._vectors)

    def _has_room(self, new: dict[str, None]) -> bool:
        characters = self._characters + sum(map(len, new))
        return len(self._rows) + len(new) <= len(self._word_ids) and characters <= MOST_CHARACTERS

    def _empty(self, size: int) -> None:
        self._rows: dict[str, int] = {}
        self._characters = 0
        self._word_ids: Int32s = np.empty(size, dtype=np.int32)
        self._vectors: Float32s = np.empty((size, self._width), dtype=np.float32)

    def _add(self, new: list[str]) -> None:
        first = len(self._rows)
        self._vectors[first : first + len(new)] = self._encode(new)
        self._word_ids[first : first + len(new)] = [self._word_id(form) for form in new]
        self._rows.update(zip(new, range(first, first + len(new)), strict=True))
        self._characters += sum(map(len, new))
