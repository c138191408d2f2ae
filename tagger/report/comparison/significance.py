"""Whether two taggers differ, or the test split is too small to tell: paired bootstrap and McNemar's test.

S sentences, N tokens, K tags, R resamples. Sentences are drawn, not tokens: the words of one sentence are not
independent of each other. All taggers are measured on the same resamples, so differences are paired.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy.stats import binomtest

from tagger.core.common.arrays import Flags, Float64s
from tagger.core.common.rounding import six_digits, six_places
from tagger.evaluate.metrics import measure
from tagger.evaluate.tagged_split import TaggedSplit

RESAMPLES = 10_000
CONFIDENCE = 0.95  # that an interval holds the difference; of several pairs, that all of them do
_CHUNK = 250  # resamples at a time


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


def _weights(sentences: int, seed: int) -> Iterator[Float64s]:
    draw = np.random.default_rng(seed)
    yield np.ones((1, sentences))
    for _ in range(RESAMPLES // _CHUNK):
        yield draw.multinomial(sentences, np.full(sentences, 1 / sentences), size=_CHUNK).astype(np.float64)


def difference(first: Float64s, second: Float64s, confidence: float) -> dict[str, float] | None:
    """Return a metric of two taggers, first - second, and the ends of its percentile interval, to six places.

    Args:
        first: the metric as `resampled_metrics` returns it: (1 + R).
        second: the same of the other tagger.
        confidence: of the interval, 0 to 1.

    Returns:
        None if the difference on the whole split is not a number.
    """
    differences = first - second
    if not np.isfinite(differences[0]):
        return None
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(differences[1:], [tail, 1 - tail])
    values = {"first": first[0], "second": second[0], "difference": differences[0], "low": low, "high": high}
    return {name: six_places(float(value)) for name, value in values.items()}


def mcnemar(first_right: Flags, second_right: Flags) -> dict[str, Any]:
    """Make McNemar's exact test on the tokens that only one of two taggers gets right: (N) each.

    `p` is two-sided, and 1 if there is no such token.
    """
    only_first, only_second = int((first_right & ~second_right).sum()), int((second_right & ~first_right).sum())
    apart = only_first + only_second
    p = binomtest(only_first, apart).pvalue if apart else 1.0
    return {"only_first_right": only_first, "only_second_right": only_second, "p": six_digits(p)}
