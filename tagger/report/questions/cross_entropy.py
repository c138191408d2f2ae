"""NLL and cross-entropy: as textbooks define them, in two trainings that should be the same, and as identities.

N tokens, K tags. Entropies and divergences are SciPy's, the cross-entropy is PyTorch's.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from scipy.special import entr, rel_entr
from torch import Tensor
from torch.nn import functional

from tagger.core.common.arrays import Float32s, Float64s, Tags
from tagger.core.common.rounding import six_digits
from tagger.core.losses.definitions import LOSSES, Loss
from tagger.core.network.batches import Batch
from tagger.core.network.lstm_tagger import LstmTagger

EXAMPLE = ((0.8, 0.2), (0.6, 0.4))  # the probabilities of two tokens; the first tag is right both times
EXAMPLE_TAGS = (0, 0)
PAIR = ("nll", "cross_entropy")
_PART = 100_000  # tokens


def textbook(model: str, log_probabilities: Tensor, tags: Tensor) -> dict[str, Any]:
    """Measure NLL: mean, sum, and what PyTorch's `NLLLoss` makes of probabilities, on the worked example and a split.

    The split is given by the log-probabilities of a model, (N, K), which is named by its loss, and the gold tags, (N).
    """
    example, example_tags = torch.from_numpy(np.log(EXAMPLE)), torch.tensor(EXAMPLE_TAGS)  # torch's own is MKL's
    worked = {"probabilities": [list(row) for row in EXAMPLE], "right": list(EXAMPLE_TAGS)}
    return {
        "example": worked | _nll(example, example_tags),
        "dev": {"model": model, "tokens": len(tags), **_nll(log_probabilities, tags)},
    }


def _nll(log_probabilities: Tensor, tags: Tensor) -> dict[str, float]:
    values = {
        "mean": functional.nll_loss(log_probabilities, tags),
        "sum": functional.nll_loss(log_probabilities, tags, reduction="sum"),
        "fed_probabilities": functional.nll_loss(log_probabilities.exp(), tags),
    }
    return {name: float(f"{value.item():.6g}") for name, value in values.items()}


def equality(models: Sequence[Mapping[str, LstmTagger]], batch: Batch) -> dict[str, Any]:
    """Measure how far two trainings that should be the same differ: loss, gradient, probabilities, weights.

    `models` has the models of all losses for each seed, whose largest difference counts. If only one of the two losses
    was trained, or neither, the weights of one model are used under both, and the difference in weights is None. Some
    tag of the batch is known.
    """
    trained = all(loss in models[0] for loss in PAIR)
    nearest = next((loss for loss in PAIR if loss in models[0]), next(iter(models[0])))
    differences, sizes = [], []
    for of_seed in models:
        first, second = (_figures(LOSSES[loss], of_seed[loss if trained else nearest], batch) for loss in PAIR)
        pairs = {name: zip(values, second[name], strict=True) for name, values in first.items()}
        differences.append({name: _size(one - other for one, other in parts) for name, parts in pairs.items()})
        sizes.append({name: _size(values) for name, values in first.items()})
    return {
        "trained": trained,
        "batch_tokens": int((batch.tags < models[0][nearest].linear.out_features).sum()),
        "largest_difference": _largest(differences) | ({} if trained else {"weight": None}),
        "largest": _largest(sizes),
    }


def _largest(figures: Sequence[Mapping[str, float]]) -> dict[str, float | None]:
    """Return the largest of each figure; None if one is not finite."""
    return {name: six_digits(float(np.max([each[name] for each in figures]))) for name in figures[0]}


def _size(values: Iterable[Tensor]) -> float:
    """Return the largest absolute value; NaN if there is one."""
    return float(np.max([value.abs().numpy().max(initial=0) for value in values]))


def _figures(loss: Loss, model: LstmTagger, batch: Batch) -> dict[str, list[Tensor]]:
    """Return the figures of a model's weights under a loss on a batch without dropout.

    The gradient of a table has only the rows that the batch reads: a large vocabulary takes much memory otherwise.
    """
    model.eval()
    model.zero_grad()
    outputs = loss.last_step(model.scores(batch))  # (N, K)
    known = batch.tags < outputs.shape[-1]
    mean = loss.criterion(outputs[known], batch.tags[known])
    mean.backward()  # type: ignore[no-untyped-call]
    gradients = [value.grad for value in model.parameters() if value.grad is not None]
    figures = {
        "loss": [mean.detach()],
        "gradient": [each.coalesce().values() if each.is_sparse else each for each in gradients],
        "probability": [loss.probabilities(outputs.detach())],
        "weight": [value.detach() for value in model.parameters()],
    }
    model.zero_grad()
    return figures


def identities(scores: Mapping[str, Float32s], forms: Tags, tags: Tags) -> dict[str, Any]:
    """Check what ties cross-entropy to entropy, KL divergence and likelihood, on scores, (N, K), and gold tags, (N).

    The target of a token is how often its word, by its form (N), has each tag in the split.
    """
    model, first = next(iter(scores.items()))
    amount = first.shape[1]
    _, word = np.unique(forms, return_inverse=True)
    counts = np.zeros((word.max() + 1, amount))
    np.add.at(counts, (word, tags), 1)
    targets = counts / counts.sum(axis=1, keepdims=True)  # of each word
    log_gold = [_log_softmax(first[part])[np.arange(len(tags[part])), tags[part]] for part in _parts(len(tags))]
    return {
        "rows": [_decompose(loss, values, targets, word) for loss, values in scores.items()],
        "one_hot_entropy": six_digits(entr(np.eye(amount)).sum(axis=1)[tags].max()),
        "likelihood": {"model": model, **_likelihood(np.concatenate(log_gold))},
        "frequencies": _frequencies(np.bincount(tags, minlength=amount)),
    }


def _decompose(loss: str, scores: Float32s, targets: Float64s, word: Tags) -> dict[str, Any]:
    """Decompose the cross-entropy of each token, given the targets of the words and the word of each token, (N)."""
    parts = []
    for part in _parts(len(word)):
        truth, logits = targets[word[part]], torch.from_numpy(scores[part].astype(np.float64))  # (tokens, K) each
        cross = functional.cross_entropy(logits, torch.from_numpy(truth), reduction="none").numpy()
        divergence = rel_entr(truth, np.exp(_log_softmax(scores[part]))).sum(axis=1)
        parts.append((cross, entr(truth).sum(axis=1), divergence))
    cross, own, divergence = map(np.concatenate, zip(*parts, strict=True))  # (N) each
    return {
        "loss": loss,
        "cross_entropy": six_digits(cross.mean()),
        "entropy": six_digits(own.mean()),
        "kl": six_digits(divergence.mean()),
        "largest_difference": six_digits(np.abs(cross - (own + divergence)).max()),
    }


def _parts(tokens: int) -> list[slice]:
    """Return slices of at most `_PART` tokens, for temporary values of bounded size."""
    return [slice(start, start + _PART) for start in range(0, tokens, _PART)]


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


def _log_softmax(scores: Float32s) -> Float64s:
    return np.asarray(torch.from_numpy(scores.astype(np.float64)).log_softmax(dim=-1).numpy())
