"""NLL as textbooks define it, and PyTorch's `NLLLoss`, which takes no logarithm of its own.

N tokens, K tags.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from tagger.rounding import six_digits

EXAMPLE = ((0.8, 0.2), (0.6, 0.4))  # the probabilities of two tokens; the first tag is right both times
EXAMPLE_TAGS = (0, 0)


def textbook(model: str, log_probabilities: Tensor, tags: Tensor) -> dict[str, Any]:
    """Measure the mean, the sum, and what `NLLLoss` makes of probabilities, on the worked example and on a split.

    Args:
        model: the name of the loss that it was trained with.
        log_probabilities: (N, K).
        tags: (N).
    """
    example, example_tags = torch.tensor(EXAMPLE, dtype=torch.float64), torch.tensor(EXAMPLE_TAGS)
    worked, dev = _measure(example.log(), example_tags), _measure(log_probabilities, tags)
    return {
        "example": {"probabilities": [list(row) for row in EXAMPLE], "right": list(EXAMPLE_TAGS), **worked},
        "dev": {"model": model, "tokens": len(tags), **dev},
        "answer": (
            f"The mean of -ln 0.8 and -ln 0.6 is {worked['mean']:.4f}, their sum {worked['sum']:.4f}. NLLLoss gives "
            f"that for log-probabilities; fed the probabilities themselves it gives {worked['fed_probabilities']:.4f}: "
            f"it takes no logarithm. On dev {model} has {dev['mean']:.4f} a word, {dev['sum']:.1f} in sum, and "
            f"{dev['fed_probabilities']:.4f} if fed probabilities by mistake."
        ),
    }


def _measure(log_probabilities: Tensor, tags: Tensor) -> dict[str, float | None]:
    values = {
        "mean": functional.nll_loss(log_probabilities, tags),
        "sum": functional.nll_loss(log_probabilities, tags, reduction="sum"),
        "fed_probabilities": functional.nll_loss(log_probabilities.exp(), tags),
    }
    return {name: six_digits(value.item()) for name, value in values.items()}
