from dataclasses import replace
from typing import Any

import numpy as np

from tagger.core.common.arrays import Probabilities
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.evaluate.metrics import score
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.comparison.compare import compare
from tests.evaluate.test_metrics import GROUPS, PROBABILITIES, SPLIT, TAGGED, certain, ids, nothing
from tests.samples import data_of, tagged

OTHER = certain(0, 1, 0, 2, 0, 2)  # wrong in z, right in the last b
BASELINE = ids(0, 1, 0, 0, 0, 1)


def compared(split: EncodedSplit = SPLIT, **losses: Probabilities) -> dict[str, Any]:
    """Return the document of a comparison on SPLIT, or on one with other tags."""
    taggers = {loss: {1: TaggedSplit.of(probabilities, split, GROUPS)} for loss, probabilities in losses.items()}
    return compare(taggers, TaggedSplit(split, GROUPS, BASELINE), seed=1)


COMPARISON = compared(nll=PROBABILITIES, mse=OTHER)


def test_every_pair_of_losses_comes_first_and_then_each_with_the_baseline() -> None:
    assert [(pair["first"], pair["second"]) for pair in COMPARISON["pairs"]] == [
        ("nll", "mse"),
        ("nll", "baseline"),
        ("mse", "baseline"),
    ]


def test_a_pair_in_numbers() -> None:
    pair = COMPARISON["pairs"][0]
    assert pair["same_tags"] == 0.666667  # all but z and the last b
    assert pair["accuracy"] | {"low": 0, "high": 0} == {
        "first": 0.666667,
        "second": 0.666667,
        "difference": 0,
        "low": 0,
        "high": 0,
    }
    assert pair["accuracy"]["low"] < 0 < pair["accuracy"]["high"]
    assert pair["nll"]["first"] == 0.634017
    assert pair["brier"]["second"] == 0.666667  # (0 + 0 + 2 + 0 + 2 + 0) / 6
    assert pair["mcnemar"] == {"only_first_right": 1, "only_second_right": 1, "p": 1.0}
    assert pair["confidence"] == 0.95
    assert pair["better"] is None


def test_the_baseline_has_tags_but_no_probabilities() -> None:
    pair = COMPARISON["pairs"][1]
    assert pair["nll"] is None
    assert pair["brier"] is None
    assert pair["accuracy"]["second"] == 0.333333
    assert COMPARISON["baseline"]["accuracy"] == 0.333333
    assert list(COMPARISON["baseline"]) == [
        "accuracy",
        "macro_f1",
        "known_accuracy",
        "ambiguous_accuracy",
        "unknown_accuracy",
        "sentence_accuracy",
    ]


def test_it_says_how_it_was_made() -> None:
    assert {
        name: COMPARISON[name] for name in ("split", "sentences", "tokens", "resamples", "resampled", "seed", "seeds")
    } == {
        "split": "test",
        "sentences": 3,
        "tokens": 6,
        "resamples": 10_000,
        "resampled": "sentences",
        "seed": 1,
        "seeds": [1],
    }


def test_of_tags_that_mark_spans_the_span_f1_decides() -> None:
    split = data_of([tagged("a/B-X b/O")], [tagged("a/B-X b/O"), tagged("a/B-X b/O")]).dev
    losses = {
        name: {1: TaggedSplit.of(np.eye(2, dtype=np.float32)[list(tags)], split, nothing(4))}
        for name, tags in {"a": (0, 1, 0, 1), "b": (0, 1, 1, 1)}.items()
    }
    found = compare(losses, TaggedSplit(split, nothing(4), ids(1, 1, 1, 1)), seed=1)
    pair = found["pairs"][0]
    assert pair["measure"] == "span_f1"
    assert (pair["span_f1"]["first"], pair["span_f1"]["second"]) == (1, 0.666667)  # 1 of 1 found, 1 of 2 gold
    assert found["pairs"][2]["span_f1"]["second"] == 0  # the baseline finds none
    assert COMPARISON["pairs"][0]["span_f1"] is None
    assert COMPARISON["pairs"][0]["measure"] == "accuracy"


def test_of_three_losses_the_intervals_hold_together() -> None:
    three = compared(a=PROBABILITIES, b=OTHER, c=OTHER)
    assert [pair["confidence"] for pair in three["pairs"]] == [0.983333, 0.983333, 0.983333, 0.95, 0.95, 0.95]


def test_nll_is_left_out_if_no_gold_tag_is_known() -> None:
    unknown_tags = replace(SPLIT, tags=np.full(6, 3, dtype=np.int32))
    pair = compared(unknown_tags, a=PROBABILITIES, b=OTHER)["pairs"][0]
    assert pair["nll"] is None
    assert pair["accuracy"]["first"] == 0


def over_seeds(**losses: list[Probabilities]) -> dict[str, Any]:
    """Compare losses with a model for each of the seeds 3, 7, ... on SPLIT."""
    taggers = {
        loss: {3 + 4 * place: TaggedSplit.of(each, SPLIT, GROUPS) for place, each in enumerate(models)}
        for loss, models in losses.items()
    }
    return compare(taggers, TaggedSplit(SPLIT, GROUPS, BASELINE), seed=1)


RIGHT, WRONG = certain(0, 1, 1, 2, 0, 2), certain(1, 0, 0, 0, 1, 0)  # all but y, whose tag is unknown; none


def test_every_seed_has_its_metrics() -> None:
    values = over_seeds(nll=[RIGHT, PROBABILITIES])["values"]
    assert [each["accuracy"] for each in values["nll"]] == [0.833333, 0.666667]
    assert COMPARISON["values"]["nll"] == [score(TAGGED)]


def test_a_pair_over_seeds_is_a_mean_of_differences() -> None:
    found = over_seeds(nll=[RIGHT, RIGHT, PROBABILITIES], mse=[OTHER, WRONG, PROBABILITIES])
    pair = found["pairs"][0]
    assert found["seeds"] == [3, 7, 11]
    assert pair["accuracy"]["difference"] == 0.333333  # (1/6 + 5/6 + 0) / 3
    assert pair["same_tags"] == 0.611111  # 5 of 6 (all but z), 0 of 6, 6 of 6
    assert "mcnemar" not in pair


def test_each_seed_alone_says_what_a_comparison_of_it_says() -> None:
    models = {"nll": [RIGHT, OTHER], "mse": [WRONG, OTHER]}
    pair = over_seeds(**models)["pairs"][0]
    alone = [compared(nll=one, mse=other)["pairs"][0]["better"] for one, other in zip(*models.values(), strict=True)]
    assert pair["alone"] == alone == ["nll", None]
    assert pair["better"] is None
    assert "One seed alone would have claimed that nll is better: seed 3 of the 2." in pair["sentence"]


def test_losses_that_give_the_same_tags_with_every_seed_have_no_spread_to_speak_of() -> None:
    found = over_seeds(nll=[RIGHT, OTHER], cross_entropy=[RIGHT, OTHER])
    pair = found["pairs"][0]
    assert (pair["same_tags"], pair["better"]) == (1, None)
    assert (pair["accuracy"]["low"], pair["accuracy"]["high"]) == (0, 0)
    assert pair["sentence"] == "nll and cross_entropy give the same tag to each of 6 words with every seed."
    assert not {"alone", "visible", "seeds_for"} & pair.keys()
    assert found["summary"].startswith("No difference between nll and cross_entropy: ")


def test_a_pair_says_how_many_seeds_show_a_difference() -> None:
    pair = over_seeds(nll=[RIGHT, OTHER], mse=[WRONG, OTHER])["pairs"][0]
    assert list(pair["seeds_for"]) == ["0.001", "0.002", "0.005", "0.01", "0.02"]
    assert pair["visible"] > 1  # two seeds that differ by 0.83 show nothing
