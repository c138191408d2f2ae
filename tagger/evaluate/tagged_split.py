"""A split with its gold tags and those of one tagger: what everything that measures the tagger is computed from.

N tokens, K tags of the model, in the order of its dictionary. Gold tags that the model does not know have ids from K
on.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tagger.core.common.arrays import Flags, Probabilities, Tags
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import WordGroups, most_frequent_tags, word_groups
from tagger.evaluate.calibration import Bin, reliability
from tagger.evaluate.spans import SentenceSpans, sentence_spans


@dataclass(frozen=True, eq=False)
class TaggedSplit:
    """A split as one tagger tags it. What several figures share is computed once, when it is first needed."""

    split: EncodedSplit
    groups: WordGroups
    predicted: Tags  # (N)
    probabilities: Probabilities  # (N, K); K is 0 for a tagger without probabilities

    @classmethod
    def of(cls, probabilities: Probabilities, split: EncodedSplit, groups: WordGroups) -> "TaggedSplit":
        """Take the most probable tag of each token, the first of equals: (N, K) probabilities."""
        return cls(split, groups, probabilities.argmax(axis=1), probabilities)

    @classmethod
    def of_tags(cls, tags: Tags, split: EncodedSplit, groups: WordGroups) -> "TaggedSplit":
        """Take tags that come without probabilities: (N)."""
        return cls(split, groups, tags, np.empty((len(tags), 0), dtype=np.float32))

    @classmethod
    def baseline(cls, train: EncodedSplit, split: EncodedSplit) -> "TaggedSplit":
        """Give each word its most frequent tag in training."""
        return cls.of_tags(most_frequent_tags(train, split), split, word_groups(train, split))

    @cached_property
    def right(self) -> Flags:
        """Which tokens have the gold tag: (N)."""
        return np.asarray(self.predicted == self.split.tags)

    @cached_property
    def bins(self) -> list[Bin]:
        """The reliability diagram, empty bins included."""
        return reliability(self.probabilities, self.split.tags)

    @cached_property
    def spans(self) -> list[SentenceSpans]:
        """The spans of each sentence; empty if the tags mark no spans."""
        return sentence_spans(self.predicted, self.split)

    def accuracy(self, inside: Flags) -> float | None:
        """Return the share of right tags among some tokens, None if there is no such token: (N) which."""
        return float(self.right[inside].mean()) if inside.any() else None
