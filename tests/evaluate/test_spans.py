import numpy as np
import pytest

from tagger.evaluate.spans import (
    SentenceSpans,
    Span,
    SpanScore,
    count_spans,
    find_spans,
    marks_spans,
    score_spans,
    sentence_spans,
)
from tests.samples import data_of, tagged


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["O", "B-LOC", "I-LOC"], True),
        (["O", "B-LOC", "I-LOC", "E-LOC", "S-LOC"], True),
        (["B", "I", "O"], True),
        (["B-geo-loc", "O"], True),
        (["O"], False),  # marks nothing
        (["O", "B-LOC", "NOUN"], False),
        (["ADP", "NOUN", "X"], False),
        (["O", "B-"], False),
        (["O", "BLOC"], False),
        (["IN", "DT", "O"], False),
    ],
)
def test_tags_mark_spans_when_all_are_of_the_form(tags: list[str], expected: bool) -> None:
    assert marks_spans(tags) is expected


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


def scores_of(gold: list[list[str]], predicted: list[list[str]]) -> list[SpanScore]:
    return score_spans(
        SentenceSpans(*(set(find_spans(tags)) for tags in pair)) for pair in zip(gold, predicted, strict=True)
    )


def test_the_scores_are_those_that_seqeval_gives() -> None:
    assert scores_of(GOLD, PREDICTED) == [
        SpanScore("", 0.5, 0.5, 0.5, 2),
        SpanScore("MISC", 0.0, 0.0, 0.0, 1),
        SpanScore("PER", 1.0, 1.0, 1.0, 1),
    ]


def test_precision_and_recall_part() -> None:
    whole = scores_of([["B-A", "O", "B-A", "O"]], [["B-A", "B-A", "O", "S-B"]])[0]
    assert whole == SpanScore("", 1 / 3, 0.5, 0.4, 2)  # 1 of 3 found, 1 of 2 gold


def test_without_spans_all_is_zero() -> None:
    assert scores_of([["O"]], [["O"]]) == [SpanScore("", 0.0, 0.0, 0.0, 0)]


def test_a_span_does_not_cross_into_the_next_sentence() -> None:
    gold = data_of([tagged("a/B-P b/I-P c/O")], [tagged("a/B-P"), tagged("b/I-P")]).dev
    assert score_spans(sentence_spans(gold.tags, gold))[0] == SpanScore("", 1.0, 1.0, 1.0, 2)


def test_other_tags_have_no_spans() -> None:
    split = data_of([tagged("a/DET")], [tagged("a/DET")]).dev
    assert sentence_spans(split.tags, split) == []


def test_spans_are_counted_by_sentence() -> None:
    split = data_of([tagged("a/B-P b/O")], [tagged("a/B-P b/O a/B-P"), tagged("b/O")]).dev
    counts = count_spans(sentence_spans(np.array([0, 1, 1, 0]), split))
    assert counts.tolist() == [[1, 1, 2], [0, 1, 0]]
