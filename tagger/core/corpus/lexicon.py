"""What the training split knows of each word: whether it occurs, and with which tags.

N tokens. Words are compared as the model looks them up: in lower case if `data.lowercase` is on.
"""

from typing import NamedTuple

import numpy as np

from tagger.core.common.arrays import Flags, Int32s, Int64s
from tagger.core.corpus.dictionary import UNKNOWN
from tagger.core.corpus.encoded_split import EncodedSplit

_CHUNK = 1_000_000  # tokens counted at once, to bound memory on a large corpus


class WordGroups(NamedTuple):
    """Which tokens belong to which group: (N) each."""

    known: Flags  # training has the word
    ambiguous: Flags  # known, and training has it with more than one tag
    unknown: Flags


def word_groups(train: EncodedSplit, split: EncodedSplit) -> WordGroups:
    """Group the tokens of a split by what training knows about their words."""
    words, _, _ = _tag_counts(train)
    found, tags = np.unique(words, return_counts=True)
    looked_up = split.form_words[split.forms]
    unknown = np.asarray(looked_up == UNKNOWN)
    return WordGroups(known=~unknown, ambiguous=np.isin(looked_up, found[tags > 1]), unknown=unknown)


def most_frequent_tags(train: EncodedSplit, split: EncodedSplit) -> Int32s:
    """Return the baseline's tag for each token, (N): the word's most frequent tag in training.

    An unknown word gets the most frequent tag of all. Ties go to the first by name, the order of tag ids.
    """
    words, tags, counts = _tag_counts(train)
    order = np.lexsort((tags, -counts, words))
    found, first = np.unique(words[order], return_index=True)
    fallback = np.bincount(tags, weights=counts).argmax()
    best = np.full(max(found.max(), split.form_words.max(initial=0)) + 1, fallback, dtype=np.int32)
    best[found] = tags[order][first]
    return best[split.form_words[split.forms]]


def _tag_counts(train: EncodedSplit) -> tuple[Int64s, Int64s, Int64s]:
    """Return the words, tags and counts of all word-tag pairs that occur."""
    kinds = len(train.tag_names)
    parts = []
    for start in range(0, len(train.forms), _CHUNK):
        inside = slice(start, start + _CHUNK)
        forms, tags = (values[inside][train.tagged[inside]] for values in (train.forms, train.tags))
        parts.append(np.unique(train.form_words[forms].astype(np.int64) * kinds + tags, return_counts=True))
    pairs, place = np.unique(np.concatenate([pairs for pairs, _ in parts]), return_inverse=True)
    counts = np.bincount(place, weights=np.concatenate([counts for _, counts in parts]))
    return pairs // kinds, pairs % kinds, counts.astype(np.int64)
