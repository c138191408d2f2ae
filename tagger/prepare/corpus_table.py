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

Row = tuple[int, Sequence[Any]]  # its number and its cells, or no cells: an empty row


class Columns(NamedTuple):
    """The columns to read; AUTO leaves the choice to the format."""

    tag: Column = AUTO
    word: Column = AUTO
    sentence: Column = AUTO  # what the words of a sentence share, in a table with one word per row
    tag_names: tuple[str, ...] = ()  # of tags that are numbers from 0


USUAL = Columns()


def find_column(wanted: Column, names: Sequence[str], content: str, place: str) -> int:
    """Return the index of a column by name or number. `content` and `place` are for the InputError if it is missing."""
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
    """Choose the columns of a table by their names. Raises InputError if one is missing or ambiguous."""
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
    negative number with names; in a string with the tags of a whole sentence, none can be missing. Raises InputError if
    a word is missing, a word or tag is not a string, or there is not one tag per word.
    """
    rows = chain(rows, [(0, ())])  # an empty row ends the last sentence
    first = list(islice(rows, _FIRST))
    word_at, tag_at, sentence_at, word_a_row = layout
    if word_a_row is None:
        cells_of_words = [cells[word_at] for _, cells in first if cells and cells[word_at]]
        word_a_row = all(isinstance(cell, str) and len(split_words(cell)) == 1 for cell in cells_of_words)
    words: list[str] = []
    tags: list[str] = []
    current: Any = None
    own: list[Any]
    for number, cells in chain(first, rows):
        row_words, row_tags = (cells[word_at], cells[tag_at]) if cells else (None, None)
        sentence = cells[sentence_at] if cells and sentence_at is not None else None
        is_empty = row_words in _EMPTY and row_tags in _EMPTY
        if words and (is_empty or not word_a_row or sentence not in (current, "", None)):
            yield Sentence(tuple(words), tuple(tags))
            words, tags = [], []
        if is_empty:
            continue
        own, own_tags = [row_words], [row_tags]
        if not word_a_row:
            at = f"{place}{number}: the cell"
            own, own_tags = _list(row_words, f"{at} 'text'"), _list(row_tags, f"{at} 'tag'")
        names = [_name(tag, tag_names) for tag in own_tags]
        if len(own) != len(names):
            both = f"{clip(str(row_words))!r}, {clip(str(row_tags))!r}"
            raise InputError(
                f"{place}{number}: {len(own)} words but {len(names)} tags, expected one tag per word: {both}"
            )
        for word, tag, name in zip(own, own_tags, names, strict=True):
            if name is None or not isinstance(word, str) or not word.strip(BLANKS):
                hint = "; data.tag_names can name numeric tags" if type(tag) is int else ""
                found = f"got the word {clip(repr(word))} with the tag {clip(repr(tag))}"
                raise InputError(f"{place}{number}: {found}, expected text{hint}")
        words += own
        tags += names
        current = sentence if sentence not in ("", None) else current


def _list(cell: Any, place: str) -> list[Any]:
    if isinstance(cell, list):
        return cell
    if not isinstance(cell, str) or not cell.strip(BLANKS):
        found = "empty" if cell is None or isinstance(cell, str) else clip(repr(cell))
        raise InputError(f"{place} is {found}, expected at least one word")
    if _PYTHON_LIST.fullmatch(cell.strip()):
        raise InputError(f"{place} is a Python list, expected words separated by spaces: {clip(cell)!r}")
    return split_words(cell)


def _name(tag: Any, names: Sequence[str]) -> Any:
    """Return the name of a tag, "" if it is missing, None if it is not a tag."""
    if isinstance(tag, str):
        return tag if tag.strip(BLANKS) else ""
    if type(tag) is int and names:
        return names[tag] if 0 <= tag < len(names) else "" if tag < 0 else None
    return "" if tag is None else None
