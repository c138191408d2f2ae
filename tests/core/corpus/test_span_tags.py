import itertools

import numpy as np
import pytest

from tagger.core.corpus.dictionary import build_dictionaries
from tagger.core.corpus.span_tags import best_tags, followers, goes_on, marks_spans
from tests.samples import tagged

BIO = ["B-P", "B-Q", "I-P", "I-Q", "O"]
IOBES = ["B-P", "E-P", "I-P", "O", "S-P"]
ANY = followers([])


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


def test_a_tag_follows_any_other_but_one_that_goes_on_needs_a_span_of_its_type() -> None:
    assert [BIO[tag] for tag in np.flatnonzero(followers(BIO)[BIO.index("B-P")])] == ["B-P", "B-Q", "I-P", "O"]
    assert [BIO[tag] for tag in np.flatnonzero(followers(BIO)[BIO.index("I-Q")])] == ["B-P", "B-Q", "I-Q", "O"]
    assert [BIO[tag] for tag in np.flatnonzero(followers(BIO)[BIO.index("O")])] == ["B-P", "B-Q", "O"]
    assert [BIO[tag] for tag in np.flatnonzero(followers(BIO)[-1])] == ["B-P", "B-Q", "O"]  # the first of a sentence
    assert [IOBES[tag] for tag in np.flatnonzero(followers(IOBES)[IOBES.index("E-P")])] == ["B-P", "O", "S-P"]
    assert followers(IOBES)[IOBES.index("B-P")].all()


@pytest.mark.parametrize(
    ("train", "begun"),
    [
        (["a/B-P b/I-P c/O", "a/B-P b/B-Q"], True),
        (["a/B b/I c/O"], True),
        (["a/B-P b/I-P c/E-P d/S-P"], True),
        (["a/I-P b/I-P c/O", "a/I-P b/B-P"], False),  # IOB1: B only between two spans
        (["a/B-P b/I-Q"], False),
        (["a/B-P", "b/I-P"], False),
        (["a/B-P b/O c/I-P"], False),
        (["a/B-P b/I-P"] * 1000 + ["a/I-P"], True),  # an error
        (["a/B-P b/I-P"] * 100 + ["a/I-P"], False),
        (["a/NOUN b/INTJ"], False),
        (["a/O b/O"], False),
    ],
)
def test_whether_spans_have_to_begin_is_learnt_from_training(train: list[str], begun: bool) -> None:
    dictionaries = build_dictionaries(map(tagged, train), True)
    assert dictionaries.begins_spans is begun
    assert bool(dictionaries.may_follow.size) is begun


def test_a_word_without_a_tag_is_no_error_and_ends_a_span() -> None:
    rows = [tagged("a/B-P b/I-P"), tagged("a/B-P b/I-P")]
    assert build_dictionaries([rows[0], rows[1]._replace(tags=("B-P", ""))], True).begins_spans
    assert build_dictionaries([rows[0], rows[1]._replace(tags=("", "B-P"))], True).begins_spans
    assert not build_dictionaries([rows[0], rows[1]._replace(tags=("", "I-P"))], True).begins_spans


def test_without_a_rule_each_tag_is_the_most_probable_one_the_first_of_equals() -> None:
    probabilities = np.array([[0.4, 0.4, 0.2], [0, 0, 1], [1, 0, 0]], dtype=np.float32)
    assert best_tags(probabilities, [2, 1], ANY).tolist() == [0, 2, 0]
    assert best_tags(probabilities[:0], [], ANY).tolist() == []


@pytest.mark.parametrize("names", [BIO, IOBES])
@pytest.mark.parametrize("sharpness", [1, 5, 200])  # at 200, float32 rounds many to 0
def test_the_tags_are_the_most_probable_of_all_that_begin_each_span(names: list[str], sharpness: int) -> None:
    draw = np.random.default_rng(sharpness)
    lengths = [4, 1, 3, 2, 4, 1]
    scores = np.exp(sharpness * draw.standard_normal((sum(lengths), len(names))))
    probabilities = (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)
    found = best_tags(probabilities, lengths, followers(names))
    assert not np.array_equal(found, probabilities.argmax(axis=1))
    for end, length in zip(np.cumsum(lengths), lengths, strict=True):
        rows = np.log(np.maximum(probabilities[end - length : end].astype(np.float64), 1e-37))

        def total(tags: tuple[int, ...], rows: np.ndarray = rows) -> float:
            return float(sum(row[tag] for row, tag in zip(rows, tags, strict=True)))

        whole = [
            tags
            for tags in itertools.product(range(len(names)), repeat=length)
            if all(
                names[tag][0] not in "IE" or goes_on(before, names[tag])
                for before, tag in zip(["O", *(names[tag] for tag in tags)], tags, strict=False)
            )
        ]
        chosen = tuple(found[end - length : end].tolist())
        assert chosen in whole
        assert total(chosen) == pytest.approx(max(map(total, whole)), rel=1e-4)


def test_a_sentence_whose_spans_all_begin_keeps_its_most_probable_tags() -> None:
    probabilities = np.eye(5, dtype=np.float32)[[0, 2, 4, 2, 0, 2]]  # B-P I-P O, I-P B-P I-P
    assert best_tags(probabilities, [3, 3], followers(BIO))[:3].tolist() == [0, 2, 4]


def test_long_sentences_do_not_underflow() -> None:
    probabilities = np.tile(np.array([[0.1, 0.1, 0.3, 0.1, 0.2]], dtype=np.float32), (5000, 1))
    assert best_tags(probabilities, [5000], followers(BIO)).tolist() == [0] + [2] * 4999  # B-P, then I-P
