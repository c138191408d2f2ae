"""Millions of sentences in memory: each distinct word and tag is stored once, each token as two numbers."""

import unicodedata
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tagger.core.common.arrays import Int32s, Int64s

BLANKS = " \t\r\n"  # never a word; other white space may be one
NO_TAG = -1  # the tag of a token without a gold tag


class Sentence(NamedTuple):
    """Words and their tags, one for one; an empty tag is missing."""

    words: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class IndexedCorpus:
    """S sentences with N tokens in total; their F distinct forms and K tags in the order of first occurrence."""

    sentence_starts: Int64s  # (S + 1): sentence i holds the tokens from [i] up to [i + 1]
    forms: Int32s  # (N): the form of each token
    tags: Int32s  # (N): the tag of each token, or NO_TAG
    form_texts: list[str]  # F
    tag_names: list[str]  # K

    @classmethod
    def of(cls, sentences: "Iterable[Sentence] | IndexedCorpus") -> "IndexedCorpus":
        """Index sentences, tagged or not, one after the other; an indexed corpus is returned as it is."""
        if isinstance(sentences, IndexedCorpus):
            return sentences
        form_ids, tag_ids = _Numbering(), _Numbering({"": 0})
        starts, forms, tags = array("q", [0]), array("i"), array("i")
        for sentence in sentences:
            forms.extend(map(form_ids.__getitem__, sentence.words))
            tags.extend(map(tag_ids.__getitem__, sentence.tags or [""] * len(sentence.words)))
            starts.append(len(forms))
        return cls(
            np.frombuffer(starts, dtype=np.int64),
            np.frombuffer(forms, dtype=np.int32),
            np.frombuffer(tags, dtype=np.int32) + np.int32(NO_TAG),
            list(form_ids),
            list(tag_ids)[1:],
        )

    def __len__(self) -> int:
        """Count the sentences."""
        return len(self.sentence_starts) - 1

    def __iter__(self) -> Iterator[Sentence]:
        """Yield the sentences as text."""
        forms, tags = self.form_texts, [*self.tag_names, ""]  # as an index, NO_TAG is the last place
        for start, end in pairwise(self.sentence_starts.tolist()):
            words = map(forms.__getitem__, self.forms[start:end].tolist())
            yield Sentence(tuple(words), tuple(map(tags.__getitem__, self.tags[start:end].tolist())))

    def normalised(self) -> "IndexedCorpus":
        """Return the sentences with every word in Unicode's form NFC."""
        ids = _Numbering()
        numbers = np.array([ids[unicodedata.normalize("NFC", text)] for text in self.form_texts], dtype=np.int32)
        return replace(self, forms=numbers[self.forms], form_texts=list(ids))


class _Numbering(dict[str, int]):
    """Numbers each text when it is first asked for."""

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self)
        return number
