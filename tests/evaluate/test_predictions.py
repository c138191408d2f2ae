import numpy as np
import pandas as pd

from tagger.evaluate.predictions import confusions, most_probable, prediction_table, probabilities_of
from tests.evaluate.test_metrics import PROBABILITIES, SPLIT, TRAIN, certain
from tests.samples import data_of, tagged


def test_confusions_have_gold_tags_as_rows() -> None:
    tags = ["A", "B", "C", "X"]
    expected = pd.DataFrame([[1, 0, 0, 0], [0, 2, 0, 0], [0, 1, 1, 0], [1, 0, 0, 0]], index=tags, columns=tags)
    pd.testing.assert_frame_equal(confusions(prediction_table(PROBABILITIES, SPLIT)), expected)


def test_the_columns_of_the_prediction_table() -> None:
    columns = ["sentence", "position", "word", "gold", "predicted", "p_A", "p_B", "p_C"]
    assert list(prediction_table(PROBABILITIES, SPLIT).columns) == columns


def test_the_rows_of_the_prediction_table() -> None:
    rows = prediction_table(PROBABILITIES, SPLIT)[["sentence", "position", "word", "gold", "predicted"]]
    assert rows.to_numpy().tolist() == [
        [1, 1, "a", "A", "A"],
        [1, 2, "b", "B", "B"],
        [1, 3, "z", "B", "B"],
        [2, 1, "c", "C", "C"],
        [2, 2, "y", "X", "A"],
        [3, 1, "b", "C", "B"],
    ]


def test_the_prediction_table_has_the_probabilities_unrounded() -> None:
    table = prediction_table(PROBABILITIES, SPLIT)
    np.testing.assert_array_equal(table[["p_A", "p_B", "p_C"]].to_numpy(), PROBABILITIES)
    np.testing.assert_array_equal(probabilities_of(table), PROBABILITIES)


def test_the_prediction_table_has_words_as_they_were_written() -> None:
    split = data_of(TRAIN, [tagged("A/A b/B a/A")]).dev
    assert list(prediction_table(certain(0, 1, 0), split)["word"]) == ["A", "b", "a"]


def test_the_first_of_equal_probabilities_is_predicted() -> None:
    split = data_of(TRAIN, [tagged("a/A")]).dev
    table = prediction_table(np.array([[0.2, 0.4, 0.4]], dtype=np.float32), split)
    assert list(table["predicted"]) == ["B"]


def test_the_most_probable_tags_as_text() -> None:
    table = prediction_table(PROBABILITIES[[0, 2]], data_of(TRAIN, [tagged("a/A b/B")]).dev)
    assert most_probable(table, 2) == ["A 0.700, B 0.200", "B 0.500, A 0.250"]  # the first of equal ones


def test_the_predicted_tag_stands_first_though_another_is_more_probable() -> None:
    split = data_of([tagged("a/B-P b/I-P c/O")], [tagged("a/B-P b/I-P"), tagged("c/O")]).dev
    probabilities = np.array([[0.25, 0.5, 0.25], [0, 0.75, 0.25], [0.125, 0.5, 0.375]], dtype=np.float32)
    table = prediction_table(probabilities, split)
    assert list(table["predicted"]) == ["B-P", "I-P", "O"]
    assert most_probable(table, 2) == ["B-P 0.250, I-P 0.500", "I-P 0.750, O 0.250", "O 0.375, I-P 0.500"]
