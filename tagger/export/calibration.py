"""Calibration: all scores are divided by one temperature, fitted on dev, which keeps the order of a word's tags.

Guo et al. (2017), "On Calibration of Modern Neural Networks", section 4.2. N words, K tags.
"""

from bisect import bisect_left

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from tagger.core.common.arrays import Float32s, Probabilities
from tagger.core.corpus.encoded_split import EncodedSplit

TEMPERATURES = range(200, 5001)  # in thousandths
MOST_WORDS = 20_000  # of dev; more would hardly change the temperature


def fit_temperature(scores: Float32s, split: EncodedSplit) -> float:
    """Return the temperature at which a model with these scores, (N, K), has the lowest NLL on the split.

    It is 1, which changes nothing, unless the temperatures fitted on each half of the sentences lower the NLL of the
    other half, taken together.
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
    """Return the probabilities at a temperature, (N, K), given those at temperature 1."""
    powers = probabilities.astype(np.float64) ** (1 / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def _best(scores: Tensor, tags: Tensor) -> float:
    """Return the temperature with the lowest NLL, by bisection: the NLL is convex in the temperature's inverse.

    Label smoothing stands for one more word, for which every tag is equally right, as in Platt (1999), "Probabilistic
    Outputs for Support Vector Machines": a few words without an error must not make the model sure of everything.
    """

    def nll(thousandths: int) -> float:
        return float(cross_entropy(scores / (thousandths / 1000), tags, label_smoothing=1 / (len(tags) + 1)))

    return TEMPERATURES[bisect_left(TEMPERATURES[:-1], True, key=lambda each: nll(each) <= nll(each + 1))] / 1000
