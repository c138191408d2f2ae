import numpy as np
import pandas as pd
import pytest

from tagger.core.common.arrays import Int32s, Probabilities
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import WordGroups
from tagger.evaluate.metrics import over_seeds, score, tag_table
from tagger.evaluate.tagged_split import TaggedSplit
from tests.samples import data_of, tagged

TRAIN = [tagged("a/A b/B c/C")]
SPLIT = data_of(TRAIN, [tagged("a/A b/B z/B"), tagged("c/C y/X"), tagged("b/C")]).dev
PROBABILITIES = np.array(
    [
        [0.7, 0.2, 0.1],  # a: A is right
        [0.1, 0.8, 0.1],  # b: B is right
        [0.25, 0.5, 0.25],  # z, an unknown word: B is right
        [0.2, 0.2, 0.6],  # c: C is right
        [0.5, 0.25, 0.25],  # y, an unknown word: A is wrong, and X is no tag of the model
        [0.25, 0.5, 0.25],  # b: B is wrong, C would be right
    ],
    dtype=np.float32,
)

GROUPS = WordGroups(
    known=np.array([True, True, False, True, False, True]),
    ambiguous=np.array([False, True, False, False, False, True]),
    unknown=np.array([False, False, True, False, True, False]),
)


TAGGED = TaggedSplit.of(PROBABILITIES, SPLIT, GROUPS)


def nothing(tokens: int) -> WordGroups:
    none = np.zeros(tokens, dtype=bool)
    return WordGroups(none, none, none)


def ids(*tags: int) -> Int32s:
    return np.array(tags, dtype=np.int32)


def certain(*tags: int) -> Probabilities:
    return np.eye(3, dtype=np.float32)[list(tags)]


def by_tags(split: EncodedSplit, *tags: int) -> TaggedSplit:
    """Return a split as tagged without probabilities."""
    return TaggedSplit(split, nothing(len(tags)), ids(*tags))


def test_the_metrics_of_six_tokens() -> None:
    assert score(TAGGED) == {
        "accuracy": 0.666667,  # 4 of 6
        "macro_f1": 0.533333,  # (A 2/3 + B 4/5 + C 2/3 + X 0) / 4
        "known_accuracy": 0.75,  # a, b, c of a, b, c, b
        "ambiguous_accuracy": 0.5,  # the first b of two
        "unknown_accuracy": 0.5,  # z of z, y
        "sentence_accuracy": 0.333333,  # the first of 3
        "nll": 0.634017,  # -(ln 0.7 + ln 0.8 + ln 0.5 + ln 0.6 + ln 0.25) / 5
        "brier": 0.510833,  # (0.14 + 0.06 + 0.375 + 0.24 + 1.375 + 0.875) / 6
        "ece": 0.233333,  # (0.3 of 0.7, 0.2 of 0.8, 0.4 of 0.6, 3 * |1/3 - 1/2| of 0.5) / 6
    }


def test_metrics_are_numbers_that_json_can_hold() -> None:
    assert {type(value) for value in score(TAGGED).values()} == {float}


def test_certain_and_right_is_perfect() -> None:
    split = data_of(TRAIN, TRAIN).dev
    everything = np.ones(3, dtype=bool)
    assert score(TaggedSplit.of(certain(0, 1, 2), split, WordGroups(everything, everything, everything))) == {
        "accuracy": 1,
        "macro_f1": 1,
        "known_accuracy": 1,
        "ambiguous_accuracy": 1,
        "unknown_accuracy": 1,
        "sentence_accuracy": 1,
        "nll": 0,
        "brier": 0,
        "ece": 0,
    }


@pytest.mark.parametrize("group", ["known", "ambiguous", "unknown"])
def test_without_words_of_a_group_there_is_no_accuracy_of_them(group: str) -> None:
    assert score(TaggedSplit.of(PROBABILITIES, SPLIT, nothing(6)))[f"{group}_accuracy"] is None


def test_spans_are_scored_if_all_tags_mark_spans() -> None:
    split = data_of([tagged("a/O b/B-X c/I-X")], [tagged("a/O b/B-X c/I-X"), tagged("b/B-X c/O")]).dev
    metrics = score(by_tags(split, 2, 0, 1, 0, 1))
    assert metrics["span_f1"] == 0.5  # the first of two, and the second is a word too long
    assert metrics["accuracy"] == 0.8
    assert "span_f1" not in score(TAGGED)


def test_a_gold_tag_of_probability_zero_counts_as_the_smallest_float32() -> None:
    split = data_of(TRAIN, [tagged("a/A b/B")]).dev
    # -ln(1.17549435e-38) for the second of two tokens
    assert score(TaggedSplit.of(certain(0, 2), split, nothing(2)))["nll"] == pytest.approx(87.336545 / 2, abs=1e-6)


def test_without_a_known_gold_tag_there_is_no_nll() -> None:
    split = data_of(TRAIN, [tagged("a/X b/Y")]).dev
    metrics = score(TaggedSplit.of(certain(0, 1), split, nothing(2)))
    assert metrics["nll"] is None
    assert metrics["accuracy"] == 0


def test_macro_f1_has_no_part_of_tags_that_do_not_occur() -> None:
    split = data_of(TRAIN, [tagged("a/A a/A a/A b/B")]).dev
    # A: precision 1, recall 2/3, F1 0.8; B: precision 1/2, recall 1, F1 2/3; C: neither gold nor predicted
    metrics = score(TaggedSplit.of(certain(0, 0, 1, 1), split, nothing(4)))
    assert metrics["macro_f1"] == 0.733333


def test_macro_f1_has_a_part_of_tags_that_are_predicted_only() -> None:
    split = data_of(TRAIN, [tagged("a/A a/A")]).dev
    # A: precision 1, recall 1/2, F1 2/3; C: 0
    assert score(TaggedSplit.of(certain(0, 2), split, nothing(2)))["macro_f1"] == 0.333333


def test_the_tag_table() -> None:
    expected = pd.DataFrame(
        {
            "tag": ["A", "B", "C", "X"],
            "precision": [0.5, 0.666667, 1, 0],
            "recall": [1, 1, 0.5, 0],
            "f1": [0.666667, 0.8, 0.666667, 0],
            "support": [1, 2, 2, 1],
            "baseline_f1": [0.285714, 0, 0, 0],  # A: 1 of 6 right, 1 of 1 found
        }
    )
    pd.testing.assert_frame_equal(tag_table(TAGGED, by_tags(SPLIT, 0, 0, 0, 0, 0, 0)), expected)


def test_the_tag_table_stands_in_the_order_of_names() -> None:
    split = data_of([tagged("a/M b/Z")], [tagged("a/B b/Z a/M")]).dev  # B is an id past that of Z
    table = tag_table(by_tags(split, 0, 1, 0), by_tags(split, 0, 0, 0))
    assert list(table["tag"]) == ["B", "M", "Z"]
    assert list(table["support"]) == [1, 1, 1]


def test_the_tag_table_leaves_out_what_does_not_occur() -> None:
    split = data_of(TRAIN, [tagged("a/A")]).dev
    assert list(tag_table(by_tags(split, 1), by_tags(split, 0))["tag"]) == ["A", "B"]


def test_a_tagger_without_probabilities_has_the_metrics_of_its_tags() -> None:
    alone = score(TaggedSplit(SPLIT, GROUPS, TAGGED.predicted))
    assert alone == {name: value for name, value in score(TAGGED).items() if name not in ("nll", "brier", "ece")}


def test_the_baseline_gives_each_word_its_most_frequent_tag() -> None:
    data = data_of([tagged("a/A a/B a/B b/A")], [tagged("a/A b/A c/C")])
    baseline = TaggedSplit.baseline(data.train, data.dev)
    assert [data.dev.tag_names[tag] for tag in baseline.predicted] == ["B", "A", "A"]  # of c, the first of two by name
    assert baseline.groups.unknown.tolist() == [False, False, True]


def test_one_training_is_what_it_is() -> None:
    assert over_seeds([{"accuracy": 0.1234567, "span_f1": None, "best_epoch": 7}]) == {
        "accuracy": 0.1234567,
        "span_f1": None,
        "best_epoch": 7,
    }


def test_several_have_a_mean_and_a_sample_standard_deviation() -> None:
    found = over_seeds([{"accuracy": 0.5, "best_epoch": 1}, {"accuracy": 0.7, "best_epoch": 4}])
    assert found == {
        "accuracy": 0.6,
        "accuracy_sd": pytest.approx(0.141421, abs=1e-6),  # 0.2 / sqrt(2)
        "best_epoch": 2.5,
        "best_epoch_sd": pytest.approx(2.12132, abs=1e-6),
    }


def test_a_figure_that_one_training_lacks_is_none() -> None:
    assert over_seeds([{"dev_loss": 0.5}, {"dev_loss": None}]) == {"dev_loss": None, "dev_loss_sd": None}
