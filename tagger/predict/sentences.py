"""Sentences as programs pass them: strings, whose words are separated by white space, or lists of words."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import BLANKS

MOST_WORDS = 100_000  # in a sentence: each takes a kilobyte of memory per unit of the LSTM
MOST_CHARACTERS = 100_000  # of a word
_SHOWN = 50  # characters of a wrong value


def read_sentences(given: Iterable[Any], most_characters: int = MOST_CHARACTERS) -> Iterator[tuple[str, ...]]:
    """Yield the words of each sentence, which may be empty; it is a string or an iterable of words, such as an array.

    Raises InputError if a sentence is something else or too long, or a word is blank, too long or no valid text.
    """
    if isinstance(given, str):
        raise InputError(f"expected a list of sentences, got one string: {given[:_SHOWN]!r}")
    for number, sentence in enumerate(given, start=1):
        try:
            if isinstance(sentence, bytes | bytearray | memoryview | Mapping | set | frozenset):
                raise TypeError  # these have no words, or none in an order
            words: list[object] = [*sentence.split()] if isinstance(sentence, str) else list(sentence)
        except TypeError:
            raise InputError(
                f"sentence {number}: got {_describe(sentence)}, expected a string or a list of words"
            ) from None
        if len(words) > MOST_WORDS:
            raise InputError(f"sentence {number}: got {len(words)} words, expected at most {MOST_WORDS}")
        for position, word in enumerate(words, start=1):
            if mistake := _mistake_in(word, most_characters):
                raise InputError(f"sentence {number}, word {position}: {mistake}")
        yield tuple(map(str, words))


def _mistake_in(word: object, most_characters: int) -> str | None:
    if not isinstance(word, str):
        return f"got {_describe(word)}, expected a string"
    if not word.strip(BLANKS):
        return f"got {word[:_SHOWN]!r}, expected a word that is not blank"
    if len(word) > most_characters:
        return f"got {len(word)} characters, expected at most {most_characters}"
    try:
        word.encode()
    except UnicodeEncodeError:
        return f"got {word[:_SHOWN]!a}, half a character or not UTF-8; expected valid Unicode"
    return None


def _describe(value: object) -> str:
    text = " ".join(repr(value).split())  # that of an array has lines
    return f"{text[:_SHOWN]}{'...' if len(text) > _SHOWN else ''} ({type(value).__name__})"
