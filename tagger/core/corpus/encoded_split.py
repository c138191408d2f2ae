"""Sentences as arrays of numbers that are loaded by memory map.

A split keeps each distinct word form once: its word id, affixes and characters belong to the form, and a token is the
number of its form. S sentences, N tokens, F distinct forms, A affixes of a word at most, C characters of all forms.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np

from tagger.core.common.arrays import Int32s, Int64s
from tagger.core.common.errors import InputError
from tagger.core.corpus.affixes import MOST
from tagger.core.corpus.dictionary import Dictionaries
from tagger.core.corpus.indexed_corpus import NO_TAG, IndexedCorpus, Sentence


@dataclass(frozen=True)
class EncodedSplit:
    """The tokens of one split, and what is known of each of its distinct word forms."""

    sentence_starts: Int64s  # (S + 1): sentence i holds the tokens from [i] up to [i + 1]
    forms: Int32s  # (N): the form of each token
    tags: Int32s  # (N): ids of `tag_names`, or NO_TAG
    form_words: Int32s  # (F): the id under which the form is looked up
    form_affixes: Int32s  # (F, A): ids of its affixes, PADDING where it has no more
    form_starts: Int64s  # (F + 1): form i holds the characters from [i] up to [i + 1]
    characters: Int32s  # (C): ids of the characters
    form_texts: list[str]  # F
    tag_names: list[str]  # the tags of the dictionary, then those that only this split has

    @property
    def sentences(self) -> int:
        """The number of sentences."""
        return len(self.sentence_starts) - 1

    @cached_property
    def lengths(self) -> Int64s:
        """The number of tokens of each sentence: (S)."""
        return np.diff(self.sentence_starts)

    def save(self, folder: Path) -> None:
        """Write each array as .npy, and the texts as JSON."""
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name))
        for name in _TEXTS:
            text = json.dumps(getattr(self, name), ensure_ascii=False, indent=0)
            (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8", newline="\n")

    @classmethod
    def load(cls, folder: Path) -> "EncodedSplit":
        """Open what `save` wrote; arrays stay on the disk until they are read.

        Raises:
            InputError: a file is missing or damaged.
        """
        try:
            arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS}
            texts = {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in _TEXTS}
        except FileNotFoundError as error:
            raise InputError(
                f"{error.filename}: no such file; expected an encoded split, as `prepare` writes it"
            ) from None
        except (ValueError, EOFError) as error:
            raise InputError(f"{folder}: damaged encoded split: {error}") from None
        return cls(**arrays, **texts)

    def digest(self) -> str:
        """Return a fingerprint of the content: 32 hexadecimal digits of SHA-256."""
        digest = hashlib.sha256()
        for name in _ARRAYS:
            digest.update(np.ascontiguousarray(getattr(self, name)).data)  # read from the disk piece by piece
        for name in _TEXTS:
            digest.update(json.dumps(getattr(self, name)).encode())
        return digest.hexdigest()[:32]


_ARRAYS = tuple(field.name for field in fields(EncodedSplit) if field.type not in ("list[str]", list[str]))
_TEXTS = ("form_texts", "tag_names")


def encode(sentences: Iterable[Sentence] | IndexedCorpus, dictionaries: Dictionaries) -> EncodedSplit:
    """Encode sentences, tagged or not.

    A tag that the dictionary lacks gets an id past its last, so that no prediction equals it.
    """
    corpus = IndexedCorpus.of(sentences)
    tag_ids = dict(dictionaries.tags.ids)
    ids = [tag_ids.setdefault(name, len(tag_ids)) for name in corpus.tag_names]
    character_id = dictionaries.characters.id
    texts = corpus.form_texts
    return EncodedSplit(
        sentence_starts=corpus.sentence_starts,
        forms=corpus.forms,
        tags=np.array([*ids, NO_TAG], dtype=np.int32)[corpus.tags],  # NO_TAG is also the place of the last
        form_words=np.array([dictionaries.word_id(form) for form in texts], dtype=np.int32),
        form_affixes=np.array([dictionaries.affix_ids(form) for form in texts], dtype=np.int32).reshape(-1, MOST),
        form_starts=np.cumsum([0, *map(len, texts)], dtype=np.int64),
        characters=np.array([character_id(character) for form in texts for character in form], dtype=np.int32),
        form_texts=texts,
        tag_names=list(tag_ids),
    )
