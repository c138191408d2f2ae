import pytest

from tagger.core.common.errors import InputError
from tagger.predict.sentences import read_sentences


def test_strings_and_lists_of_words_are_sentences() -> None:
    given = ["The dog", ["ate", "10 000"], ("it",), "", [], " \t\u00a0", "שלום עולם 🎉"]
    assert read_sentences(given) == [
        ("The", "dog"),
        ("ate", "10 000"),
        ("it",),
        (),
        (),
        (),
        ("שלום", "עולם", "🎉"),
    ]
    assert read_sentences([]) == []


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        (5, "sentence 2: got 5 (int), expected a string or a list of words"),
        (None, "sentence 2: got None (NoneType), expected a string or a list of words"),
        (b"a", "sentence 2: got b'a' (bytes), expected a string or a list of words"),
        ({"a": "x" * 99}, f"sentence 2: got {{'a': '{'x' * 43}... (dict), expected a string or a list of words"),
        (["a", 5], "sentence 2, word 2: got 5 (int), expected a string"),
        (["a", ["b"]], "sentence 2, word 2: got ['b'] (list), expected a string"),
        (["a", " "], "sentence 2, word 2: got ' ', expected a word that is not blank"),
        ("a \ud800", "sentence 2: got 'a \\ud800', half of a character; expected valid Unicode"),
        (["\udfff"], "sentence 2, word 1: got '\\udfff', half of a character; expected valid Unicode"),
    ],
)
def test_a_mistake_is_one_line_that_says_where(sentence: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_sentences(["fine", sentence])
    assert str(caught.value) == message
