"""Do two taggers differ over seeds and sentences, given a few models of each?

Both are samples: of the seeds that a training may have, and of the sentences that a test split may have. Readers and
cases in radiology pose the same problem, and the variances are estimated as there (Obuchowski and Rockette 1995; Hillis
2007): that between seeds, and the covariance of two seeds when sentences are resampled. Percentiles of a bootstrap over
both would lie too close for so few seeds; docs/seeds.md has the figures.
"""

import math
from bisect import bisect_left
from typing import NamedTuple, Self

import numpy as np
from scipy.special import ndtri, stdtrit

from tagger.core.common.arrays import Float64s

POWER = 0.8  # the chance that a difference is seen which a comparison is said to see
_MOST = 10**9  # seeds


class Variances(NamedTuple):
    """The variances of a difference between two taggers."""

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
