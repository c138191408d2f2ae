import json
from typing import Any

import numpy as np

from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.evaluate.detail import CONFUSIONS, accuracy_by_length, evaluation_detail, frequent_confusions
from tagger.evaluate.tagged_split import TaggedSplit
from tests.evaluate.test_metrics import TAGGED, nothing
from tests.samples import data_of, tagged

DETAIL = evaluation_detail(TAGGED)


def split_of(*sentences: str) -> EncodedSplit:
    return data_of([tagged("a/A b/B c/C")], [tagged(text) for text in sentences]).dev


def confusions_of(probabilities: np.ndarray, split: EncodedSplit) -> list[dict[str, Any]]:
    return frequent_confusions(TaggedSplit.of(probabilities.astype(np.float32), split, nothing(len(probabilities))))


def test_the_bins_hold_every_token() -> None:
    assert len(DETAIL["reliability"]) == 15
    assert sum(part["tokens"] for part in DETAIL["reliability"]) == DETAIL["tokens"] == 6
    assert DETAIL["reliability"][7] == {
        "low": 0.466667,
        "high": 0.533333,
        "tokens": 3,
        "confidence": 0.5,
        "accuracy": 0.333333,
    }


def test_it_is_json() -> None:
    assert json.loads(json.dumps(DETAIL, allow_nan=False)) == DETAIL


def test_accuracy_by_length_has_a_row_for_each_class_that_occurs() -> None:
    split = split_of("a/A b/B", "a/A " * 5, "a/A " * 6, "b/B " * 41)
    predicted = np.array([0, 0, *[0] * 5, *[0] * 3, *[1] * 3, *[1] * 41])
    assert accuracy_by_length(TaggedSplit(split, nothing(len(predicted)), predicted)) == [
        {"from": 1, "to": 5, "sentences": 2, "tokens": 7, "accuracy": 0.857143},  # 6 of 7
        {"from": 6, "to": 10, "sentences": 1, "tokens": 6, "accuracy": 0.5},
        {"from": 41, "to": None, "sentences": 1, "tokens": 41, "accuracy": 1.0},
    ]


def test_confusions_come_by_frequency_with_the_surest_error_as_example() -> None:
    split = split_of("a/A b/B c/C", "c/C a/A b/X")
    probabilities = np.array(
        [[0.4, 0.6, 0], [0, 1, 0], [0.2, 0, 0.8], [0.7, 0, 0.3], [0.1, 0.9, 0], [0, 0.5, 0.5]], dtype=np.float32
    )
    assert confusions_of(probabilities, split) == [
        {
            "gold": "A",
            "predicted": "B",
            "tokens": 2,
            "share": 0.5,
            "example": {
                "sentence": 2,
                "position": 2,
                "before": "c",
                "word": "a",
                "after": "b",
                "confidence": 0.9,
            },
        },
        {
            "gold": "C",
            "predicted": "A",
            "tokens": 1,
            "share": 0.25,
            "example": {
                "sentence": 2,
                "position": 1,
                "before": "",
                "word": "c",
                "after": "a b",
                "confidence": 0.7,
            },
        },
        {
            "gold": "X",  # which the model does not know
            "predicted": "B",
            "tokens": 1,
            "share": 0.25,
            "example": {
                "sentence": 2,
                "position": 3,
                "before": "c a",
                "word": "b",
                "after": "",
                "confidence": 0.5,
            },
        },
    ]


def test_an_example_has_five_words_on_each_side() -> None:
    split = split_of("q/A r/A s/A t/A u/A v/A w/B x/A y/A z/A a/A b/A c/A")
    probabilities = np.tile(np.array([1, 0, 0], dtype=np.float32), (13, 1))
    (confusion,) = confusions_of(probabilities, split)
    assert (confusion["example"]["before"], confusion["example"]["after"]) == ("r s t u v", "x y z a b")


def test_at_most_twenty_confusions_are_listed() -> None:
    tags = [f"T{number:02}" for number in range(25)]
    text = " ".join(f"w{tag}/{tag}" for tag in tags)
    split = data_of([tagged(text)], [tagged(text)]).dev
    found = confusions_of(np.roll(np.eye(25, dtype=np.float32), 1, axis=1), split)
    assert CONFUSIONS == len(found) == 20
    assert found[0]["share"] == 0.04  # of all 25 errors


def test_without_errors_there_are_no_confusions() -> None:
    assert confusions_of(np.eye(3, dtype=np.float32), split_of("a/A b/B c/C")) == []
