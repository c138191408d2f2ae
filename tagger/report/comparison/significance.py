"""Do two taggers differ, or are the seeds and sentences too few to tell? Paired bootstrap and McNemar's test.

S seeds, N tokens, R resamples. Sentences are drawn, not tokens: the words of one sentence are not
independent of each other. All taggers are measured on the same resamples, so differences are paired.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, Self

import numpy as np
from scipy.special import betainc, ndtri, stdtrit

from tagger.core.common.arrays import Flags, Float64s
from tagger.core.common.rounding import six_digits, six_places
from tagger.evaluate.metrics import measure
from tagger.evaluate.tagged_split import TaggedSplit

RESAMPLES = 10_000
CONFIDENCE = 0.95  # that an interval holds the difference; of several pairs, that all of them do
POWER = 0.8  # the chance that a difference is seen which a comparison is said to see
_CHUNK = 250  # resamples at a time
_MOST = 10**9  # seeds


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


class Variances(NamedTuple):
    """The variances of a difference between two taggers, given a few models of each.

    Both are samples: of the seeds that a training may have, and of the sentences that a test split may have. Readers
    and cases in radiology pose the same problem, and the variances are estimated as there (Obuchowski and Rockette
    1995; Hillis 2007). Percentiles of a bootstrap over both would lie too close for so few seeds; docs/seeds.md has the
    figures.
    """

    seeds: float  # between seeds, on the same sentences
    sentences: float  # by the choice of sentences, as far as all seeds share it: more seeds don't lower it

    @classmethod
    def of(cls, differences: Float64s) -> Self:
        """Estimate them from the difference with each seed, on the whole split and on resamples: (S, 1 + R)."""
        seeds = len(differences)
        resampled = differences[:, 1:]
        covariances = np.cov(resampled[:, np.isfinite(resampled).all(axis=0)])  # (S, S)
        shared = (covariances.sum() - covariances.trace()) / (seeds * (seeds - 1))
        return cls(float(differences[:, 0].var(ddof=1)), max(0.0, float(shared)))

    def width(self, level: float, seeds: float) -> float:
        """Return w: with probability `level`, the mean over so many seeds lies below the true difference plus w.

        Each part has its own quantile, so that w is never too small (Banerjee 1960). With one quantile for both, by the
        degrees of freedom of Satterthwaite (1946), it can be: docs/seeds.md has the false alarms of either.
        """
        return math.hypot(stdtrit(seeds - 1, level) * math.sqrt(self.seeds / seeds), ndtri(level) * self.sentences**0.5)

    def visible(self, confidence: float, seeds: float) -> float:
        """Return the true difference that an interval of this confidence sets apart from 0 with the chance `POWER`."""
        return self.width((1 + confidence) / 2, seeds) + self.width(POWER, seeds)

    def seeds_for(self, difference: float, confidence: float) -> int | None:
        """Return how many seeds make this difference visible; None if the sentences are too few for it."""
        if self.visible(confidence, math.inf) >= difference:
            return None
        return 2 + bisect_left(range(2, _MOST), True, key=lambda seeds: self.visible(confidence, seeds) <= difference)


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
