"""NLL as textbooks define it, and PyTorch's `NLLLoss`, which takes no logarithm itself.

N tokens, K tags.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

EXAMPLE = ((0.8, 0.2), (0.6, 0.4))  # the probabilities of two tokens; the first tag is right both times
EXAMPLE_TAGS = (0, 0)


def textbook(model: str, log_probabilities: Tensor, tags: Tensor) -> dict[str, Any]:
    """Measure the mean, the sum, and what `NLLLoss` makes of probabilities, on the worked example and on a split.

    The split is given by the log-probabilities of a model, (N, K), which is named by its loss, and the gold tags, (N).
    """
    example, example_tags = torch.from_numpy(np.log(EXAMPLE)), torch.tensor(EXAMPLE_TAGS)  # torch's own is MKL's
    worked = {"probabilities": [list(row) for row in EXAMPLE], "right": list(EXAMPLE_TAGS)}
    return {
        "example": worked | _measure(example, example_tags),
        "dev": {"model": model, "tokens": len(tags), **_measure(log_probabilities, tags)},
    }


def _measure(log_probabilities: Tensor, tags: Tensor) -> dict[str, float]:
    values = {
        "mean": functional.nll_loss(log_probabilities, tags),
        "sum": functional.nll_loss(log_probabilities, tags, reduction="sum"),
        "fed_probabilities": functional.nll_loss(log_probabilities.exp(), tags),
    }
    return {name: float(f"{value.item():.6g}") for name, value in values.items()}
