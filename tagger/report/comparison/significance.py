"""Do two taggers differ, or is the test split too small to tell? Paired bootstrap and McNemar's test.

S seeds, N tokens, R resamples. Sentences are drawn, not tokens: the words of one sentence are not
independent of each other. All taggers are measured on the same resamples, so differences are paired.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from scipy.special import betainc

from tagger.core.common.arrays import Flags, Float64s
from tagger.core.common.rounding import six_digits, six_places
from tagger.evaluate.metrics import measure
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.comparison.variances import Variances

RESAMPLES = 10_000
CONFIDENCE = 0.95  # that an interval holds the difference; of several pairs, that all of them do
_CHUNK = 250  # resamples at a time


def resampled_metrics(taggers: Mapping[str, Sequence[TaggedSplit]], seed: int) -> dict[str, dict[str, Float64s]]:
    """Return each metric of every tagger on the whole split, then on `RESAMPLES` resamples: (M, 1 + R) for M models."""
    sentences, draw = next(iter(taggers.values()))[0].split.sentences, np.random.default_rng(seed)
    drawn = (
        draw.multinomial(sentences, np.full(sentences, 1 / sentences), size=_CHUNK).astype(np.float64)
        for _ in range(RESAMPLES // _CHUNK)
    )
    parts = [
        {name: [measure(tagged, weights) for tagged in models] for name, models in taggers.items()}
        for weights in chain([np.ones((1, sentences))], drawn)
    ]
    return {
        name: {
            metric: np.concatenate([[model[metric] for model in part[name]] for part in parts], axis=1)
            for metric in models[0]
        }
        for name, models in parts[0].items()
    }


def difference(first: Float64s, second: Float64s, confidence: float) -> dict[str, float] | None:
    """Return a metric of two taggers, first - second, and the ends of the interval of the difference, to six places.

    Each is given as `resampled_metrics` returns it, (S, 1 + R), or (1, 1 + R) for a second one that has no seeds. The
    result holds means over the seeds; it is None if a difference on the whole split is not a number.
    """
    differences = first - second
    if not np.isfinite(differences[:, 0]).all():
        return None
    low, high = interval(differences, confidence)
    means = {"first": first, "second": second, "difference": differences}
    return {name: six_places(values[:, 0].mean()) for name, values in means.items()} | {"low": low, "high": high}


def interval(differences: Float64s, confidence: float) -> tuple[float, float]:
    """Return the ends of the interval of a difference to six places, given the difference with each seed: (S, 1 + R).

    With one seed it is the percentile interval of the resamples, which knows nothing of other seeds.
    """
    seeds = len(differences)
    if seeds > 1:
        width = Variances.of(differences).width((1 + confidence) / 2, seeds)
        ends = differences[:, 0].mean() + np.array([-width, width])
    else:
        tail = (1 - confidence) / 2
        ends = np.nanquantile(differences[0, 1:], [tail, 1 - tail])
    return six_places(ends[0]), six_places(ends[1])


def mcnemar(first_right: Flags, second_right: Flags) -> dict[str, Any]:
    """Make McNemar's exact two-sided test on the tokens that only one of two taggers gets right: (N) each."""
    only_first, only_second = int((first_right & ~second_right).sum()), int((second_right & ~first_right).sum())
    # A fair coin's P(at most k heads in n) is the regularised beta function of n - k and k + 1.
    p = min(1.0, 2 * float(betainc(max(only_first, only_second), min(only_first, only_second) + 1, 0.5)))
    return {"only_first_right": only_first, "only_second_right": only_second, "p": six_digits(p)}
