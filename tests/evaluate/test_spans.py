import pytest

from tagger.core.corpus.indexed_corpus import Sentence
from tagger.evaluate.metrics import score
from tagger.evaluate.spans import Span, find_spans, marks_spans, split_spans
from tests.evaluate.test_metrics import by_tags
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


def span_f1(gold: list[list[str]], predicted: list[list[str]]) -> float | None:
    sentences = [Sentence(("w",) * len(tags), tuple(tags)) for tags in gold]
    every = tuple(tag for tags in (*gold, *predicted) for tag in tags)
    split = data_of([Sentence(("w",) * len(every), every)], sentences).dev
    ids = [split.tag_names.index(tag) for tags in predicted for tag in tags]
    return score(by_tags(split, *ids))["span_f1"]


def test_the_score_is_that_which_seqeval_gives() -> None:
    assert span_f1(GOLD, PREDICTED) == 0.5


def test_precision_and_recall_part() -> None:
    assert span_f1([["B-A", "O", "B-A", "O"]], [["B-A", "B-A", "O", "S-B"]]) == 0.4  # 1 of 3 found, 1 of 2 gold


def test_without_a_right_span_it_is_zero() -> None:
    assert span_f1([["B-A", "O"]], [["O", "O"]]) == span_f1([["O", "O"]], [["O", "B-A"]]) == 0


def test_a_span_does_not_cross_into_the_next_sentence() -> None:
    gold = data_of([tagged("a/B-P b/I-P c/O")], [tagged("a/B-P"), tagged("b/I-P")]).dev
    assert split_spans(gold.tags, gold) == {Span(0, 1, "P"), Span(1, 2, "P")}


def test_other_tags_have_no_spans() -> None:
    split = data_of([tagged("a/DET")], [tagged("a/DET")]).dev
    assert by_tags(split, 0).spans == {}


def test_spans_are_counted_by_sentence() -> None:
    split = data_of([tagged("a/B-P b/O")], [tagged("a/B-P b/O a/B-P"), tagged("b/O")]).dev
    sums = by_tags(split, 0, 1, 1, 0).sums
    assert sums["right_spans"].tolist() == [1, 0]
    assert sums["found_spans"].tolist() == [1, 1]
    assert sums["gold_spans"].tolist() == [2, 0]
