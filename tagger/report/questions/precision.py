"""Why not a loss on softmax: how much of a logarithm is left when the probability is rounded first.

The model's scores are scaled up, as scores grow in a long training, and rounded to a format of fewer digits. The
reference is computed in float64 from the same rounded scores, so only the arithmetic is compared.

N tokens, K tags.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from tagger.core.common.rounding import six_digits, six_places

SCALES = (1, 10, 100, 1000)
FORMATS = ("float64", "float32", "float16", "bfloat16")
Methods = Mapping[str, Callable[[Tensor], Tensor]]  # (N, K) -> (N) each


def precision(model: str, scores: Tensor, tags: Tensor, on_softmax: pd.DataFrame | None) -> dict[str, Any]:
    """Measure what is lost, given the float64 scores of a model by its loss, (N, K), and the gold tags, (N).

    `on_softmax` is the history of the training with `softmax_nll`, if there was one.
    """
    found = {
        "model": model,
        "tokens": len(tags),
        "largest_score": six_digits(scores.abs().max().item()),
        "logarithms": log_then_softmax_error(scores, tags),
        "log_sum_exp": log_sum_exp_error(scores),
        "overflow": {name: six_digits(math.log(torch.finfo(getattr(torch, name)).max)) for name in FORMATS},
        "softmax_nll": None,
    }
    if on_softmax is not None:
        found["softmax_nll"] = {
            "epochs": len(on_softmax),
            "infinite_dev_epochs": int(np.isinf(on_softmax["dev_loss"]).sum()),  # infinite if a probability is 0
            "dev_accuracy": float(on_softmax["dev_accuracy"].max()),
        }
    return found


def log_then_softmax_error(scores: Tensor, tags: Tensor) -> list[dict[str, Any]]:
    """Compare log(softmax) and log_softmax of the gold tag: (N, K) float64 scores, (N) tags -> one row per case.

    `infinite` is the share of tokens without a finite logarithm. Of the others, `relative_error` is the largest error
    in proportion to the exact logarithm, or to 1 if that is smaller.
    """
    gold = (torch.arange(len(tags)), tags)
    methods: Methods = {
        "log(softmax)": lambda values: _log(values.softmax(dim=-1))[gold],
        "log_softmax": lambda values: values.log_softmax(dim=-1)[gold],
    }
    return _errors(scores, FORMATS[1:], methods, methods["log_softmax"])


def log_sum_exp_error(scores: Tensor) -> list[dict[str, Any]]:
    """Compare ln(sum(exp(scores))) as written and with the largest score taken out first: one row per case."""

    def shifted(values: Tensor) -> Tensor:
        largest = values.amax(dim=-1, keepdim=True)
        return largest[:, 0] + _log((values - largest).exp().sum(dim=-1))

    methods: Methods = {"plain": lambda values: _log(values.exp().sum(dim=-1)), "shifted": shifted}
    return _errors(scores, FORMATS, methods, shifted)


def _log(values: Tensor) -> Tensor:
    """Take logarithms; torch's in float64 are MKL's, which rounds some of them by vendor."""
    return torch.from_numpy(np.log(values.numpy())) if values.dtype == torch.float64 else values.log()


def _errors(
    scores: Tensor, formats: Sequence[str], methods: Methods, exact: Callable[[Tensor], Tensor]
) -> list[dict[str, Any]]:
    rows = []
    for dtype, scale in product(formats, SCALES):
        rounded = (scores * scale).to(getattr(torch, dtype))
        reference = exact(rounded.double())  # (N)
        for name, method in methods.items():
            values = method(rounded).double()  # (N)
            finite = values.isfinite() & reference.isfinite()
            errors = (values - reference).abs() / reference.abs().clamp(min=1)
            rows.append(
                {
                    "dtype": dtype,
                    "scale": scale,
                    "method": name,
                    "infinite": six_places(1 - finite.double().mean().item()),
                    "relative_error": six_digits(errors[finite].max().item()) if finite.any() else None,
                }
            )
    return rows
