from typing import Any

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from tagger.evaluate.detail import reliability
from tagger.evaluate.metrics import score
from tagger.evaluate.tagged_split import BINS, TaggedSplit
from tests.evaluate.test_metrics import nothing
from tests.samples import data_of, tagged


def probabilities(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def tagged_with(values: np.ndarray, *tags: int) -> TaggedSplit:
    """Return sentences of one word each, as tagged with these probabilities; a gold tag may be unknown to the model."""
    train = [tagged(" ".join(f"w/{tag}" for tag in range(values.shape[1])))]
    split = data_of(train, [tagged(f"w/{tag}") for tag in tags]).dev
    return TaggedSplit.of(values, split, nothing(len(tags)))


def filled(bins: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [part for part in bins if part["tokens"]]


def test_tokens_of_about_one_confidence_share_a_bin() -> None:
    bins = reliability(tagged_with(probabilities((0.9, 0.1), (0.1, 0.9), (0.55, 0.45)), 0, 0, 0))
    assert len(bins) == BINS == 15
    assert filled(bins) == [
        {"low": 0.533333, "high": 0.6, "tokens": 1, "confidence": 0.55, "accuracy": 1},
        {"low": 0.866667, "high": 0.933333, "tokens": 2, "confidence": 0.9, "accuracy": 0.5},
    ]


def test_an_empty_bin_has_no_means() -> None:
    empty = {"low": 0, "high": 0.066667, "tokens": 0, "confidence": None, "accuracy": None}
    assert reliability(tagged_with(probabilities((1, 0)), 0))[0] == empty


def test_a_bin_holds_its_upper_end() -> None:
    values = np.array([[0.6, 0.4], [1, 0]])  # 0.6 = 9/15
    bins = reliability(tagged_with(values, 0, 0))
    assert [part["high"] for part in filled(bins)] == [0.6, 1]


def test_the_calibration_error_weighs_bins_by_their_tokens() -> None:
    values = probabilities((0.9, 0.1), (0.1, 0.9), (0.55, 0.45))
    assert score(tagged_with(values, 0, 0, 0))["ece"] == pytest.approx((2 * 0.4 + 0.45) / 3, abs=1e-6)


def test_a_tagger_as_right_as_it_is_sure_has_no_calibration_error() -> None:
    assert score(tagged_with(np.array([[0.75, 0.25]] * 4), 0, 0, 0, 1))["ece"] == 0


def test_brier_is_the_squared_distance_to_one_hot() -> None:
    values = probabilities((0.7, 0.2, 0.1), (0, 1, 0), (1, 0, 0))
    assert tagged_with(values, 0, 1, 2).sums["brier"] == pytest.approx([0.09 + 0.04 + 0.01, 0, 2])


def test_brier_takes_a_tag_the_model_does_not_know_for_one_of_probability_zero() -> None:
    assert tagged_with(probabilities((0.6, 0.4)), 2).sums["brier"] == pytest.approx([0.36 + 0.16 + 1])


def test_nll_is_zero_for_a_tag_the_model_does_not_know() -> None:
    sums = tagged_with(probabilities((0.25, 0.75), (0.25, 0.75)), 0, 2).sums
    assert sums["nll"] == pytest.approx([np.log(4), 0])
    assert sums["known_tags"].tolist() == [1, 0]


def test_a_probability_of_zero_counts_as_the_smallest_float32() -> None:
    assert tagged_with(probabilities((0, 1)), 0).sums["nll"] == pytest.approx([87.336545])


def test_brier_and_nll_are_those_of_scikit_learn() -> None:
    draw = np.random.default_rng(1)
    values, tags = draw.dirichlet(np.ones(4), size=200).astype(np.float32), draw.integers(0, 4, size=200)
    metrics = score(tagged_with(values, *tags))
    brier = brier_score_loss(tags, values, labels=[0, 1, 2, 3], scale_by_half=False)
    assert metrics["brier"] == pytest.approx(brier, abs=1e-6)
    assert metrics["nll"] == pytest.approx(log_loss(tags, values, labels=[0, 1, 2, 3]), abs=1e-6)
