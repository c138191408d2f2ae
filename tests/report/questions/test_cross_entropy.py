import math

import numpy as np
import pytest
import torch

from tagger.core.common.rounding import six_digits
from tagger.core.network.lstm_tagger import LstmTagger
from tagger.core.params.schema import LossName
from tagger.report.questions.cross_entropy import PAIR, equality, identities, textbook
from tests.samples import RANDOM, batch_of, fresh_model


def test_the_worked_example() -> None:
    example = textbook("nll", torch.tensor([[0.5, 0.5]]).log(), torch.tensor([0]))["example"]
    assert example == {
        "probabilities": [[0.8, 0.2], [0.6, 0.4]],
        "right": [0, 0],
        "mean": 0.366985,  # (0.223144 + 0.510826) / 2
        "sum": 0.733969,
        "fed_probabilities": -0.7,  # -(0.8 + 0.6) / 2
    }


def test_the_same_on_a_split() -> None:
    log_probabilities = torch.tensor([[0.25, 0.75], [0.5, 0.5], [0.0625, 0.9375]], dtype=torch.float64).log()
    found = textbook("mse", log_probabilities, torch.tensor([0, 1, 0]))
    assert found["dev"] == {
        "model": "mse",
        "tokens": 3,
        "mean": 1.61734,  # (2 + 1 + 4) * ln 2 / 3
        "sum": 4.85203,
        "fed_probabilities": -0.270833,  # -(1/4 + 1/2 + 1/16) / 3
    }


BATCH = batch_of(RANDOM.dev)


def model_of(loss: LossName, seed: int = 1) -> LstmTagger:
    return fresh_model(RANDOM.dictionaries, loss, seed)


def test_the_same_weights_under_both_losses_differ_in_rounding_at_most() -> None:
    found = equality([{"nll": model_of("nll"), "cross_entropy": model_of("cross_entropy")}], BATCH)
    assert found["trained"] is True
    assert found["batch_tokens"] == len(BATCH.tokens)
    difference = found["largest_difference"]
    assert {name: difference[name] for name in ("loss", "gradient", "weight")} == {
        "loss": 0,
        "gradient": 0,
        "weight": 0,
    }
    assert difference["probability"] < 1e-6
    assert found["largest"]["gradient"] > 0.001


def test_a_difference_is_seen() -> None:
    other = model_of("cross_entropy")
    with torch.no_grad():
        other.linear.bias[0] += 0.5
    found = equality([{"nll": model_of("nll"), "cross_entropy": other}], BATCH)
    assert found["largest_difference"]["weight"] == 0.5
    assert found["largest_difference"]["loss"] > 0.001
    assert found["largest_difference"]["gradient"] > 0.001
    assert found["largest_difference"]["probability"] > 0.01


def test_a_figure_that_is_not_finite_is_none() -> None:
    other = model_of("cross_entropy")
    with torch.no_grad():
        other.linear.bias[0] = math.nan
    found = equality([{"nll": model_of("nll"), "cross_entropy": other}], BATCH)
    assert set(found["largest_difference"].values()) == {None}
    assert None not in found["largest"].values()  # of `nll`


def test_the_gradient_of_a_table_is_not_spread_over_all_of_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.Tensor, "to_dense", None)
    equality([{"nll": model_of("nll"), "cross_entropy": model_of("cross_entropy")}], BATCH)


def test_if_one_is_not_trained_one_models_weights_are_put_under_both() -> None:
    for loss in ("nll", "cross_entropy", "hinge"):
        model = model_of(loss)
        found = equality([{loss: model}], BATCH)
        assert found["trained"] is False
        assert found["largest_difference"]["weight"] is None
        assert found["largest_difference"]["gradient"] == 0
        assert model.loss_name == loss  # the model itself stays as it was


def test_the_gradient_is_that_of_the_mean_loss() -> None:
    model = model_of("cross_entropy")
    torch.nn.functional.cross_entropy(model(BATCH), BATCH.tags).backward()  # type: ignore[no-untyped-call]
    largest = max(
        float(weights.grad.to_dense().abs().max()) for weights in model.parameters() if weights.grad is not None
    )
    found = equality([{"nll": model_of("nll"), "cross_entropy": model_of("cross_entropy")}], BATCH)
    assert found["largest"]["gradient"] == six_digits(largest)


def test_the_largest_difference_of_all_seeds_counts() -> None:
    pairs = [{loss: model_of(loss, seed) for loss in PAIR} for seed in (1, 2, 3)]
    found = equality(pairs, BATCH)
    assert found["largest_difference"]["weight"] == 0
    with torch.no_grad():
        pairs[1]["nll"].linear.bias[0] += 0.5
    assert equality(pairs, BATCH)["largest_difference"]["weight"] == 0.5


# Two tokens of word 0 with tags 0 and 1, one of word 7 with tag 1; the model gives each 3/4 and 1/4.
SCORES = np.log(np.array([[0.75, 0.25], [0.75, 0.25], [0.75, 0.25]], dtype=np.float32))
FOUND = identities({"nll": SCORES, "mse": SCORES * 0}, np.array([0, 0, 7]), np.array([0, 1, 1]))


def test_cross_entropy_is_entropy_and_divergence() -> None:
    nll = FOUND["rows"][0]
    half = -(math.log(0.75) + math.log(0.25)) / 2  # of the word with both tags
    assert nll["cross_entropy"] == pytest.approx((2 * half + math.log(4)) / 3, abs=1e-6)
    assert nll["entropy"] == pytest.approx(2 * math.log(2) / 3, abs=1e-6)
    assert nll["kl"] == pytest.approx((2 * (half - math.log(2)) + math.log(4)) / 3, abs=1e-6)
    assert nll["largest_difference"] < 1e-12


def test_part_by_part_the_bytes_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = np.random.default_rng(1)
    scores, words, tags = dice.normal(size=(50, 17)).astype(np.float32), dice.integers(9, size=50), np.arange(50) % 17
    whole = identities({"nll": scores}, words, tags)
    monkeypatch.setattr("tagger.report.questions.cross_entropy._PART", 7)
    assert identities({"nll": scores}, words, tags) == whole


def test_each_model_has_a_row_and_the_same_entropy() -> None:
    assert [row["loss"] for row in FOUND["rows"]] == ["nll", "mse"]
    assert FOUND["rows"][1]["cross_entropy"] == 0.693147  # ln 2: even scores
    assert FOUND["rows"][1]["entropy"] == FOUND["rows"][0]["entropy"] == 0.462098


def test_one_hot_has_no_entropy() -> None:
    assert FOUND["one_hot_entropy"] == 0


def test_the_likelihood_is_the_product_and_its_logarithm_the_sum() -> None:
    likelihood = FOUND["likelihood"]
    assert likelihood["log"] == pytest.approx(math.log(0.046875), abs=1e-5)  # 3/4 * 1/4 * 1/4
    assert likelihood["difference"] < 1e-12


def test_a_long_product_leaves_float64_and_the_sum_does_not() -> None:
    scores = np.tile(np.log(np.array([[0.5, 0.5]], dtype=np.float32)), (2000, 1))
    likelihood = identities({"nll": scores}, np.zeros(2000, dtype=int), np.zeros(2000, dtype=int))["likelihood"]
    assert likelihood["log"] == -1386.29
    assert likelihood["difference"] < 1e-9


def test_the_frequencies_are_the_likeliest_fixed_guess() -> None:
    frequencies = FOUND["frequencies"]  # 1/3 and 2/3
    assert frequencies["nll"] == frequencies["entropy"] == 0.636514  # ln 3 - 2/3 ln 2
    assert frequencies["difference"] < 1e-12
