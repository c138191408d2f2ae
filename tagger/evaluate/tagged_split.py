"""A split with its gold tags and those of one tagger, from which all metrics of the tagger are computed.

N tokens, K tags of the model, in the order of its dictionary. Gold tags that the model does not know have ids from K
on. S sentences, T tags, of the model or gold.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from tagger.core.common.arrays import Array, Flags, Float64s, Int64s, Probabilities, Tags
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import WordGroups, most_frequent_tags, word_groups
from tagger.core.corpus.span_tags import SMALLEST, best_tags
from tagger.core.corpus.spans import spans_of

BINS = 15  # as in Guo et al. (2017), "On Calibration of Modern Neural Networks"


@dataclass(frozen=True, eq=False)
class TaggedSplit:
    """A split as one tagger tags it. Values that several metrics share are computed once, when first needed."""

    split: EncodedSplit
    groups: WordGroups
    predicted: Tags  # (N)
    probabilities: Probabilities = field(default_factory=lambda: np.empty((0, 0), dtype=np.float32))  # (N, K) if any

    @classmethod
    def of(cls, probabilities: Probabilities, split: EncodedSplit, groups: WordGroups) -> "TaggedSplit":
        """Take the most probable tag of each token, the first of equals: (N, K) probabilities."""
        return cls(split, groups, best_tags(probabilities, split.lengths, split.may_follow), probabilities)

    @classmethod
    def baseline(cls, train: EncodedSplit, split: EncodedSplit) -> "TaggedSplit":
        """Give each word its most frequent tag in training."""
        return cls(split, word_groups(train, split), most_frequent_tags(train, split))

    @cached_property
    def right(self) -> Flags:
        """Which tokens have the gold tag: (N). One without any is neither right nor wrong."""
        return np.asarray(self.predicted == self.split.tags)

    @cached_property
    def confidence(self) -> Float64s:
        """The probability of each predicted tag: (N)."""
        return self.probabilities[np.arange(len(self.predicted)), self.predicted].astype(np.float64)

    @cached_property
    def bins(self) -> Int64s:
        """The bin of each confidence: (N), from 0. Of the `BINS` bins of equal width, each holds its upper end."""
        return np.clip(np.ceil(self.confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)

    @cached_property
    def sums(self) -> dict[str, Float64s]:
        """What metrics are computed from, summed over the tagged tokens of each sentence: (S), or (S, columns).

        Tokens: `tokens`, `right`, and for each group of words such as `known` also `known_right`. Sentences:
        `sentences`, `right_sentences`. By tag, (S, T): `right_tags`, `predicted_tags`, `gold_tags`. If the tags mark
        spans: `right_spans`, `found_spans`, `gold_spans`. If there are probabilities: `known_tags`, tokens whose gold
        tag the model knows; their `nll`, -ln(probability of the gold tag); `brier`, the squared distance between the
        probabilities and the one-hot truth (Brier 1950), where an unknown gold tag has probability 0; `gaps`, right
        minus confidence by bin, (S, BINS).
        """
        split, right = self.split, self.right
        sums = {
            "right_tags": self._table(split.tags, len(split.tag_names), right),
            "predicted_tags": self._table(self.predicted, len(split.tag_names)),
            "gold_tags": self._table(split.tags, len(split.tag_names)),
        }
        by_token: dict[str, Array] = {"tokens": np.ones(len(right)), "right": right}
        for name, inside in self.groups._asdict().items():
            by_token |= {name: inside, f"{name}_right": inside & right}
        for name, spans in spans_of(self.predicted, split).items():
            by_token[f"{name}_spans"] = np.zeros(len(right))
            by_token[f"{name}_spans"][np.flatnonzero(split.tagged)[[span.start for span in spans]]] = 1
        if amount := self.probabilities.shape[1]:
            values = self.probabilities.astype(np.float64)
            known = split.known_to(amount)
            gold = np.where(known, values[np.arange(len(right)), np.minimum(split.tags, amount - 1)], 0)
            by_token |= {"known_tags": known, "nll": np.where(known, -np.log(np.maximum(gold, SMALLEST)), 0)}
            by_token["brier"] = np.square(values, out=values).sum(axis=1) + 1 - 2 * gold
            sums["gaps"] = self._table(self.bins, BINS, right - self.confidence)
        for name, values in by_token.items():
            sums[name] = np.add.reduceat(values.astype(np.float64) * split.tagged, split.sentence_starts[:-1])
        sentences = (sums["tokens"] > 0).astype(np.float64)
        return sums | {"sentences": sentences, "right_sentences": sentences * (sums["right"] == sums["tokens"])}

    def _table(self, columns: Tags, width: int, values: Array | float = 1.0) -> Float64s:
        """Sum a value of each tagged token by sentence and column: (N) columns, (N) values -> (S, width)."""
        table = np.zeros((self.split.sentences, width))
        places = np.repeat(np.arange(len(table)), self.split.lengths), columns, np.broadcast_to(values, columns.shape)
        sentences, inside, counted = (part[self.split.tagged] for part in places)
        np.add.at(table, (sentences, inside), counted)
        return table
