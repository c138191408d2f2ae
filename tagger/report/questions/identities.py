"""Cross-entropy, entropy, KL divergence and maximum likelihood, checked as identities on the data.

N tokens, K tags; all in float64. Entropies and divergences are SciPy's, the cross-entropy is PyTorch's.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from scipy.special import entr, rel_entr

from tagger.core.common.arrays import Float64s, Tags
from tagger.core.common.rounding import six_digits


def identities(scores: Mapping[str, Float64s], forms: Tags, tags: Tags) -> dict[str, Any]:
    """Check them on the softmax of each model's scores, (N, K), whatever its loss, and gold tags that it knows, (N).

    The target of a token is how often its word, by its form (N), has each tag in the split.
    """
    model, first = next(iter(scores.items()))
    amount = first.shape[1]
    _, word = np.unique(forms, return_inverse=True)
    counts = np.zeros((word.max() + 1, amount))
    np.add.at(counts, (word, tags), 1)
    targets = (counts / counts.sum(axis=1, keepdims=True))[word]  # (N, K)
    return {
        "rows": [_decompose(loss, values, targets) for loss, values in scores.items()],
        "one_hot_entropy": six_digits(entr(np.eye(amount)[tags]).sum(axis=1).max()),
        "likelihood": {"model": model, **_likelihood(_log_softmax(first)[np.arange(len(tags)), tags])},
        "frequencies": _frequencies(np.bincount(tags, minlength=amount)),
    }


def _decompose(loss: str, scores: Float64s, targets: Float64s) -> dict[str, Any]:
    logits, truth = torch.from_numpy(scores), torch.from_numpy(targets)
    cross = torch.nn.functional.cross_entropy(logits, truth, reduction="none").numpy()  # (N)
    own = entr(targets).sum(axis=1)
    divergence = rel_entr(targets, np.exp(_log_softmax(scores))).sum(axis=1)
    return {
        "loss": loss,
        "cross_entropy": six_digits(cross.mean()),
        "entropy": six_digits(own.mean()),
        "kl": six_digits(divergence.mean()),
        "largest_difference": six_digits(np.abs(cross - (own + divergence)).max()),
    }


def _likelihood(log_gold: Float64s) -> dict[str, Any]:
    """Compare the product of the probabilities with the sum of their logarithms, as far as the product can be held."""
    products = np.cumprod(np.exp(log_gold))
    held = int((products >= np.finfo(np.float64).tiny).sum())
    last = math.log(products[held - 1]) if held else 0.0
    return {"log": six_digits(log_gold.sum()), "difference": six_digits(abs(last - log_gold[:held].sum()))}


def _frequencies(counts: Tags) -> dict[str, Any]:
    """Check that of all fixed guesses the tag frequencies are likeliest: their NLL is the entropy, another's more."""
    shares = counts / counts.sum()
    present = shares > 0
    uniform = np.full(len(shares), 1 / len(shares))
    nll = -(shares[present] * np.log(shares[present])).sum()
    uniform_nll = -(shares * np.log(uniform)).sum()
    own, divergence = entr(shares).sum(), rel_entr(shares, uniform).sum()
    return {
        "nll": six_digits(nll),
        "entropy": six_digits(own),
        "difference": six_digits(max(abs(nll - own), abs(uniform_nll - own - divergence))),
    }


def _log_softmax(scores: Float64s) -> Float64s:
    return np.asarray(torch.from_numpy(scores).log_softmax(dim=-1).numpy())
