"""Corpora as tables, with a sentence or a word a row: which columns are read, and the sentences in the rows.

CSV, Parquet and JSON lines have this in common.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import BLANKS, Sentence
from tagger.prepare.columns import AUTO, Columns, find_column
from tagger.prepare.input_files import clip, split_words

# The usual names, in any case; of those of words, the first that a table has is taken.
_WORDS, _WORD = ("tokens", "words", "text"), ("word", "token", "form")
_TAG, _OTHER_TAG = re.compile(r"(tag|label)s?"), re.compile(r".*(tags?|labels?|pos|ner)")
_SENTENCE = re.compile(r"sent(ence)?([ _]?(#|id|idx|index|no|nr|num|number))?")
_PYTHON_LIST = re.compile(r"\[(['\"]).*\1\]", re.DOTALL)

Row = tuple[int, Any, Any, Any]  # its number, and its cells in use: words, tags, and what tells sentences apart


class Layout(NamedTuple):
    """The columns in use, as indices."""

    word: int
    tag: int
    sentence: int | None
    word_a_row: bool


def choose(header: Sequence[str], columns: Columns, place: str) -> Layout:
    """Choose the columns of a table by their names.

    Raises:
        InputError: one is not there, or several may be meant.
    """
    names = [name.strip().casefold() for name in header]
    found = [names.index(name) for name in (*_WORDS, *_WORD, "sentence") if name in names]
    if columns.word != AUTO:
        found = [find_column(columns.word, header, "word", place)]
    has_sentences = bool(found) and names[found[0]] in _WORDS
    sentences = [i for i, name in enumerate(names) if _SENTENCE.fullmatch(name) and not has_sentences]
    if columns.sentence != AUTO:
        sentences = [find_column(columns.sentence, header, "sentence", place)]
    tags = [i for i, name in enumerate(names) if _TAG.fullmatch(name)][:1]
    tags = tags or [i for i, name in enumerate(names) if _OTHER_TAG.fullmatch(name)]
    if columns.tag not in (AUTO, "upos", "xpos") or columns.tag in names:  # for CoNLL-U, these may have been set before
        tags = [find_column(columns.tag, header, "tag", place)]
    if not found or len(tags) != 1:
        raise InputError(f"{place}: the header is {clip(','.join(header))!r}, expected 'text,tag', or set data.columns")
    sentence = next((index for index in sentences if index != found[0]), None)
    return Layout(found[0], tags[0], sentence, sentence is not None or names[found[0]] in _WORD)


def read_rows(rows: Iterable[Row], layout: Layout, place: str, tag_names: Sequence[str] = ()) -> Iterator[Sentence]:
    """Yield the sentences of a table. `place` stands before the number of a row in messages.

    With a word a row, a sentence ends where the cell of the sentence changes; an empty cell continues it, and an empty
    row ends it, too. `tag_names` are the names of tags that are numbers.

    Raises:
        InputError: a word or tag is missing or no text, or there is not one tag per word.
    """
    words: list[str] = []
    tags: list[str] = []
    current: Any = None
    for number, row_words, row_tags, sentence in rows:
        is_empty = row_words is None and row_tags is None
        if words and (is_empty or not layout.word_a_row or sentence not in (current, "", None)):
            yield Sentence(tuple(words), tuple(tags))
            words, tags = [], []
        if is_empty:
            continue
        own, own_tags = ([row_words], [row_tags]) if layout.word_a_row else (_list(row_words), _list(row_tags))
        if tag_names:
            own_tags = [tag_names[tag] if type(tag) is int and 0 <= tag < len(tag_names) else tag for tag in own_tags]
        if len(own) != len(own_tags) or not all(map(_is_text, own)) or not all(map(_is_text, own_tags)):
            raise InputError(f"{place}{number}: {_find_mistake(row_words, row_tags, own, own_tags)}")
        words += own
        tags += own_tags
        current = sentence if sentence not in ("", None) else current
    if words:
        yield Sentence(tuple(words), tuple(tags))


def _list(cell: Any) -> list[Any]:
    """Return the words of a cell; one that is no list of words stands for itself, to be refused."""
    if isinstance(cell, str) and cell.strip(BLANKS) and not _PYTHON_LIST.fullmatch(cell.strip()):
        return split_words(cell)
    return cell if isinstance(cell, list) else [None]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip(BLANKS))


def _find_mistake(row_words: Any, row_tags: Any, words: list[Any], tags: list[Any]) -> str:
    for name, cell in (("text", row_words), ("tag", row_tags)):
        if isinstance(cell, str) and _PYTHON_LIST.fullmatch(cell.strip()):
            return (
                f"the cell {name!r} is a list in Python's notation, expected words with blanks between: {clip(cell)!r}"
            )
        if cell is None or (isinstance(cell, str) and not cell.strip(BLANKS)):
            return f"the cell {name!r} is empty, expected at least one word"
    if len(words) != len(tags):
        cells = f"{clip(str(row_words))!r}, {clip(str(row_tags))!r}"
        return f"{len(words)} words but {len(tags)} tags, expected one tag per word: {cells}"
    word, tag = next(pair for pair in zip(words, tags, strict=True) if not all(map(_is_text, pair)))
    hint = "; data.tag_names gives names to numbers" if type(tag) is int else ""
    return f"got the word {clip(repr(word))} with the tag {clip(repr(tag))}, expected texts{hint}"
