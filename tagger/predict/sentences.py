"""Sentences as programs hand them in: strings, whose words stand apart by white space, or lists of words."""

from collections.abc import Iterable

from tagger.core.common.errors import InputError


def read_sentences(given: Iterable[object]) -> list[tuple[str, ...]]:
    """Return the words of each sentence; one without words is possible.

    Raises:
        InputError: a sentence is neither a string nor a list of words, or a word is blank or no valid text.
    """
    return [_read_words(sentence, number) for number, sentence in enumerate(given, start=1)]


def _read_words(sentence: object, number: int) -> tuple[str, ...]:
    place = f"sentence {number}"
    if isinstance(sentence, str):
        _check_text(sentence, place)
        return tuple(sentence.split())
    if not isinstance(sentence, list | tuple):
        raise InputError(f"{place}: got {_describe(sentence)}, expected a string or a list of words")
    for position, word in enumerate(sentence, start=1):
        if not isinstance(word, str):
            raise InputError(f"{place}, word {position}: got {_describe(word)}, expected a string")
        if not word.strip():
            raise InputError(f"{place}, word {position}: got {word!r}, expected a word that is not blank")
        _check_text(word, f"{place}, word {position}")
    return tuple(map(str, sentence))


def _check_text(text: str, place: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(f"{place}: got {text[:50]!a}, half of a character; expected valid Unicode") from None


def _describe(value: object) -> str:
    text = repr(value)
    return f"{text[:50]}{'...' if len(text) > 50 else ''} ({type(value).__name__})"
