"""Sentences by the million in memory: each distinct word and tag is held once, each token as two numbers."""

import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from tagger.core.common.arrays import Int32s, Int64s

BLANKS = " \t\r\n"  # a word is more than these; any other white space may be one
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

    @property
    def tag_counts(self) -> list[int]:
        """How often each tag occurs: (K)."""
        counts: list[int] = np.bincount(self.tags - NO_TAG, minlength=len(self.tag_names) + 1)[1:].tolist()
        return counts

    def __len__(self) -> int:
        """Count the sentences."""
        return len(self.sentence_starts) - 1

    def __iter__(self) -> Iterator[Sentence]:
        """Yield the sentences as text."""
        forms, tags = self.form_texts, [*self.tag_names, ""]  # as an index, NO_TAG is the last place
        for start, end in pairwise(self.sentence_starts.tolist()):
            words = tuple(forms[form] for form in self.forms[start:end].tolist())
            names = tuple(tags[tag] for tag in self.tags[start:end].tolist())
            yield Sentence(words, names)

    def normalised(self) -> "IndexedCorpus":
        """Return the sentences with every word in Unicode's form NFC."""
        return self._renumbered(form_texts=[unicodedata.normalize("NFC", text) for text in self.form_texts])

    def select(self, sentences: Sequence[int]) -> "IndexedCorpus":
        """Return the sentences with these numbers, indexed as if there were no others."""
        chosen = np.asarray(sentences, dtype=np.int64)
        lengths = np.diff(self.sentence_starts)[chosen]
        starts = np.concatenate(([0], np.cumsum(lengths)))
        places = np.arange(starts[-1]) + np.repeat(self.sentence_starts[chosen] - starts[:-1], lengths)
        return self._renumbered(sentence_starts=starts, forms=self.forms[places], tags=self.tags[places])

    def _renumbered(self, **changes: Any) -> "IndexedCorpus":
        """Return the corpus with fields replaced, forms and tags numbered anew in the order of first occurrence."""
        changed = replace(self, **changes)
        form_ids, tag_ids = _Numbering(), _Numbering({"": 0})
        forms = form_ids.renumber(changed.forms, changed.form_texts)
        tags = tag_ids.renumber(changed.tags - NO_TAG, ["", *changed.tag_names]) + np.int32(NO_TAG)
        return replace(changed, forms=forms, tags=tags, form_texts=list(form_ids), tag_names=list(tag_ids)[1:])


class _Numbering(dict[str, int]):
    """Numbers each text when it is first asked for."""

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self)
        return number

    def renumber(self, ids: Int32s, texts: Sequence[str]) -> Int32s:
        """Turn indices into `texts` into numbers, new ones in the order of first use."""
        first = np.full(len(texts), len(ids))
        first[ids[::-1]] = np.arange(len(ids))[::-1]  # of several values for one place, the last one counts
        used = np.argsort(first, kind="stable")[: np.count_nonzero(first < len(ids))]
        numbers = np.zeros(len(texts), dtype=np.int32)
        numbers[used] = [self[texts[index]] for index in used.tolist()]
        return numbers[ids]
