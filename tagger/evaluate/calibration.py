"""Whether probabilities mean what they say: NLL, Brier score and calibration.

Of the words that are tagged with probability 0.8, eight in ten should be right.

N tokens, K tags of the model. A gold tag that the model does not know has an id from K on.
"""

from typing import Any

import numpy as np

from tagger.core.common.arrays import Float64s, Int64s, Probabilities, Tags
from tagger.core.common.rounding import six_places

SMALLEST = float(np.finfo(np.float32).tiny)  # stands in `gold_nll` for a probability that float32 rounds to 0
BINS = 15  # as in Guo et al. (2017), "On Calibration of Modern Neural Networks"


def reliability(probabilities: Probabilities, tags: Tags) -> list[dict[str, Any]]:
    """Return the `BINS` bins of equal width, including empty ones: (N, K) probabilities, (N) gold tags.

    A bin holds the tokens whose predicted tag has a probability above `low`, up to and including `high`. `confidence`,
    their mean probability, and `accuracy` are None in an empty bin.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == tags
    numbers = bin_numbers(confidence)
    bins = []
    for number in range(BINS):
        inside = numbers == number
        some = bool(inside.any())
        bins.append(
            {
                "low": six_places(number / BINS),
                "high": six_places((number + 1) / BINS),
                "tokens": int(inside.sum()),
                "confidence": six_places(float(confidence[inside].mean())) if some else None,
                "accuracy": six_places(float(right[inside].mean())) if some else None,
            }
        )
    return bins


def bin_numbers(confidence: Float64s) -> Int64s:
    """Return the bin of each confidence, from 0."""
    return np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)


def brier_scores(probabilities: Probabilities, tags: Tags) -> Float64s:
    """Return the Brier score (Brier 1950) of each token, from 0 for perfect to 2: (N).

    It is the squared distance between the probabilities and the one-hot truth, summed over the tags. A gold tag that
    the model does not know counts as one with probability 0.
    """
    known = tags < probabilities.shape[1]
    values = probabilities.astype(np.float64)
    scores = np.square(values).sum(axis=1) + 1
    scores[known] -= 2 * values[known, tags[known]]
    return np.asarray(scores)


def gold_nll(probabilities: Probabilities, tags: Tags) -> Float64s:
    """Return -ln(probability of the gold tag) of each token, 0 for a tag that the model does not know: (N)."""
    known = tags < probabilities.shape[1]
    result = np.zeros(len(tags))
    result[known] = -np.log(np.maximum(probabilities[known, tags[known]].astype(np.float64), SMALLEST))
    return result
