"""NLL of log_softmax against cross-entropy: how far two trainings that should be the same differ."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor
from torch.nn.utils import parameters_to_vector

from tagger.core.common.rounding import six_digits
from tagger.core.losses.definitions import LOSSES, Loss
from tagger.core.network.batches import Batch
from tagger.core.network.lstm_tagger import LstmTagger

PAIR = ("nll", "cross_entropy")


def equality(models: Sequence[Mapping[str, LstmTagger]], batch: Batch) -> dict[str, Any]:
    """Measure the largest differences in loss, gradient, probabilities and weights over all seeds.

    `models` has the models of all losses for each seed. If only one of the two losses was trained, or neither, the
    weights of one model are used under both, and the difference in weights is None. Some tag of the batch is known.
    """
    trained = all(loss in models[0] for loss in PAIR)
    nearest = next((loss for loss in PAIR if loss in models[0]), next(iter(models[0])))
    differences, sizes = [], []
    for of_seed in models:
        first, second = (_measure(LOSSES[loss], of_seed[loss if trained else nearest], batch) for loss in PAIR)
        differences.append({name: (first[name] - second[name]).abs().max().item() for name in first})
        sizes.append({name: value.abs().max().item() for name, value in first.items()})
    return {
        "trained": trained,
        "batch_tokens": int((batch.tags < models[0][nearest].linear.out_features).sum()),
        "largest_difference": _largest(differences) | ({} if trained else {"weight": None}),
        "largest": _largest(sizes),
    }


def _largest(figures: Sequence[Mapping[str, float]]) -> dict[str, float | None]:
    """Return the largest of each figure; None if one is not finite."""
    return {name: six_digits(float(np.max([each[name] for each in figures]))) for name in figures[0]}


def _measure(loss: Loss, model: LstmTagger, batch: Batch) -> dict[str, Tensor]:
    """Return the figures of a model's weights under a loss on a batch without dropout, each as one flat tensor."""
    model.eval()
    model.zero_grad()
    outputs = loss.last_step(model.scores(batch))  # (N, K)
    known = batch.tags < outputs.shape[-1]
    mean = loss.criterion(outputs[known], batch.tags[known])
    mean.backward()  # type: ignore[no-untyped-call]
    weights = list(model.parameters())
    figures = {
        "loss": mean.detach()[None],
        "gradient": parameters_to_vector(value.grad.to_dense() for value in weights if value.grad is not None),
        "probability": loss.probabilities(outputs.detach()).flatten(),
        "weight": parameters_to_vector(weights).detach(),
    }
    model.zero_grad()
    return figures
