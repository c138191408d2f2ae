from typing import Any

import numpy as np
import pandas as pd
import pytest

from tagger.core.common.errors import InputError
from tagger.predict.sentences import read_sentences


def test_strings_and_lists_of_words_are_sentences() -> None:
    given = ["The dog", ["ate", "10 000"], ("it", "\u3000"), "", [], " \t\u00a0", "שלום עולם 🎉"]
    assert list(read_sentences(given)) == [
        ("The", "dog"),
        ("ate", "10 000"),
        ("it", "\u3000"),
        (),
        (),
        (),
        ("שלום", "עולם", "🎉"),
    ]
    assert list(read_sentences([])) == []


@pytest.mark.parametrize(
    "sentence",
    [
        np.array(["The", "dog"]),
        pd.Series(["The", "dog"]),
        (word for word in ("The", "dog")),
        {"The": 1, "dog": 2}.keys(),
    ],
    ids=["array", "series", "generator", "keys"],
)
def test_any_iterable_of_words_is_a_sentence(sentence: Any) -> None:
    (words,) = read_sentences([sentence])
    assert words == ("The", "dog")
    assert {type(word) for word in words} == {str}


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        (5, "sentence 2: got 5 (int), expected a string or a list of words"),
        (None, "sentence 2: got None (NoneType), expected a string or a list of words"),
        (b"a", "sentence 2: got b'a' (bytes), expected a string or a list of words"),
        (bytearray(b"a"), "sentence 2: got bytearray(b'a') (bytearray), expected a string or a list of words"),
        ({"a"}, "sentence 2: got {'a'} (set), expected a string or a list of words"),
        (np.array(5), "sentence 2: got array(5) (ndarray), expected a string or a list of words"),
        (np.array([["a"], ["b"]]), "sentence 2, word 1: got array(['a'], dtype='<U1') (ndarray), expected a string"),
        (pd.Series(["a", 5]), "sentence 2, word 2: got 5 (int), expected a string"),
        (np.zeros((2, 2)), "sentence 2, word 1: got array([0., 0.]) (ndarray), expected a string"),
        ([np.zeros((2, 2))], "sentence 2, word 1: got array([[0., 0.], [0., 0.]]) (ndarray), expected a string"),
        ({"a": "x" * 99}, f"sentence 2: got {{'a': '{'x' * 43}... (dict), expected a string or a list of words"),
        (["a", 5], "sentence 2, word 2: got 5 (int), expected a string"),
        (["a", ["b"]], "sentence 2, word 2: got ['b'] (list), expected a string"),
        (["a", " "], "sentence 2, word 2: got ' ', expected a word that is not blank"),
        (["a", ""], "sentence 2, word 2: got '', expected a word that is not blank"),
        (["a", None], "sentence 2, word 2: got None (NoneType), expected a string"),
        ("a \ud800", "sentence 2, word 2: got '\\ud800', half a character or not UTF-8; expected valid Unicode"),
        ("a " + "x" * 100_001, "sentence 2, word 2: got 100001 characters, expected at most 100000"),
        (["x" * 100_001], "sentence 2, word 1: got 100001 characters, expected at most 100000"),
        ("a " * 100_001, "sentence 2: got 100001 words, expected at most 100000"),
        (["a"] * 100_001, "sentence 2: got 100001 words, expected at most 100000"),
        (["\udfff"], "sentence 2, word 1: got '\\udfff', half a character or not UTF-8; expected valid Unicode"),
    ],
)
def test_a_mistake_is_one_line_that_says_where(sentence: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        list(read_sentences(["fine", sentence]))
    assert str(caught.value) == message


def test_one_text_in_place_of_sentences_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        next(read_sentences("The dog"))
    assert str(caught.value) == "expected a list of sentences, got one string: 'The dog'"


def test_words_may_be_bounded_more_tightly() -> None:
    assert list(read_sentences(["abc"], 3)) == [("abc",)]
    with pytest.raises(InputError, match="sentence 1, word 2: got 4 characters, expected at most 3"):
        list(read_sentences(["abc abcd"], 3))


def test_sentences_are_read_one_by_one() -> None:
    assert next(read_sentences(iter(["The dog", 5]))) == ("The", "dog")
