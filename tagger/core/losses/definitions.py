"""The losses: each with the model's last step, the criterion, and the way back to probabilities.

To add a loss, add it to `LOSSES`. Shapes: N tokens, K tags. Scores are the real numbers that the linear layer returns;
the last step turns them into outputs. Torch is imported only when a loss is computed, because programs without torch
check `params.yaml` against the names.
"""

from collections.abc import Callable
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

TensorFunction = Callable[["Tensor"], "Tensor"]


class Loss(NamedTuple):
    """A way to train: scores -> `last_step` -> outputs, which `criterion` and `probabilities` take."""

    last_step: TensorFunction  # (N, K) scores -> (N, K) outputs
    criterion: Callable[["Tensor", "Tensor"], "Tensor"]  # (N, K) outputs, (N,) tags -> mean over the tokens
    probabilities: TensorFunction  # (N, K) outputs -> (N, K), each row sums to 1


def _identity(values: "Tensor") -> "Tensor":
    return values


def _call(name: str, outputs: "Tensor", tags: "Tensor") -> "Tensor":
    from torch.nn import functional

    loss: Tensor = getattr(functional, name)(outputs, tags)
    return loss


_log_softmax = methodcaller("log_softmax", dim=-1)
_softmax = methodcaller("softmax", dim=-1)
_exp = methodcaller("exp")
_nll = partial(_call, "nll_loss")
_cross_entropy = partial(_call, "cross_entropy")
_multi_margin = partial(_call, "multi_margin_loss")


def _log_then_nll(probabilities: "Tensor", tags: "Tensor") -> "Tensor":
    return _nll(probabilities.log(), tags)


def _mse_to_one_hot(probabilities: "Tensor", tags: "Tensor") -> "Tensor":
    from torch.nn import functional

    one_hot = functional.one_hot(tags, num_classes=probabilities.shape[-1])
    return functional.mse_loss(probabilities, one_hot.to(probabilities.dtype))


LOSSES = {
    # Despite its name, PyTorch's NLLLoss takes log-probabilities.
    "nll": Loss(last_step=_log_softmax, criterion=_nll, probabilities=_exp),
    # CrossEntropyLoss combines the two steps above; its outputs are the raw scores.
    "cross_entropy": Loss(last_step=_identity, criterion=_cross_entropy, probabilities=_softmax),
    # Tempting but unsafe: softmax in the model, its logarithm in the loss. A probability that float32 rounds to 0 makes
    # the loss infinite.
    "softmax_nll": Loss(last_step=_softmax, criterion=_log_then_nll, probabilities=_identity),
    "mse": Loss(last_step=_softmax, criterion=_mse_to_one_hot, probabilities=_identity),
    # A margin defines no probabilities; softmax over the scores is a convention for comparison, not a calibration.
    "hinge": Loss(last_step=_identity, criterion=_multi_margin, probabilities=_softmax),
}
