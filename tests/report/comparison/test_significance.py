import math

import numpy as np
import pytest
from scipy import stats

from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.evaluate.metrics import measure, score
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.comparison.significance import POWER, RESAMPLES, Variances, difference, mcnemar, resampled_metrics
from tests.evaluate.test_metrics import SPLIT, TAGGED, nothing
from tests.samples import RANDOM, data_of, tagged


def by_tags(tags: np.ndarray, split: EncodedSplit) -> TaggedSplit:
    return TaggedSplit(split, nothing(len(tags)), tags)


def test_the_metrics_of_the_whole_split_are_those_of_scoring() -> None:
    expected = score(TAGGED)
    metrics = measure(TAGGED, np.ones((1, 3)))
    for name in ("accuracy", "macro_f1", "nll", "brier", "ece"):
        assert metrics[name] == pytest.approx([expected[name]], abs=1e-6)


def test_a_resample_counts_a_sentence_as_often_as_it_was_drawn() -> None:
    weights = np.array([[0.0, 2.0, 1.0], [3.0, 0.0, 0.0]])  # accuracies: 3 of 3, 1 of 2, 0 of 1
    metrics = measure(by_tags(TAGGED.predicted, SPLIT), weights)
    assert metrics["accuracy"] == pytest.approx([2 / 5, 1])
    # of the first: A 0 (1 predicted twice), B 0 (predicted once), C 2 of 3 found, X 0; of the second: A 1, B 1
    assert metrics["macro_f1"] == pytest.approx([(0 + 0 + 4 / 5 + 0) / 4, 1])


def test_a_tagger_without_probabilities_has_no_nll() -> None:
    metrics = measure(by_tags(TAGGED.predicted, SPLIT), np.ones((1, 3)))
    assert not {"nll", "brier", "ece", "span_f1"} & metrics.keys()


def test_a_resample_without_a_known_gold_tag_has_no_nll() -> None:
    split = data_of([tagged("a/A")], [tagged("a/A"), tagged("a/X")]).dev
    metrics = measure(
        TaggedSplit.of(np.ones((2, 1), dtype=np.float32), split, nothing(2)), np.array([[1.0, 1.0], [0.0, 2.0]])
    )
    np.testing.assert_array_equal(metrics["nll"], [0, np.nan])


def flipped(split: EncodedSplit, share: float, seed: int) -> np.ndarray:
    """Return the gold tags with a share of them wrong."""
    draw = np.random.default_rng(seed)
    return np.where(draw.random(len(split.tags)) < share, (split.tags + 1) % 3, split.tags)


def test_the_interval_is_that_of_scipy() -> None:
    split = RANDOM.train
    first, second = flipped(split, 0.1, 1), flipped(split, 0.2, 2)
    metrics = resampled_metrics({"first": [by_tags(first, split)], "second": [by_tags(second, split)]}, seed=1)
    found = difference(metrics["first"]["accuracy"], metrics["second"]["accuracy"], 0.95)
    right = [np.add.reduceat(tags == split.tags, split.sentence_starts[:-1], dtype=int) for tags in (first, second)]
    expected = stats.bootstrap(
        (right[0] - right[1], split.lengths),
        lambda difference, lengths, axis: difference.sum(axis) / lengths.sum(axis),
        paired=True,
        vectorized=True,
        n_resamples=10_000,
        method="percentile",
        rng=np.random.default_rng(2),
    ).confidence_interval
    assert found is not None
    assert found["difference"] == pytest.approx((right[0] - right[1]).sum() / len(split.tags), abs=1e-6)
    assert (found["low"], found["high"]) == pytest.approx((expected.low, expected.high), abs=0.003)


def test_there_are_ten_thousand_resamples_and_the_seed_decides_them() -> None:
    taggers = {"a": [by_tags(flipped(RANDOM.dev, 0.3, 1), RANDOM.dev)]}
    drawn = [resampled_metrics(taggers, seed)["a"]["accuracy"] for seed in (1, 1, 2)]
    assert drawn[0].shape == (1, 1 + RESAMPLES) == (1, 10_001)
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_the_same_tags_have_no_difference() -> None:
    taggers = {name: [by_tags(flipped(RANDOM.dev, 0.3, 1), RANDOM.dev)] for name in ("a", "b")}
    metrics = resampled_metrics(taggers, seed=1)
    found = difference(metrics["a"]["macro_f1"], metrics["b"]["macro_f1"], 0.95)
    assert found is not None
    assert found["first"] == found["second"]
    assert (found["difference"], found["low"], found["high"]) == (0, 0, 0)


def test_a_higher_confidence_gives_a_wider_interval() -> None:
    values, zeros = np.array([[0.5, *np.linspace(0, 1, 10_001)]]), np.zeros((1, 10_002))
    whole = {"first": 0.5, "second": 0, "difference": 0.5}
    assert difference(values, zeros, 0.95) == whole | {"low": 0.025, "high": 0.975}
    assert difference(values, zeros, 0.99) == whole | {"low": 0.005, "high": 0.995}


def test_without_a_number_there_is_no_interval() -> None:
    assert difference(np.array([[np.nan, 1.0]]), np.zeros((1, 2)), 0.95) is None


def test_every_model_is_measured_on_the_same_resamples() -> None:
    models = [by_tags(flipped(RANDOM.dev, 0.3, seed), RANDOM.dev) for seed in (1, 2)]
    metrics = resampled_metrics({"two": models, "second": models[1:]}, seed=1)
    assert metrics["two"]["macro_f1"].shape == (2, 10_001)
    np.testing.assert_array_equal(metrics["two"]["macro_f1"][1:], metrics["second"]["macro_f1"])


def test_over_several_seeds_the_interval_is_that_of_their_variances() -> None:
    draw = np.random.default_rng(1)
    first, second = draw.normal(size=(2, 3, 501))
    found = difference(first, second, 0.95)
    assert found is not None
    assert found["difference"] == pytest.approx((first - second)[:, 0].mean(), abs=1e-6)
    width = Variances.of(first - second).width(0.975, 3)
    assert (found["low"], found["high"]) == pytest.approx(
        (found["difference"] - width, found["difference"] + width), abs=2e-6
    )


def test_a_tagger_without_seeds_is_compared_with_every_model() -> None:
    models = np.array([[0.75, 0.5, 0.25], [0.5, 0.75, 0.5]])
    found = difference(models, np.array([[0.25, 0.25, 0.5]]), 0.95)
    assert found is not None
    assert (found["first"], found["second"], found["difference"]) == (0.625, 0.25, 0.375)


def test_mcnemar_counts_the_tokens_that_only_one_has_right() -> None:
    first = np.array([True] * 9 + [False] + [True] * 5 + [False] * 5)
    second = np.array([False] * 9 + [True] + [True] * 5 + [False] * 5)
    # twice the chance of at most 1 in 10 throws of a coin: 2 * (1 + 10) / 1024 = 0.0214844
    assert mcnemar(first, second) == {"only_first_right": 9, "only_second_right": 1, "p": 0.0214844}


def test_mcnemar_of_equal_taggers_finds_no_difference() -> None:
    right = np.array([True, False])
    assert mcnemar(right, right) == {"only_first_right": 0, "only_second_right": 0, "p": 1.0}


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
