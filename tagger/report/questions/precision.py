"""Why not a loss on softmax: how much of a logarithm is left when the probability is rounded first.

The model's scores are scaled up, as scores grow in a long training, and rounded to a format of fewer digits. The
reference is computed in float64 from the same rounded scores, so only the arithmetic is compared.

N tokens, K tags.
"""

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tagger.core.common.rounding import six_digits, six_places

SCALES = (1, 10, 100, 1000)
FLOAT32, FLOAT16, BFLOAT16 = torch.float32, torch.float16, torch.bfloat16
TensorFunction = Callable[[Tensor], Tensor]


def log_then_softmax_error(scores: Tensor, tags: Tensor) -> list[dict[str, Any]]:
    """Compare log(softmax) and log_softmax of the gold tag: (N, K) float64 scores, (N) tags -> one row per case.

    `infinite` is the share of tokens that get no finite logarithm. Errors are those of the others; `relative_error` is
    the largest in proportion to the exact logarithm, or to 1 if that is smaller.
    """
    methods: dict[str, TensorFunction] = {
        "log(softmax)": lambda values: values.softmax(dim=-1).log(),
        "log_softmax": lambda values: values.log_softmax(dim=-1),
    }

    def gold(function: TensorFunction) -> TensorFunction:
        return lambda values: function(values).gather(1, tags[:, None])[:, 0]

    exact = gold(methods["log_softmax"])
    gold_methods = {name: gold(function) for name, function in methods.items()}
    return _errors(scores, (FLOAT32, FLOAT16, BFLOAT16), gold_methods, exact)


def log_sum_exp_error(scores: Tensor) -> list[dict[str, Any]]:
    """Compare ln(sum(exp(scores))) as written and with the largest score taken out first: one row per case."""
    methods: dict[str, TensorFunction] = {
        "plain": lambda values: values.exp().sum(dim=-1).log(),
        "shifted": lambda values: values.logsumexp(dim=-1),
    }
    return _errors(scores, (torch.float64, FLOAT32, FLOAT16, BFLOAT16), methods, methods["shifted"])


def overflow() -> dict[str, float | None]:
    """Return for each number format the score above which exp is infinite."""
    types = (torch.float64, FLOAT32, FLOAT16, BFLOAT16)
    return {_name(dtype): six_digits(math.log(torch.finfo(dtype).max)) for dtype in types}


def _errors(
    scores: Tensor, dtypes: tuple[torch.dtype, ...], methods: dict[str, TensorFunction], exact: TensorFunction
) -> list[dict[str, Any]]:
    rows = []
    for dtype, scale in product(dtypes, SCALES):
        rounded = (scores * scale).to(dtype)
        reference = exact(rounded.double())  # (N)
        for name, method in methods.items():
            values = method(rounded).double()  # (N)
            finite = values.isfinite() & reference.isfinite()
            errors = torch.where(finite, (values - reference).abs(), math.nan)
            relative = errors / reference.abs().clamp(min=1)
            rows.append(
                {
                    "dtype": _name(dtype),
                    "scale": scale,
                    "method": name,
                    "infinite": six_places(1 - finite.double().mean().item()),
                    "largest_error": six_digits(np.fmax.reduce(errors.numpy())),
                    "mean_error": six_digits(errors.nanmean().item()),
                    "relative_error": six_digits(np.fmax.reduce(relative.numpy())),
                }
            )
    return rows


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
