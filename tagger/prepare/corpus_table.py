"""Corpora as tables with one sentence or one word per row: choosing the columns, and reading the rows.

Every format with columns chooses them here; CSV, Parquet and JSON Lines also share the rest.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from tagger.core.common.errors import InputError, clip
from tagger.core.corpus.indexed_corpus import BLANKS, Sentence
from tagger.prepare.input_files import split_words

AUTO = "auto"
Column = str | int  # a name, in any case, or a number from 1
# The usual names, in any case; of the names for words, the first that a table has is used.
_WORDS, _WORD = ("tokens", "words", "text"), ("word", "token", "form")
_TAG, _OTHER_TAG = re.compile(r"(tag|label)s?"), re.compile(r".*(tags?|labels?|pos|ner)")
_SENTENCE = re.compile(r"sent(ence)?([ _]?(#|id|idx|index|no|nr|num|number))?")
_EMPTY: tuple[Any, ...] = (None, "", [])
_FIRST = 20  # rows that decide whether a row is a word or a sentence
_PYTHON_LIST = re.compile(r"\[(['\"]).*\1\]", re.DOTALL)

Row = tuple[int, Any, Any, Any]  # its number, and its cells in use: words, tags, and what tells sentences apart


class Columns(NamedTuple):
    """The columns to read; AUTO leaves the choice to the format."""

    tag: Column = AUTO
    word: Column = AUTO
    sentence: Column = AUTO  # what the words of a sentence share, in a table with one word per row
    tag_names: tuple[str, ...] = ()  # of tags that are numbers from 0


USUAL = Columns()


def find_column(wanted: Column, names: Sequence[str], content: str, place: str) -> int:
    """Return the index of a column by its name or number. `content` is what it holds, `place` where the columns are.

    Raises:
        InputError: there is no such column.
    """
    keys = [*range(1, len(names) + 1), *(name.strip().casefold() for name in names)]
    key = wanted.strip().casefold() if isinstance(wanted, str) else wanted
    if key in keys:
        return keys.index(key) % len(names)
    named = ", ".join(filter(None, names))
    expected = f"a number up to {len(names)}{named and f', or one of {named}'}"
    raise InputError(f"{place}: no {content} column {wanted!r}, expected {expected}")


class Layout(NamedTuple):
    """The columns in use, as indices."""

    word: int
    tag: int
    sentence: int | None
    word_a_row: bool | None  # one word per row? None: the first rows decide


def choose(header: Sequence[str], columns: Columns, place: str) -> Layout:
    """Choose the columns of a table by their names.

    Raises:
        InputError: one is missing or ambiguous.
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
        raise InputError(
            f"{place}: the header is {clip(','.join(header))!r}, expected one such as 'text,tag'; or set data.columns"
        )
    sentence = next((index for index in sentences if index != found[0]), None)
    word_a_row: bool | None = sentence is not None or names[found[0]] in _WORD
    is_unknown = not word_a_row and columns.word != AUTO and not has_sentences
    return Layout(found[0], tags[0], sentence, None if is_unknown else word_a_row)


def read_rows(rows: Iterable[Row], layout: Layout, place: str, tag_names: Sequence[str] = ()) -> Iterator[Sentence]:
    """Yield the sentences of a table. `place` precedes the number of a row in messages.

    With one word per row, a sentence ends at an empty row or where the sentence column changes; an empty cell there
    continues the sentence. `tag_names` are the names of numeric tags. A tag is missing if it is empty, null, or a
    negative number with names; in a string with the tags of a whole sentence, none can be missing.

    Raises:
        InputError: a word is missing, a word or tag is not a string, or there is not one tag per word.
    """
    rows = chain(rows, [(0, None, None, None)])  # an empty row ends the last sentence
    first = list(islice(rows, _FIRST))
    word_a_row = layout.word_a_row
    if word_a_row is None:
        word_a_row = all(isinstance(row[1], str) and len(split_words(row[1])) == 1 for row in first if row[1])
    words: list[str] = []
    tags: list[str] = []
    current: Any = None
    for number, row_words, row_tags, sentence in chain(first, rows):
        is_empty = row_words in _EMPTY and row_tags in _EMPTY
        if words and (is_empty or not word_a_row or sentence not in (current, "", None)):
            yield Sentence(tuple(words), tuple(tags))
            words, tags = [], []
        if is_empty:
            continue
        own, own_tags = ([row_words], [row_tags]) if word_a_row else (_list(row_words), _list(row_tags))
        names = [_name(tag, tag_names) for tag in own_tags]
        if len(own) != len(names) or not all(map(_is_text, own)) or None in names:
            raise InputError(f"{place}{number}: {_find_mistake(row_words, row_tags, own, own_tags, names)}")
        words += own
        tags += names
        current = sentence if sentence not in ("", None) else current


def _list(cell: Any) -> list[Any]:
    """Return the words of a cell; a cell that is not a list of words gives one that will be refused."""
    if isinstance(cell, str) and cell.strip(BLANKS) and not _PYTHON_LIST.fullmatch(cell.strip()):
        return split_words(cell)
    return cell if isinstance(cell, list) else [()]


def _name(tag: Any, names: Sequence[str]) -> Any:
    """Return the name of a tag, "" if it is missing, None if it is not a tag."""
    if isinstance(tag, str):
        return tag if tag.strip(BLANKS) else ""
    if type(tag) is int and names:
        return names[tag] if 0 <= tag < len(names) else "" if tag < 0 else None
    return "" if tag is None else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip(BLANKS))


def _find_mistake(row_words: Any, row_tags: Any, words: list[Any], tags: list[Any], names: list[Any]) -> str:
    for name, cell in (("text", row_words), ("tag", row_tags)):
        if isinstance(cell, str) and _PYTHON_LIST.fullmatch(cell.strip()):
            return f"the cell {name!r} is a Python list, expected words separated by spaces: {clip(cell)!r}"
        if cell is None or (isinstance(cell, str) and not cell.strip(BLANKS)):
            return f"the cell {name!r} is empty, expected at least one word"
    if len(words) != len(tags):
        cells = f"{clip(str(row_words))!r}, {clip(str(row_tags))!r}"
        return f"{len(words)} words but {len(tags)} tags, expected one tag per word: {cells}"
    rows = zip(words, tags, names, strict=True)
    word, tag = next((word, tag) for word, tag, name in rows if name is None or not _is_text(word))
    hint = "; data.tag_names can name numeric tags" if type(tag) is int else ""
    return f"got the word {clip(repr(word))} with the tag {clip(repr(tag))}, expected strings{hint}"
