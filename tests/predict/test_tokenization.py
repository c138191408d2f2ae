import pytest

from tagger.predict.tokenization import Tokenizer, tokenizer

# spaCy's libraries use what newer ones deprecate.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


@pytest.fixture(scope="module")
def split() -> Tokenizer:
    return tokenizer()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I don't know, it's late.", "I do n't know , it 's late ."),
        ("We cannot go; they're gonna wait!!!", "We can not go ; they 're gon na wait !!!"),
        ("The dogs' owner's car", "The dogs ' owner 's car"),
        ("a well-known (small) $5 tip", "a well - known ( small ) $ 5 tip"),
        ("Really?? Yes... ====", "Really ?? Yes ... ===="),
        ("Call 713-853-3989 or e-mail me", "Call 713-853-3989 or e-mail me"),
        ("Mr. Smith paid 1,000.50 in the U.S.", "Mr. Smith paid 1,000.50 in the U.S."),
        ("See http://example.org/a?b=c.", "See http://example.org/a?b=c ."),
    ],
)
def test_words_are_split_as_in_ewt(text: str, words: str, split: Tokenizer) -> None:
    assert split([text]) == [words.split()]


@pytest.mark.parametrize("text", ["", "  ", "a  b\tc\u00a0d", "日本語 🙂🙂 e\u0301", "\u200bx", "שלום, עולם!"])
def test_no_character_is_lost_and_no_word_is_white_space(text: str, split: Tokenizer) -> None:
    (words,) = split([text])
    assert "".join(words) == "".join(text.split())
    assert all(word.strip() for word in words)


def test_texts_are_split_one_by_one(split: Tokenizer) -> None:
    assert split(["Yes.", "", "No!"]) == [["Yes", "."], [], ["No", "!"]]
