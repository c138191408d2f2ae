from typing import Any

import pytest

from tagger.report.comparison.compare import pair_sentence, summarize


def pair(
    first: str,
    second: str,
    accuracies: tuple[float, float],
    low: float,
    high: float,
    same: float,
) -> dict[str, Any]:
    one, other = accuracies
    return {
        "first": first,
        "second": second,
        "same_tags": same,
        "accuracy": {"first": one, "second": other, "difference": one - other, "low": low, "high": high},
        "measure": "accuracy",
        "better": None if low <= 0 <= high else (first if low > 0 else second),
    }


def finished(*pairs: dict[str, Any]) -> list[dict[str, Any]]:
    compared = sum(found["second"] != "baseline" for found in pairs)
    return [
        found | {"sentence": pair_sentence(found, 1 if found["second"] == "baseline" else compared, 1581, [1])}
        for found in pairs
    ]


SAME = pair("nll", "cross_entropy", (0.93, 0.93), 0, 0, 1)
BETTER = pair("nll", "mse", (0.93, 0.91), 0.005, 0.031, 0.95)
WORSE = pair("mse", "nll", (0.91, 0.93), -0.031, -0.005, 0.95)
UNCLEAR = pair("nll", "hinge", (0.93, 0.925), -0.004, 0.014, 0.96)
BASELINES = {
    loss: pair(loss, "baseline", (accuracy, 0.85), 0.06, 0.1, 0.84)
    for loss, accuracy in {"nll": 0.93, "cross_entropy": 0.93, "mse": 0.91, "hinge": 0.925}.items()
}
AGAINST_BASELINE = (
    "nll is better than the most-frequent-tag baseline by 8.00 points of accuracy (interval 6.00 to 10.00 at 95 %). "
    "Only one seed was compared; others may lead to another verdict."
)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (SAME, "nll and cross_entropy give the same tag to each of 1,581 words."),
        (BETTER, "nll is better than mse by 2.00 points of accuracy (interval 0.50 to 3.10 at 95 %)."),
        (WORSE, "nll is better than mse by 2.00 points of accuracy (interval 0.50 to 3.10 at 95 %)."),
        (
            UNCLEAR,
            "No significant difference between nll and hinge: 0.50 points of accuracy "
            "(interval \N{MINUS SIGN}0.40 to 1.40 at 95 %).",
        ),
        (
            pair("hinge", "nll", (0.925, 0.93), -0.014, 0.004, 0.96),
            "No significant difference between hinge and nll: \N{MINUS SIGN}0.50 points of accuracy "
            "(interval \N{MINUS SIGN}1.40 to 0.40 at 95 %).",
        ),
        (
            pair("mse", "baseline", (0.8, 0.9), -0.2, -0.05, 0.5),
            "The most-frequent-tag baseline is better than mse by 10.00 points of accuracy "
            "(interval 5.00 to 20.00 at 95 %).",
        ),
    ],
)
def test_a_pair_in_one_sentence(found: dict[str, Any], expected: str) -> None:
    assert pair_sentence(found, 1, 1581, [1]) == expected


def test_an_interval_for_several_pairs_says_so() -> None:
    assert pair_sentence(BETTER, 10, 1581, [1]).endswith("(interval 0.50 to 3.10 at 95 % for all 10 pairs together).")


def test_losses_that_give_the_same_tags_do_not_differ() -> None:
    assert summarize(finished(SAME, BASELINES["nll"], BASELINES["cross_entropy"]), 1581, [1]) == (
        "No difference between nll and cross_entropy: 93.00 % of the words are right. "
        "nll and cross_entropy give the same tag to each of 1,581 words. " + AGAINST_BASELINE
    )


def test_a_difference_that_may_be_chance_does_not_show() -> None:
    assert summarize(finished(UNCLEAR, BASELINES["nll"], BASELINES["hinge"]), 1581, [1]).startswith(
        "No significant difference between nll and hinge: 92.50 to 93.00 % of the words are right. No significant "
    )


def test_the_better_of_two_is_named() -> None:
    for found in (BETTER, WORSE):
        assert summarize(finished(found, BASELINES["mse"], BASELINES["nll"]), 1581, [1]) == (
            "nll is better than mse: 93.00 % of the words are right. "
            "nll is better than mse by 2.00 points of accuracy (interval 0.50 to 3.10 at 95 %). " + AGAINST_BASELINE
        )


def test_of_several_losses_the_worse_are_named() -> None:
    pairs = finished(
        SAME,
        BETTER,
        UNCLEAR,
        pair("cross_entropy", "mse", (0.93, 0.91), 0.005, 0.031, 0.95),
        pair("cross_entropy", "hinge", (0.93, 0.925), -0.004, 0.014, 0.96),
        pair("mse", "hinge", (0.91, 0.925), -0.03, 0.001, 0.95),
        *BASELINES.values(),
    )
    assert summarize(pairs, 1581, [1]) == (
        "No significant difference between nll, cross_entropy and hinge; mse is worse: 92.50 to 93.00 % of the words "
        "are right. nll and cross_entropy give the same tag to each of 1,581 words. nll is better than mse by 2.00 "
        "points of accuracy (interval 0.50 to 3.10 at 95 % for all 6 pairs together). " + AGAINST_BASELINE
    )


def test_two_that_differ_are_not_called_alike_because_the_best_differs_from_neither() -> None:
    pairs = finished(
        UNCLEAR,
        pair("nll", "mse", (0.93, 0.91), -0.001, 0.05, 0.95),
        pair("hinge", "mse", (0.925, 0.91), 0.001, 0.02, 0.95),
        *(BASELINES[loss] for loss in ("nll", "hinge", "mse")),
    )
    assert summarize(pairs, 1581, [1]).startswith(
        "nll is best, but not significantly better than hinge and mse: 91.00 to 93.00 %"
    )


def test_one_loss_stands_against_the_baseline() -> None:
    assert summarize(finished(BASELINES["nll"]), 1581, [1]) == (
        "nll: 93.00 % of the words are right. " + AGAINST_BASELINE
    )


def test_of_tags_that_mark_spans_the_span_f1_decides() -> None:
    spans = finished(
        *(
            found | {"measure": "span_f1", "span_f1": found["accuracy"]}
            for found in (BETTER, BASELINES["nll"], BASELINES["mse"])
        )
    )
    assert summarize(spans, 1581, [1]).startswith(
        "nll is better than mse: span F1 of 93.00 %. nll is better than mse by 2.00 points of span F1 (interval "
    )


FIVE = [1, 2, 3, 4, 5]
SEEDS_FOR = {"0.001": None, "0.002": None, "0.005": 63, "0.01": 5, "0.02": 3}


def of_five(found: dict[str, Any], alone: list[str | None], **changes: Any) -> dict[str, Any]:
    """Return a pair of five seeds, with its sentence."""
    found = found | {"alone": alone, "visible": 0.0096, "seeds_for": SEEDS_FOR} | changes
    return found | {"sentence": pair_sentence(found, 1, 1581, FIVE)}


@pytest.mark.parametrize(
    ("found", "alone", "expected"),
    [
        (SAME, [None] * 5, "nll and cross_entropy give the same tag to each of 1,581 words with every seed."),
        (
            BETTER,
            ["nll"] * 5,
            "nll is better than mse by 2.00 points of accuracy on average over 5 seeds "
            "(interval 0.50 to 3.10 at 95 %).",
        ),
        (
            WORSE,
            ["nll", None, "nll", None, "mse"],
            "nll is better than mse by 2.00 points of accuracy on average over 5 seeds "
            "(interval 0.50 to 3.10 at 95 %). "
            "One seed alone would not have shown it: seeds 2 and 4 of the 5. "
            "One seed alone would have claimed that mse is better: seed 5 of the 5.",
        ),
        (
            UNCLEAR,
            ["nll", None, None, "nll", "hinge"],
            "No significant difference between nll and hinge: 0.50 points of accuracy on average over 5 seeds "
            "(interval \N{MINUS SIGN}0.40 to 1.40 at 95 %). "
            "One seed alone would have claimed that nll is better: seeds 1 and 4 of the 5. "
            "One seed alone would have claimed that hinge is better: seed 5 of the 5. "
            "5 seeds detect a difference of 0.96 points in 80 of 100 cases; 63 would detect one of 0.5; "
            "one of 0.2 needs a larger test split.",
        ),
    ],
)
def test_a_pair_over_seeds(found: dict[str, Any], alone: list[str | None], expected: str) -> None:
    assert of_five(found, alone)["sentence"] == expected


@pytest.mark.parametrize(
    ("seeds_for", "expected"),
    [
        ({"0.001": 9, "0.02": 3}, "in 80 of 100 cases; 9 would detect one of 0.1."),
        ({"0.001": None, "0.02": None}, "in 80 of 100 cases; one of 0.1 needs a larger test split."),
        ({"0.01": 5}, "in 80 of 100 cases."),
    ],
)
def test_seeds_and_sentences_that_are_missing_are_named(seeds_for: dict[str, int | None], expected: str) -> None:
    assert of_five(UNCLEAR, [None] * 5, seeds_for=seeds_for)["sentence"].endswith(expected)


def test_a_summary_over_seeds_says_what_is_not_known() -> None:
    against = [of_five(BASELINES[loss], [loss] * 5) for loss in ("nll", "cross_entropy", "hinge")]
    unclear = of_five(UNCLEAR, [None] * 5)
    other = of_five(pair("cross_entropy", "hinge", (0.93, 0.925), -0.004, 0.014, 0.96), [None] * 5)
    assert summarize([of_five(SAME, [None] * 5), unclear, other, *against], 1581, FIVE) == (
        "No significant difference between nll, cross_entropy and hinge: 92.50 to 93.00 % of the words are right on "
        "average over 5 seeds. nll and cross_entropy give the same tag to each of 1,581 words with every seed. "
        + unclear["sentence"]
        + " nll is better than the most-frequent-tag baseline by 8.00 points of accuracy on average over 5 seeds "
        "(interval 6.00 to 10.00 at 95 %)."
    )
