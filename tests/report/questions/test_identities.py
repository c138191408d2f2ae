import math

import numpy as np
import pytest

from tagger.report.questions.identities import identities

# Two tokens of word 0 with tags 0 and 1, one of word 7 with tag 1; the model gives each 3/4 and 1/4.
SCORES = np.log(np.array([[0.75, 0.25], [0.75, 0.25], [0.75, 0.25]]))
FOUND = identities({"nll": SCORES, "mse": SCORES * 0}, np.array([0, 0, 7]), np.array([0, 1, 1]))


def test_cross_entropy_is_entropy_and_divergence() -> None:
    nll = FOUND["rows"][0]
    half = -(math.log(0.75) + math.log(0.25)) / 2  # of the word with both tags
    assert nll["cross_entropy"] == pytest.approx((2 * half + math.log(4)) / 3, abs=1e-6)
    assert nll["entropy"] == pytest.approx(2 * math.log(2) / 3, abs=1e-6)
    assert nll["kl"] == pytest.approx((2 * (half - math.log(2)) + math.log(4)) / 3, abs=1e-6)
    assert nll["largest_difference"] < 1e-12


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
    scores = np.tile(np.log(np.array([[0.5, 0.5]])), (2000, 1))
    likelihood = identities({"nll": scores}, np.zeros(2000, dtype=int), np.zeros(2000, dtype=int))["likelihood"]
    assert likelihood["log"] == -1386.29
    assert likelihood["difference"] < 1e-9


def test_the_frequencies_are_the_likeliest_fixed_guess() -> None:
    frequencies = FOUND["frequencies"]  # 1/3 and 2/3
    assert frequencies["nll"] == frequencies["entropy"] == 0.636514  # ln 3 - 2/3 ln 2
    assert frequencies["difference"] < 1e-12
