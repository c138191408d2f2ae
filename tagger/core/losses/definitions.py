"""The losses, each with the last step of the model that it needs and the way back to probabilities.

To add one, add it to `LOSSES`. N tokens, K tags. Scores are the linear layer's, any real number; outputs are what the
last step makes of them. Torch is imported when a loss is computed: `params.yaml` is checked against their names by
programs that need no torch.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from tagger.core.common.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

TensorFunction = Callable[["Tensor"], "Tensor"]


class Loss(NamedTuple):
    """One way to train: scores -> `last_step` -> outputs; `criterion` and `probabilities` take the outputs."""

    last_step: TensorFunction  # (N, K) scores -> (N, K) outputs
    criterion: Callable[["Tensor", "Tensor"], "Tensor"]  # (N, K) outputs, (N) tags -> mean over the tokens
    probabilities: TensorFunction  # (N, K) outputs -> (N, K), each row sums to 1


def _identity(values: "Tensor") -> "Tensor":
    return values


def _log_softmax(scores: "Tensor") -> "Tensor":
    return scores.log_softmax(dim=-1)


def _softmax(scores: "Tensor") -> "Tensor":
    return scores.softmax(dim=-1)


def _exp(log_probabilities: "Tensor") -> "Tensor":
    return log_probabilities.exp()


def _nll(log_probabilities: "Tensor", tags: "Tensor") -> "Tensor":
    from torch.nn import functional

    return functional.nll_loss(log_probabilities, tags)


def _cross_entropy(scores: "Tensor", tags: "Tensor") -> "Tensor":
    from torch.nn import functional

    return functional.cross_entropy(scores, tags)


def _log_then_nll(probabilities: "Tensor", tags: "Tensor") -> "Tensor":
    return _nll(probabilities.log(), tags)


def _mse_to_one_hot(probabilities: "Tensor", tags: "Tensor") -> "Tensor":
    from torch.nn import functional

    one_hot = functional.one_hot(tags, num_classes=probabilities.shape[-1])
    return functional.mse_loss(probabilities, one_hot.to(probabilities.dtype))


def _multi_margin(scores: "Tensor", tags: "Tensor") -> "Tensor":
    from torch.nn import functional

    return functional.multi_margin_loss(scores, tags)


LOSSES = {
    # PyTorch's NLLLoss takes log-probabilities, in spite of its name.
    "nll": Loss(last_step=_log_softmax, criterion=_nll, probabilities=_exp),
    # CrossEntropyLoss is the two steps above in one; its outputs are the raw scores.
    "cross_entropy": Loss(last_step=_identity, criterion=_cross_entropy, probabilities=_softmax),
    # The tempting one: softmax in the model, its logarithm in the loss. Unsafe: a probability that float32 rounds to 0
    # makes the loss infinite.
    "softmax_nll": Loss(last_step=_softmax, criterion=_log_then_nll, probabilities=_identity),
    "mse": Loss(last_step=_softmax, criterion=_mse_to_one_hot, probabilities=_identity),
    # A margin says nothing of probabilities; softmax over the scores is a convention to compare by, not a calibration.
    "hinge": Loss(last_step=_identity, criterion=_multi_margin, probabilities=_softmax),
}


def loss_name(text: str) -> str:
    """Return the name of a loss as it is.

    Raises:
        InputError: there is no such loss.
    """
    if text not in LOSSES:
        raise InputError(f"loss: got {text!r}, expected one of {', '.join(LOSSES)}")
    return text
