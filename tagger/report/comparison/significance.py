"""Whether two taggers differ, or the test split is too small to tell: paired bootstrap and McNemar's test.

S sentences, N tokens, K tags, R resamples. Sentences are drawn, not tokens: the words of one sentence are not
independent of each other. All taggers are measured on the same resamples, so differences are paired.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest

from tagger.core.common.arrays import Flags, Float64s
from tagger.core.common.rounding import six_places
from tagger.evaluate.metrics import measure
from tagger.evaluate.tagged_split import TaggedSplit

RESAMPLES = 10_000
CONFIDENCE = 0.95  # that an interval holds the difference; of several pairs, that all of them do
_CHUNK = 250  # resamples at a time


class Difference(NamedTuple):
    """One metric of two taggers on the whole split, and the interval of its difference; all to six places."""

    first: float
    second: float
    difference: float
    low: float
    high: float


class McNemar(NamedTuple):
    """McNemar's exact test on the tokens that only one of two taggers gets right."""

    only_first_right: int
    only_second_right: int
    p: float  # two-sided; 1 if there is no such token


def resampled_metrics(taggers: Mapping[str, TaggedSplit], seed: int) -> dict[str, dict[str, Float64s]]:
    """Return the metrics of every tagger on the whole split, then on each of `RESAMPLES` resamples: (1 + R) each."""
    sentences = next(iter(taggers.values())).split.sentences
    parts = [
        {name: measure(tagged, weights) for name, tagged in taggers.items()} for weights in _weights(sentences, seed)
    ]
    return {
        name: {metric: np.concatenate([part[name][metric] for part in parts]) for metric in metrics}
        for name, metrics in parts[0].items()
    }


def difference(first: Float64s, second: Float64s, confidence: float) -> Difference | None:
    """Return first - second of one metric with its percentile interval, or None if it is not a number.

    Args:
        first: the metric as `resampled_metrics` returns it: (1 + R).
        second: the same of the other tagger.
        confidence: of the interval, 0 to 1.
    """
    differences = first - second
    if not np.isfinite(differences[0]):
        return None
    tail = (1 - confidence) / 2
    bounds = np.nanquantile(differences[1:], [tail, 1 - tail])
    return Difference(*(six_places(float(value)) for value in (first[0], second[0], differences[0], *bounds)))


def pair_confidence(pairs: int) -> float:
    """Return the confidence of each interval that gives `CONFIDENCE` for all pairs together (Bonferroni)."""
    return 1 - (1 - CONFIDENCE) / max(1, pairs)


def mcnemar(first_right: Flags, second_right: Flags) -> McNemar:
    """Test whether two taggers are equally accurate: (N) each."""
    only_first, only_second = int((first_right & ~second_right).sum()), int((second_right & ~first_right).sum())
    apart = only_first + only_second
    return McNemar(only_first, only_second, float(binomtest(only_first, apart).pvalue) if apart else 1.0)


def _weights(sentences: int, seed: int) -> Iterator[Float64s]:
    draw = np.random.default_rng(seed)
    yield np.ones((1, sentences))
    for _ in range(RESAMPLES // _CHUNK):
        yield draw.multinomial(sentences, np.full(sentences, 1 / sentences), size=_CHUNK).astype(np.float64)
