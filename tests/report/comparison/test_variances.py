import math

import numpy as np
import pytest
from scipy import stats

from tagger.report.comparison.variances import POWER, Variances


def test_differences_on_the_same_sentences_tell_the_variance_between_seeds() -> None:
    whole = np.array([[0.01], [0.03], [0.05]])
    variances = Variances.of(np.hstack([whole, np.zeros((3, 4))]))
    assert variances == pytest.approx((0.0004, 0))  # ((-0.02)^2 + 0^2 + 0.02^2) / 2


def test_what_two_seeds_share_when_sentences_are_drawn_is_that_of_the_sentences() -> None:
    shared = np.array([1.0, -1.0, 1.0, -1.0])
    own = np.array([[1.0, 1.0, -1.0, -1.0], [0.0, 0.0, 0.0, 0.0]])
    variances = Variances.of(np.hstack([np.zeros((2, 1)), shared + own]))
    assert variances == pytest.approx((0, 4 / 3))  # the covariance of the rows: 4 / (4 - 1)


def test_seeds_that_share_nothing_have_no_variance_by_sentences() -> None:
    apart = np.array([[0, 1.0, -1.0], [0, -1.0, 1.0]])  # their covariance is negative
    assert Variances.of(apart).sentences == 0


def test_a_resample_without_a_number_is_left_out() -> None:
    rows = np.array([[0, 1.0, 2.0, 3.0, np.nan], [0, 1.0, 2.0, 3.0, 7.0]])
    assert Variances.of(rows).sentences == pytest.approx(1)


def test_without_a_part_of_the_sentences_the_interval_is_that_of_the_t_test() -> None:
    values = np.array([0.01, 0.03, 0.02, 0.05])
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    width = Variances(values.var(ddof=1), 0).width(0.975, 4)
    assert (values.mean() - width, values.mean() + width) == pytest.approx((low, high))


def test_without_a_part_of_the_seeds_the_interval_is_that_of_the_bootstrap() -> None:
    assert Variances(0, 0.04).width(0.975, 2) == pytest.approx(1.959964 * 0.2)


def test_the_squares_of_both_parts_add_up() -> None:
    seeds, sentences = Variances(0.3, 0).width(0.975, 3), Variances(0, 0.04).width(0.975, 3)
    assert Variances(0.3, 0.04).width(0.975, 3) ** 2 == pytest.approx(seeds**2 + sentences**2)


@pytest.mark.parametrize("variances", [Variances(1, 0), Variances(1, 0.04)])
@pytest.mark.parametrize("difference", [0.75, 1, 2])
def test_as_many_seeds_as_needed_and_no_more(variances: Variances, difference: float) -> None:
    seeds = variances.seeds_for(difference, 0.95)
    assert seeds is not None
    assert variances.visible(0.95, seeds) <= difference < variances.visible(0.95, seeds - 1)


def test_no_number_of_seeds_makes_up_for_few_sentences() -> None:
    variances = Variances(1, 0.04)
    limit = (1.959964 + 0.841621) * 0.2  # the quantiles of the normal distribution
    assert variances.visible(0.95, math.inf) == pytest.approx(limit)
    assert variances.seeds_for(limit - 0.001, 0.95) is None
    assert variances.seeds_for(limit + 0.001, 0.95) is not None


@pytest.mark.parametrize(("seeds", "sentences"), [(3, 0), (5, 0.1), (10, 0.3)])
def test_what_is_called_visible_is_seen_about_as_often_as_said(seeds: int, sentences: float) -> None:
    draw, times = np.random.default_rng(1), 20_000
    true = Variances(1, sentences).visible(0.95, seeds)
    values = true + draw.normal(size=(times, 1)) * sentences**0.5 + draw.normal(size=(times, seeds))
    widths = [Variances(variance, sentences).width(0.975, seeds) for variance in values.var(axis=1, ddof=1)]
    assert (values.mean(axis=1) > widths).mean() == pytest.approx(POWER, abs=0.04)
