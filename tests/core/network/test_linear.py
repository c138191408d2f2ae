"""The linear layer of portable arithmetic is torch's, rounded elsewhere."""

import pytest
import torch
from torch import nn

from tagger.core.common import arithmetic
from tagger.core.network.linear import Linear


@pytest.fixture
def layer() -> Linear:
    torch.manual_seed(1)
    return Linear(5, 3, dtype=torch.float64)


def test_its_gradients_are_those_of_its_results(layer: Linear) -> None:
    inputs = torch.randn(4, 2, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, inputs)
    names = dict(layer.named_parameters())

    def of_weights(weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        outputs: torch.Tensor = torch.func.functional_call(layer, {"weight": weight, "bias": bias}, inputs.detach())
        return outputs

    assert torch.autograd.gradcheck(of_weights, (names["weight"], names["bias"]))


def test_it_computes_what_torch_computes(layer: Linear) -> None:
    inputs = torch.randn(7, 5, dtype=torch.float64)
    with torch.inference_mode():
        torch.testing.assert_close(layer(inputs), nn.Linear.forward(layer, inputs))


def test_native_arithmetic_is_that_of_torch(layer: Linear, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = torch.randn(7, 5, dtype=torch.float64)

    def steps() -> str:
        return layer(inputs).grad_fn.name()  # type: ignore[no-any-return]

    assert steps() == "ViewBackward0"
    monkeypatch.delenv(next(iter(arithmetic.PORTABLE)))
    assert steps() == nn.Linear.forward(layer, inputs).grad_fn.name() == "AddmmBackward0"  # type: ignore[union-attr]
