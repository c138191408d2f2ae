"""Calibration: one temperature, fitted on dev, that all scores of a trained model are divided by before softmax.

It leaves the order of a word's tags as it is. Guo et al. (2017), "On Calibration of Modern Neural Networks", section
4.2. N words, K tags.
"""

from bisect import bisect_left

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from tagger.core.common.arrays import Float32s, Probabilities
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.span_tags import SMALLEST

TEMPERATURES = range(200, 5001)  # in thousandths
MOST_WORDS = 20_000  # of a split: more would hardly change one number


def fit_temperature(scores: Float32s, split: EncodedSplit) -> float:
    """Return the temperature at which a model with these scores, (N, K), gives the gold tags of the split the best NLL.

    It is 1, which changes nothing, if what is fitted on one half of the sentences makes the NLL of the other no better.
    """
    words = np.flatnonzero(split.known_to(scores.shape[1]))
    words = words[:: 1 + len(words) // MOST_WORDS]
    odd = torch.from_numpy(np.repeat(np.arange(split.sentences) % 2 == 1, split.lengths)[words])
    if odd.all() or not odd.any():
        return 1.0
    values, tags = torch.from_numpy(scores[words]).double(), torch.from_numpy(split.tags[words]).long()
    gain = 0.0
    for half in (odd, ~odd):
        fitted = values[half] / _best(values[~half], tags[~half])
        gain += float(cross_entropy(values[half], tags[half]) - cross_entropy(fitted, tags[half]))
    return _best(values, tags) if gain > 0 else 1.0


def tempered(probabilities: Probabilities, temperature: float) -> Probabilities:
    """Return the probabilities that scores have at this temperature, given those that they have at 1: (N, K)."""
    powers = np.maximum(probabilities, SMALLEST).astype(np.float64) ** (1 / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def _best(scores: Tensor, tags: Tensor) -> float:
    """Return the temperature with the lowest NLL: being convex in its inverse, that falls up to there and then rises.

    The smoothing adds a word that has any tag equally, as Platt (1999) does in "Probabilistic Outputs for Support
    Vector Machines": from a few words without an error, no model should become sure of everything.
    """

    def nll(thousandths: int) -> float:
        return float(cross_entropy(scores / (thousandths / 1000), tags, label_smoothing=1 / (len(tags) + 1)))

    return TEMPERATURES[bisect_left(TEMPERATURES[:-1], True, key=lambda each: nll(each) <= nll(each + 1))] / 1000
