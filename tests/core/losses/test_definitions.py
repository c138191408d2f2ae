import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tagger.core.common.arrays import Float64s
from tagger.core.losses.definitions import LOSSES
from tagger.core.params.schema import LossName

ALL: list[LossName] = ["nll", "cross_entropy", "softmax_nll", "mse", "hinge"]
TAGS = torch.tensor([2, 0, 1, 1, 3])


def random_scores(scale: float = 3) -> Tensor:
    return torch.randn((5, 4), generator=torch.Generator().manual_seed(7)) * scale


def loss_of(name: LossName, scores: Tensor, tags: Tensor) -> Tensor:
    return LOSSES[name].criterion(LOSSES[name].last_step(scores), tags)


def probabilities_of(name: LossName, scores: Tensor) -> Tensor:
    return LOSSES[name].probabilities(LOSSES[name].last_step(scores))


def gradient_of(name: LossName, scores: Tensor, tags: Tensor) -> Tensor:
    scores = scores.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss_of(name, scores, tags), scores)
    return gradient


def softmax_by_hand(scores: Tensor) -> Float64s:
    powers = np.exp(scores.numpy().astype(np.float64))
    result: Float64s = powers / powers.sum(axis=1, keepdims=True)
    return result


def test_the_five_losses_are_there() -> None:
    assert list(LOSSES) == ALL


@pytest.mark.parametrize("scale", [1, 30, 1000])
def test_nll_and_cross_entropy_are_the_same_number(scale: float) -> None:
    scores = random_scores(scale)
    assert torch.equal(loss_of("nll", scores, TAGS), loss_of("cross_entropy", scores, TAGS))


@pytest.mark.parametrize("scale", [1, 30, 1000])
def test_nll_and_cross_entropy_have_the_same_gradient(scale: float) -> None:
    scores = random_scores(scale)
    assert torch.equal(gradient_of("nll", scores, TAGS), gradient_of("cross_entropy", scores, TAGS))


@pytest.mark.parametrize("scale", [1, 30, 1000])
def test_nll_and_cross_entropy_have_the_same_probabilities(scale: float) -> None:
    scores = random_scores(scale)
    torch.testing.assert_close(
        probabilities_of("nll", scores), probabilities_of("cross_entropy", scores), rtol=1e-4, atol=1e-7
    )


def test_nll_is_log_softmax_and_the_nll_loss_of_torch() -> None:
    expected = nn.NLLLoss()(nn.LogSoftmax(dim=1)(random_scores()), TAGS)
    assert torch.equal(loss_of("nll", random_scores(), TAGS), expected)


def test_cross_entropy_is_that_of_torch_on_raw_scores() -> None:
    assert torch.equal(LOSSES["cross_entropy"].last_step(random_scores()), random_scores())
    expected = nn.CrossEntropyLoss()(random_scores(), TAGS)
    assert torch.equal(loss_of("cross_entropy", random_scores(), TAGS), expected)


def test_mse_is_that_of_torch_between_softmax_and_one_hot() -> None:
    one_hot = torch.tensor([[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]).float()
    expected = nn.MSELoss()(nn.Softmax(dim=1)(random_scores()), one_hot)
    torch.testing.assert_close(loss_of("mse", random_scores(), TAGS), expected)


def test_hinge_is_the_multi_margin_loss_of_torch() -> None:
    expected = nn.MultiMarginLoss()(random_scores(), TAGS)
    torch.testing.assert_close(loss_of("hinge", random_scores(), TAGS), expected)


@pytest.mark.parametrize("name", ["nll", "cross_entropy", "softmax_nll"])
def test_a_loss_of_probabilities_is_the_mean_negative_logarithm(name: LossName) -> None:
    gold = softmax_by_hand(random_scores())[np.arange(5), TAGS.numpy()]
    assert float(loss_of(name, random_scores(), TAGS)) == pytest.approx(-np.log(gold).mean(), rel=1e-6)


def test_mse_is_the_mean_squared_distance_to_one_hot() -> None:
    distance = softmax_by_hand(random_scores())
    distance[np.arange(5), TAGS.numpy()] -= 1
    assert float(loss_of("mse", random_scores(), TAGS)) == pytest.approx((distance**2).mean(), rel=1e-6)


def test_hinge_is_the_mean_shortfall_of_a_margin_of_one() -> None:
    scores = random_scores().numpy().astype(np.float64)
    gold = scores[np.arange(5), TAGS.numpy()][:, None]
    shortfall = np.maximum(0, 1 - gold + scores)
    shortfall[np.arange(5), TAGS.numpy()] = 0
    assert float(loss_of("hinge", random_scores(), TAGS)) == pytest.approx((shortfall.sum(axis=1) / 4).mean(), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("nll", 0.693147), ("cross_entropy", 0.693147), ("softmax_nll", 0.693147), ("mse", 0.25), ("hinge", 0.5)],
)
def test_loss_of_two_equal_scores(name: LossName, expected: float) -> None:
    assert float(loss_of(name, torch.zeros((1, 2)), torch.tensor([0]))) == pytest.approx(expected, abs=1e-6)


def test_hinge_of_a_wrong_tag_that_leads_by_two() -> None:
    # (max(0, 1 - 1 + 3) + max(0, 1 - 1 + 0)) / 3 tags
    assert float(loss_of("hinge", torch.tensor([[1.0, 3.0, 0.0]]), torch.tensor([0]))) == 1


@pytest.mark.parametrize("name", ["nll", "cross_entropy"])
def test_gradient_is_probability_less_one_hot(name: LossName) -> None:
    expected = softmax_by_hand(random_scores())
    expected[np.arange(5), TAGS.numpy()] -= 1
    np.testing.assert_allclose(gradient_of(name, random_scores(), TAGS).numpy(), expected / 5, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("scale", [1, 30, 1000])
@pytest.mark.parametrize("name", ALL)
def test_probabilities_sum_to_one(name: LossName, scale: float) -> None:
    sums = probabilities_of(name, random_scores(scale)).double().sum(dim=1)
    assert float((sums - 1).abs().max()) < 1e-5


@pytest.mark.parametrize("name", ALL)
def test_probabilities_are_the_softmax_of_the_scores(name: LossName) -> None:
    np.testing.assert_allclose(
        probabilities_of(name, random_scores()).numpy(), softmax_by_hand(random_scores()), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("name", "expected"), [("nll", 200.0), ("cross_entropy", 200.0), ("softmax_nll", float("inf"))]
)
def test_only_softmax_before_the_logarithm_is_infinite_at_far_scores(name: LossName, expected: float) -> None:
    assert float(loss_of(name, torch.tensor([[0.0, 200.0]]), torch.tensor([0]))) == expected
