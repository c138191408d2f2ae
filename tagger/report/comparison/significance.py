"""Whether two taggers differ, or the test split is too small to tell: paired bootstrap and McNemar's test.

S sentences, N tokens, K tags, R resamples. Sentences are drawn, not tokens: the words of one sentence are not
independent of each other. All taggers are measured on the same resamples, so differences are paired.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest

from tagger.core.common.arrays import Flags, Float64s, Probabilities, Tags
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.evaluate.calibration import brier_scores, gold_nll
from tagger.evaluate.spans import span_counts

RESAMPLES = 10_000
CONFIDENCE = 0.95  # that an interval holds the difference; of several pairs, that all of them do
_CHUNK = 250  # resamples at a time


class Interval(NamedTuple):
    """A difference on the whole split, and the percentiles of the bootstrap that enclose it."""

    difference: float
    low: float
    high: float


class McNemar(NamedTuple):
    """McNemar's exact test on the tokens that one of two taggers has right and the other has not."""

    only_first_right: int
    only_second_right: int
    p: float  # two-sided; 1 where there is no such token


class Sums:
    """What the metrics of one tagger are made of, summed over each sentence."""

    def __init__(self, predicted: Tags, split: EncodedSplit, probabilities: Probabilities | None = None) -> None:
        """Sum up a tag for each token (N), and the probabilities (N, K) of a tagger that has some."""
        sentence = np.repeat(np.arange(split.sentences), split.lengths)  # (N)
        right = predicted == split.tags
        tags = np.zeros((3, split.sentences, len(split.tag_names)))  # right, gold, predicted
        for counts, chosen, ids in zip(tags, (right, ..., ...), (split.tags, split.tags, predicted), strict=True):
            np.add.at(counts, (sentence[chosen], ids[chosen]), 1)
        self._right_tags, self._gold_tags, self._predicted_tags = tags  # (S, K) each
        columns = [np.ones(len(right)), right]
        if probabilities is not None:
            known = split.tags < probabilities.shape[1]
            columns += [known, gold_nll(probabilities, split.tags), brier_scores(probabilities, split.tags)]
        self._spans = span_counts(predicted, split)
        starts = split.sentence_starts[:-1]
        self._columns = np.add.reduceat(np.column_stack(columns).astype(np.float64), starts)  # (S, 2 or 5)

    def metrics(self, weights: Float64s) -> dict[str, Float64s]:
        """Return each metric of each resample: (R, S) how often a resample holds a sentence -> (R) each.

        A metric is no number in a resample that has nothing to measure it on.
        """
        tokens, right, *others = (weights @ self._columns).T
        both, gold, predicted = (
            weights @ counts for counts in (self._right_tags, self._gold_tags, self._predicted_tags)
        )  # (R, K) each
        present = gold + predicted > 0
        f1 = np.divide(2 * both, gold + predicted, out=np.zeros_like(both), where=present)
        metrics = {"accuracy": right / tokens, "macro_f1": f1.sum(axis=1) / present.sum(axis=1)}
        if self._spans is not None:
            right_spans, found, support = (weights @ self._spans).T
            some = found + support > 0
            metrics["span_f1"] = np.divide(2 * right_spans, found + support, out=np.zeros_like(found), where=some)
        if others:
            known, nll, brier = others
            mean_nll = np.divide(nll, known, out=np.full_like(nll, np.nan), where=known > 0)
            metrics |= {"nll": mean_nll, "brier": brier / tokens}
        return metrics


def resampled_metrics(taggers: dict[str, Sums], sentences: int, seed: int) -> dict[str, dict[str, Float64s]]:
    """Return the metrics of every tagger on the whole split, first, and on each of `RESAMPLES` resamples of it."""
    parts: dict[str, list[dict[str, Float64s]]] = {name: [] for name in taggers}
    for weights in _weights(sentences, seed):
        for name, sums in taggers.items():
            parts[name].append(sums.metrics(weights))
    return {
        name: {metric: np.concatenate([part[metric] for part in found]) for metric in found[0]}
        for name, found in parts.items()
    }


def interval(first: Float64s, second: Float64s, confidence: float) -> Interval | None:
    """Return first - second of one metric, as `resampled_metrics` gives it; none where it is no number."""
    differences = first - second
    if not np.isfinite(differences[0]):
        return None
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(differences[1:], [tail, 1 - tail])
    return Interval(float(differences[0]), float(low), float(high))


def pair_confidence(pairs: int) -> float:
    """Return the confidence of each interval that gives `CONFIDENCE` for all pairs together (Bonferroni)."""
    return 1 - (1 - CONFIDENCE) / max(1, pairs)


def mcnemar(first_right: Flags, second_right: Flags) -> McNemar:
    """Test whether two taggers are right equally often: (N) each."""
    only_first, only_second = int((first_right & ~second_right).sum()), int((second_right & ~first_right).sum())
    apart = only_first + only_second
    return McNemar(only_first, only_second, float(binomtest(only_first, apart).pvalue) if apart else 1.0)


def _weights(sentences: int, seed: int) -> Iterator[Float64s]:
    draw = np.random.default_rng(seed)
    yield np.ones((1, sentences))
    for _ in range(RESAMPLES // _CHUNK):
        yield draw.multinomial(sentences, np.full(sentences, 1 / sentences), size=_CHUNK).astype(np.float64)
