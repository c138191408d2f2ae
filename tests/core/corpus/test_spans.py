import numpy as np
import pytest

from tagger.core.corpus.spans import Span, find_spans, span_f1, split_spans
from tests.evaluate.test_metrics import by_tags
from tests.samples import data_of, tagged


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("O O", []),
        ("B-P I-P O B-L", [Span(0, 2, "P"), Span(3, 4, "L")]),
        ("B-P B-P", [Span(0, 1, "P"), Span(1, 2, "P")]),
        ("I-P I-P", [Span(0, 2, "P")]),  # conlleval takes it, though BIO would have it begin with B
        ("B-P I-L", [Span(0, 1, "P"), Span(1, 2, "L")]),
        ("B-P I-P E-P", [Span(0, 3, "P")]),
        ("S-P S-P", [Span(0, 1, "P"), Span(1, 2, "P")]),
        ("E-P I-P", [Span(0, 1, "P"), Span(1, 2, "P")]),
        ("S-P E-P", [Span(0, 1, "P"), Span(1, 2, "P")]),
        ("B-P O I-P", [Span(0, 1, "P"), Span(2, 3, "P")]),
        ("B I O S", [Span(0, 2, "_"), Span(3, 4, "_")]),
        ("B-a-b I-a-b", [Span(0, 2, "a-b")]),
    ],
)
def test_spans_are_found_as_conlleval_does(tags: str, expected: list[Span]) -> None:
    assert list(find_spans(tags.split())) == expected


# The example of seqeval's documentation: MISC is a word too long, PER is right; it gives 0.50.
GOLD = [["O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]
PREDICTED = [["O", "O", "B-MISC", "I-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]


def spans_of(sentences: list[list[str]]) -> set[Span]:
    starts = np.cumsum([0, *map(len, sentences)]).tolist()
    return {span for tags, start in zip(sentences, starts, strict=False) for span in find_spans(tags, start)}


def score_of(gold: list[list[str]], predicted: list[list[str]]) -> float:
    right, found = spans_of(gold), spans_of(predicted)
    return span_f1(right & found, found, right)


def test_the_score_is_that_which_seqeval_gives() -> None:
    assert score_of(GOLD, PREDICTED) == 0.5


def test_precision_and_recall_part() -> None:
    assert score_of([["B-A", "O", "B-A", "O"]], [["B-A", "B-A", "O", "S-B"]]) == 0.4  # 1 of 3 found, 1 of 2 gold


def test_without_spans_it_is_zero() -> None:
    assert score_of([["O"]], [["O"]]) == 0


def test_a_span_does_not_cross_into_the_next_sentence() -> None:
    gold = data_of([tagged("a/B-P b/I-P c/O")], [tagged("a/B-P"), tagged("b/I-P")]).dev
    assert split_spans(gold.tags, gold) == {Span(0, 1, "P"), Span(1, 2, "P")}


def test_other_tags_have_no_spans() -> None:
    split = data_of([tagged("a/DET")], [tagged("a/DET")]).dev
    assert not [name for name in by_tags(split, 0).sums if "span" in name]


def test_spans_are_counted_by_sentence() -> None:
    split = data_of([tagged("a/B-P b/O")], [tagged("a/B-P b/O a/B-P"), tagged("b/O")]).dev
    sums = by_tags(split, 0, 1, 1, 0).sums
    assert sums["right_spans"].tolist() == [1, 0]
    assert sums["found_spans"].tolist() == [1, 1]
    assert sums["gold_spans"].tolist() == [2, 0]


def test_a_word_without_a_gold_tag_neither_splits_a_span_nor_makes_one() -> None:
    split = data_of([tagged("a/B-P b/I-P c/O")], [tagged("c/O a/B-P x/ b/I-P"), tagged("x/ c/O")]).dev
    assert split_spans(split.tags, split) == {Span(1, 3, "P")}
    begins, inside, outside = (split.tag_names.index(tag) for tag in ("B-P", "I-P", "O"))
    sums = by_tags(split, outside, begins, outside, inside, begins, outside).sums
    assert [sums[f"{name}_spans"].tolist() for name in ("right", "found", "gold")] == [[1, 0]] * 3
