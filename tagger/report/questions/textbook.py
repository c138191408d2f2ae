"""NLL as textbooks define it, and PyTorch's `NLLLoss`, which takes no logarithm itself.

N tokens, K tags.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tagger.report.shared.wording import number

EXAMPLE = ((0.8, 0.2), (0.6, 0.4))  # the probabilities of two tokens; the first tag is right both times
EXAMPLE_TAGS = (0, 0)


def textbook(model: str, log_probabilities: Tensor, tags: Tensor) -> dict[str, Any]:
    """Measure the mean, the sum, and what `NLLLoss` makes of probabilities, on the worked example and on a split.

    The split is given by the log-probabilities of a model, (N, K), which is named by its loss, and the gold tags, (N).
    """
    example, example_tags = torch.from_numpy(np.log(EXAMPLE)), torch.tensor(EXAMPLE_TAGS)  # torch's own is MKL's
    worked, dev = _measure(example, example_tags), _measure(log_probabilities, tags)
    return {
        "example": {"probabilities": [list(row) for row in EXAMPLE], "right": list(EXAMPLE_TAGS), **worked},
        "dev": {"model": model, "tokens": len(tags), **dev},
        "answer": (
            f"The mean of -ln 0.8 and -ln 0.6 is {number(worked['mean'], 4)}, their sum {number(worked['sum'], 4)}. "
            f"NLLLoss gives that for log-probabilities; fed the probabilities it gives "
            f"{number(worked['fed_probabilities'], 4)}, because it takes no logarithm. On dev {model} has a mean of "
            f"{number(dev['mean'], 4)} and a sum of {number(dev['sum'], 1)} over {number(len(tags))} words; fed "
            f"probabilities by mistake, NLLLoss gives {number(dev['fed_probabilities'], 4)}."
        ).replace("-ln", "\N{MINUS SIGN}ln"),
    }


def _measure(log_probabilities: Tensor, tags: Tensor) -> dict[str, float]:
    values = {
        "mean": functional.nll_loss(log_probabilities, tags),
        "sum": functional.nll_loss(log_probabilities, tags, reduction="sum"),
        "fed_probabilities": functional.nll_loss(log_probabilities.exp(), tags),
    }
    return {name: float(f"{value.item():.6g}") for name, value in values.items()}
