"""Sentences as arrays of numbers, kept in a folder and memory-mapped on loading.

A split keeps each distinct word form once: the form has the word id, affixes and characters, and a token is the number
of its form. S sentences, N tokens, F distinct forms, at most A affixes per word, C characters in all forms.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from tagger.core.common.arrays import Flags, Int32s, Int64s
from tagger.core.common.errors import InputError
from tagger.core.common.files import reading
from tagger.core.corpus.dictionary import EXPECTED, MOST_AFFIXES, Dictionaries
from tagger.core.corpus.indexed_corpus import NO_TAG, IndexedCorpus, Sentence

_ANY = [2**31] * 3  # sizes of dictionaries


@dataclass(frozen=True, eq=False)
class ArrayFolder:
    """A base for dataclasses: arrays are kept as .npy files, fields of type list[str] as JSON."""

    def save(self, folder: Path) -> None:
        """Write a file for each field."""
        for name, value in self._values().items():
            if isinstance(value, list):
                text = json.dumps(value, ensure_ascii=False, indent=0)
                (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8", newline="\n")
            else:
                np.save(folder / f"{name}.npy", value)

    @classmethod
    def load(cls, folder: Path, sizes: Sequence[int] = ()) -> Self:
        """Open what `save` wrote. Arrays stay on disk, but are read once to check that they fit.

        `sizes` are those that `fits` takes, or the first of them. Raises InputError if a file is missing or damaged, or
        does not fit the others or the dictionaries.
        """
        values: dict[str, Any] = {}
        for field in fields(cls):
            path = folder / f"{field.name}.{'json' if field.type == list[str] else 'npy'}"
            with reading(path, EXPECTED):
                if path.suffix == ".json":
                    values[field.name] = json.loads(path.read_text(encoding="utf-8"))
                    "".join([] + values[field.name]).encode()  # fails unless it is a list of strings
                else:
                    values[field.name] = np.load(path, mmap_mode="r", allow_pickle=False)
        opened = cls(**values)
        for name, fits in opened.fits((*sizes, *_ANY)).items():
            if not fits:
                others = "the other files and the dictionaries; `dvc repro` rewrites it"
                raise InputError(f"{folder / name}.npy: damaged: does not fit {others}")
        return opened

    def fits(self, sizes: Sequence[int]) -> dict[str, bool]:
        """Return by name whether each array fits the others and some sizes."""
        raise NotImplementedError

    def digest(self) -> str:
        """Return a fingerprint of the content: 32 hexadecimal digits of SHA-256."""
        digest = hashlib.sha256()
        for value in self._values().values():
            if isinstance(value, list):
                digest.update(json.dumps(value).encode())
            else:
                digest.update(np.ascontiguousarray(value).reshape(-1).data)  # read from disk piece by piece
        return digest.hexdigest()[:32]

    def _values(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True)
class EncodedSplit(ArrayFolder):
    """The tokens of one split, and what is known about each of its distinct word forms."""

    sentence_starts: Int64s  # (S + 1): sentence i holds the tokens from [i] up to [i + 1]
    forms: Int32s  # (N): the form of each token
    tags: Int32s  # (N): ids of `tag_names`, or NO_TAG
    form_words: Int32s  # (F): the id under which the form is looked up
    form_affixes: Int32s  # (F, A): ids of its affixes, PADDING past its last
    form_starts: Int64s  # (F + 1): form i holds the characters from [i] up to [i + 1]
    characters: Int32s  # (C): ids of the characters
    form_texts: list[str]  # F
    tag_names: list[str]  # the tags of the dictionary, then those that only this split has
    may_follow: Flags  # which tag of the dictionary may follow which, as `best_tags` takes it

    def fits(self, sizes: Sequence[int]) -> dict[str, bool]:
        """Return by name whether each array fits the others and `sizes`: the number of ids of words, characters, ..."""
        tokens, forms, tags = self.forms.size, len(self.form_texts), len(self.tag_names)
        shapes = [(known + 1, known) for known in range(tags + 1)]  # no tag is known if any may follow
        return {
            "may_follow": self.may_follow.dtype == bool and self.may_follow.shape in shapes,
            "sentence_starts": _are_starts(self.sentence_starts, self.sentence_starts.size - 1, tokens),
            "forms": are_ids(self.forms, (tokens,), forms),
            "tags": are_ids(self.tags, (tokens,), tags, first=NO_TAG),
            "form_words": are_ids(self.form_words, (forms,), sizes[0]),
            "form_affixes": any(
                are_ids(self.form_affixes, (forms, most), sizes[2]) for most in (MOST_AFFIXES, MOST_AFFIXES + 1)
            ),
            "form_starts": _are_starts(self.form_starts, forms, self.characters.size),
            "characters": are_ids(self.characters, (self.characters.size,), sizes[1]),
        }

    @property
    def sentences(self) -> int:
        """The number of sentences."""
        return len(self.sentence_starts) - 1

    @cached_property
    def lengths(self) -> Int64s:
        """The number of tokens of each sentence: (S)."""
        return np.diff(self.sentence_starts)

    @cached_property
    def tagged(self) -> Flags:
        """Which tokens have a gold tag: (N). The others are context only, left out of every loss and metric."""
        return np.asarray(self.tags != NO_TAG)

    def known_to(self, amount: int) -> Flags:
        """Return which tokens have one of the first `amount` tags as gold tag: (N)."""
        return self.tagged & (self.tags < amount)

    @cached_property
    def tagged_lengths(self) -> Int64s:
        """The number of tokens of each sentence that have a gold tag: (S)."""
        return np.add.reduceat(self.tagged, self.sentence_starts[:-1], dtype=np.int64)


def _are_starts(values: Int64s, amount: int, end: int) -> bool:
    is_array = amount > 0 and (values.shape, values.dtype) == ((amount + 1,), np.dtype(np.int64))
    return is_array and (values[0], values[-1]) == (0, end) and bool((np.diff(values) > 0).all())


def are_ids(values: Int32s, shape: tuple[int, ...], size: int, first: int = 0) -> bool:
    """Return whether an array has this shape, and only ids from the first up to a size."""
    is_array = (values.shape, values.dtype) == (shape, np.dtype(np.int32))
    return is_array and bool(values.min(initial=first) >= first and values.max(initial=-1) < size)


def encode(sentences: Iterable[Sentence] | IndexedCorpus, dictionaries: Dictionaries) -> EncodedSplit:
    """Encode sentences, tagged or not.

    A tag that is not in the dictionary gets an id past its last, so that no prediction equals it.
    """
    corpus = IndexedCorpus.of(sentences)
    tag_ids = dict(dictionaries.tags.ids)
    ids = [tag_ids.setdefault(name, len(tag_ids)) for name in corpus.tag_names]
    character_id = dictionaries.characters.id
    texts = corpus.form_texts
    return EncodedSplit(
        sentence_starts=corpus.sentence_starts,
        forms=corpus.forms,
        tags=np.array([*ids, NO_TAG], dtype=np.int32)[corpus.tags],  # as an index, NO_TAG is the last place
        form_words=np.array([dictionaries.word_id(form) for form in texts], dtype=np.int32),
        form_affixes=np.array([dictionaries.affix_ids(form) for form in texts], dtype=np.int32).reshape(
            -1, dictionaries.most_affixes
        ),
        form_starts=np.cumsum([0, *map(len, texts)], dtype=np.int64),
        characters=np.array([character_id(character) for form in texts for character in form], dtype=np.int32),
        form_texts=texts,
        tag_names=list(tag_ids),
        may_follow=dictionaries.may_follow,
    )
