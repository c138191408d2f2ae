"""The losses, each with the last step of the model that it needs and the way back to probabilities.

N tokens, K tags. Scores are the linear layer's, any real number; outputs are what the last step makes of them.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from tagger.errors import InputError
from tagger.params import LossName

TensorFunction = Callable[[Tensor], Tensor]


class Loss(NamedTuple):
    """One way to train: scores -> `last_step` -> outputs; `criterion` and `probabilities` take the outputs."""

    last_step: TensorFunction  # (N, K) scores -> (N, K) outputs
    criterion: Callable[[Tensor, Tensor], Tensor]  # (N, K) outputs, (N) tags -> mean over the tokens
    probabilities: TensorFunction  # (N, K) outputs -> (N, K), each row sums to 1


def _identity(values: Tensor) -> Tensor:
    return values


def _log_softmax(scores: Tensor) -> Tensor:
    return functional.log_softmax(scores, dim=-1)


def _softmax(scores: Tensor) -> Tensor:
    return functional.softmax(scores, dim=-1)


def _log_then_nll(probabilities: Tensor, tags: Tensor) -> Tensor:
    # Unsafe on purpose: a probability that float32 rounds to 0 makes the loss infinite.
    return functional.nll_loss(torch.log(probabilities), tags)


def _mse_to_one_hot(probabilities: Tensor, tags: Tensor) -> Tensor:
    one_hot = functional.one_hot(tags, num_classes=probabilities.shape[-1])
    return functional.mse_loss(probabilities, one_hot.to(probabilities.dtype))


LOSSES: dict[LossName, Loss] = {
    # PyTorch's NLLLoss takes log-probabilities, in spite of its name.
    "nll": Loss(last_step=_log_softmax, criterion=functional.nll_loss, probabilities=torch.exp),
    # CrossEntropyLoss is the two steps above in one; its outputs are the raw scores.
    "cross_entropy": Loss(last_step=_identity, criterion=functional.cross_entropy, probabilities=_softmax),
    # The tempting one: softmax in the model, its logarithm in the loss.
    "softmax_nll": Loss(last_step=_softmax, criterion=_log_then_nll, probabilities=_identity),
    "mse": Loss(last_step=_softmax, criterion=_mse_to_one_hot, probabilities=_identity),
    # A margin says nothing of probabilities; softmax over the scores is a convention to compare by, not a calibration.
    "hinge": Loss(last_step=_identity, criterion=functional.multi_margin_loss, probabilities=_softmax),
}


def loss_name(text: str) -> LossName:
    """Return the loss of this name.

    Raises:
        InputError: there is none.
    """
    for name in LOSSES:
        if name == text:
            return name
    raise InputError(f"loss: got {text!r}, expected one of {', '.join(LOSSES)}")
