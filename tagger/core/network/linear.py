"""A linear layer in portable arithmetic."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from tagger.core.common import arithmetic


class Linear(nn.Linear):
    """`nn.Linear` that multiplies with NumPy's OpenBLAS on a CPU with portable arithmetic.

    MKL gives the same bytes on all processors only with its SSE2 kernels, which take up to three times as long.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """Return (..., outputs) for (..., inputs)."""
        if input.device.type != "cpu" or not arithmetic.in_use():
            return super().forward(input)
        rows: Tensor = _Product.apply(input.flatten(0, -2), self.weight)  # type: ignore[no-untyped-call]
        return (rows + self.bias).view(*input.shape[:-1], -1)


class _Product(torch.autograd.Function):
    """(N, inputs), (outputs, inputs) -> (N, outputs)."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(inputs, weight)
        return _multiply(inputs, weight.T)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        inputs, weight = ctx.saved_tensors
        return _multiply(gradient, weight), _multiply(gradient.T, inputs)


def _multiply(left: Tensor, right: Tensor) -> Tensor:
    with np.errstate(all="ignore"):  # like torch, don't warn of infinities and NaN
        return torch.from_numpy(left.detach().numpy() @ right.detach().numpy())
