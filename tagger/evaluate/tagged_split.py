"""A split with its gold tags and those of one tagger: what everything that measures the tagger is computed from.

N tokens, K tags of the model, in the order of its dictionary. Gold tags that the model does not know have ids from K
on.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tagger.core.common.arrays import Array, Flags, Float64s, Probabilities, Tags
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import WordGroups, most_frequent_tags, word_groups
from tagger.evaluate.calibration import BINS, bin_numbers, brier_scores, gold_nll
from tagger.evaluate.spans import SentenceSpans, count_spans, sentence_spans


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
    def spans(self) -> list[SentenceSpans]:
        """The spans of each sentence; empty if the tags mark no spans."""
        return sentence_spans(self.predicted, self.split)

    def accuracy(self, inside: Flags) -> float | None:
        """Return the share of right tags among some tokens, None if there is no such token: (N) which."""
        return float(self.right[inside].mean()) if inside.any() else None

    @cached_property
    def sums(self) -> dict[str, Float64s]:
        """What metrics are computed from, summed over each of the S sentences: (S, ...).

        By token: `tokens`, `right`; for each group of words `known` and `known_right`, and so on. By sentence:
        `sentences`, `right_sentences`. By tag, (S, T): `right_tags`, `gold_tags`, `predicted_tags`. If the tags mark
        spans, (S, 3): `spans` that are right, found and gold. If there are probabilities: `known_tags`, tokens whose
        gold tag the model knows; `nll`; `brier`; `gaps`, right minus confidence by bin of confidence, (S, BINS).
        """
        split, right = self.split, self.right
        by_token: dict[str, Array] = {"tokens": np.ones(len(right)), "right": right}
        for name, inside in self.groups._asdict().items():
            by_token |= {name: inside, f"{name}_right": inside & right}
        if amount := self.probabilities.shape[1]:
            by_token["known_tags"] = split.tags < amount
            by_token["nll"] = gold_nll(self.probabilities, split.tags)
            by_token["brier"] = brier_scores(self.probabilities, split.tags)
        starts = split.sentence_starts[:-1]
        sums = {name: np.add.reduceat(values.astype(np.float64), starts) for name, values in by_token.items()}
        sums["sentences"] = np.ones(split.sentences)
        sums["right_sentences"] = (sums["right"] == sums["tokens"]).astype(np.float64)
        sums["right_tags"] = self._table(split.tags, len(split.tag_names), right)
        sums["gold_tags"] = self._table(split.tags, len(split.tag_names))
        sums["predicted_tags"] = self._table(self.predicted, len(split.tag_names))
        if self.spans:
            sums["spans"] = count_spans(self.spans)
        if amount:
            confidence = self.probabilities.max(axis=1).astype(np.float64)
            sums["gaps"] = self._table(bin_numbers(confidence), BINS, right - confidence)
        return sums

    def _table(self, columns: Tags, width: int, values: Array | float = 1.0) -> Float64s:
        """Sum a value of each token by sentence and column: (N) columns, (N) values -> (S, width)."""
        table = np.zeros((self.split.sentences, width))
        np.add.at(table, (np.repeat(np.arange(len(table)), self.split.lengths), columns), values)
        return table
