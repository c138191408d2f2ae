import json

import numpy as np

from tagger.core.corpus.lexicon import WordGroups
from tagger.evaluate.detail import evaluation_detail
from tests.evaluate.test_metrics import GROUPS, PROBABILITIES, SPLIT, ids, nothing
from tests.samples import data_of, tagged

DETAIL = evaluation_detail(PROBABILITIES, SPLIT, GROUPS, ids(0, 1, 0, 0, 0, 1))


def test_words_are_grouped_with_the_baseline_beside() -> None:
    assert DETAIL["words"] == [
        {"group": "all", "tokens": 6, "accuracy": 0.666667, "baseline_accuracy": 0.333333},
        {"group": "known", "tokens": 4, "accuracy": 0.75, "baseline_accuracy": 0.5},
        {"group": "ambiguous", "tokens": 2, "accuracy": 0.5, "baseline_accuracy": 0.5},
        {"group": "unknown", "tokens": 2, "accuracy": 0.5, "baseline_accuracy": 0.0},
    ]


def test_a_group_without_words_has_no_accuracy() -> None:
    words = evaluation_detail(PROBABILITIES, SPLIT, nothing(6), ids(0, 1, 0, 0, 0, 1))["words"]
    assert words[3] == {"group": "unknown", "tokens": 0, "accuracy": None, "baseline_accuracy": None}


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


def test_tags_of_words_have_no_spans() -> None:
    assert DETAIL["spans"] is None


def test_spans_come_whole_and_by_type() -> None:
    split = data_of([tagged("a/B-X b/O")], [tagged("a/B-X b/O a/B-X")]).dev
    everything = np.ones(3, dtype=bool)
    groups = WordGroups(everything, everything, everything)
    probabilities = np.array([[1, 0], [0, 1], [0, 1]], dtype=np.float32)
    assert evaluation_detail(probabilities, split, groups, ids(0, 0, 0))["spans"] == {
        "precision": 1.0,
        "recall": 0.5,
        "f1": 0.666667,
        "types": [{"type": "X", "precision": 1.0, "recall": 0.5, "f1": 0.666667, "support": 2}],
    }


def test_it_is_json() -> None:
    assert json.loads(json.dumps(DETAIL, allow_nan=False)) == DETAIL
