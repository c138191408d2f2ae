"""CoNLL-U: ten tab-separated columns; the tag is column 4 (upos) or 5 (xpos).

The rule is https://universaldependencies.org/format.html::

    # text = The dog barked
    1<tab>The<tab>the<tab>DET<tab>DT<tab>...
"""

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import IndexedCorpus, Sentence
from tagger.prepare.input_files import clip, split_blocks

_COLUMNS = ["id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc"]
_NO_TAGS = frozenset(("", "_"))
_NO_WORD = re.compile(r"[1-9]\d*-[1-9]\d*|\d+\.[1-9]\d*", re.ASCII)  # the id of a multiword range or an empty node
_BLOCK = 1 << 22  # bytes: smaller ones are slower, larger ones are no faster and take more memory
_BLANK, _SKIPPED = 0, -1  # places of lines that hold no word of the sentence


def parse(lines: Iterable[str], path: Path, column: str = "upos") -> Iterator[Sentence]:
    """Parse CoNLL-U. Multiword ranges (3-4) and empty nodes (8.1) are skipped, as the format says.

    Raises:
        InputError: a line does not have ten columns, an id is out of order, or a word or a tag is missing.
    """
    for block in split_blocks(lines):
        rows: list[tuple[str, str]] = []
        for number, line in block:
            cells = line.split("\t")
            if line.startswith("#") or (len(cells) == len(_COLUMNS) and _NO_WORD.fullmatch(cells[0])):
                continue
            if mistake := _find_mistake(cells, len(rows) + 1, column):
                raise InputError.at(path, number, mistake)
            rows.append((cells[1], cells[_COLUMNS.index(column)]))
        if rows:
            yield Sentence(*zip(*rows, strict=True))


def _find_mistake(cells: list[str], place: int, column: str) -> str | None:
    """Say what is wrong with the line of a sentence's word number `place`; return None if nothing is."""
    if len(cells) != len(_COLUMNS):
        line = "\t".join(cells).rstrip()
        return f"{len(cells)} columns, expected 10 with a tab between them: {clip(line)!r}"
    row_id, word, tag = cells[0], cells[1], cells[_COLUMNS.index(column)]
    if not (row_id.isascii() and row_id.isdigit()):
        return f"the id is {clip(row_id)!r}, expected a number such as 3, 3-4 or 8.1"
    if row_id != str(place):
        return f"the id is {clip(row_id)}, expected {place}; is a blank line missing or too many?"
    if not word.strip():
        return "the word (column 2) is empty"
    if tag.strip() in _NO_TAGS:
        return f"the word {word!r} has no {column} tag (column {_COLUMNS.index(column) + 1})"
    return None


def read_quickly(file: BinaryIO, column: str) -> IndexedCorpus | None:
    """Index the sentences of correct CoNLL-U as `parse` reads them, but column by column: two to three times as fast.

    Return None if the file has a mistake, and possibly if it is correct but unusual, for example has a line of blanks.
    """
    import pyarrow as pa  # no other format needs it
    import pyarrow.csv

    # While it reads, Arrow handles SIGINT and SIGTERM itself; on a mistake it would drop such a signal.
    pa.enable_signal_handlers(False)
    used = ["id", "form", column]
    read_options = pa.csv.ReadOptions(column_names=_COLUMNS, use_threads=False)
    parse_options = pa.csv.ParseOptions(delimiter="\t", quote_char=False, ignore_empty_lines=False)
    convert_options = pa.csv.ConvertOptions(
        include_columns=used,
        column_types=dict.fromkeys(used, pa.dictionary(pa.int32(), pa.string())),
        strings_can_be_null=False,
    )
    try:
        return IndexedCorpus.joined(
            _index(pa.csv.read_csv(pa.py_buffer(block), read_options, parse_options, convert_options))
            for block in _blocks(file)
        )
    except (ValueError, pa.ArrowException):
        return None


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Yield some megabytes of whole sentences at a time, without comments; each sentence follows an empty line."""
    while block := file.read(_BLOCK):
        whole = b"".join((block, file.readline(), *takewhile(lambda line: not line.isspace(), file)))
        whole.decode()  # Arrow only looks at the columns in use
        lines = re.sub(rb"\n#[^\n]*", b"", b"\n" + whole)
        # Regular expressions find these faster than `in` does.
        if re.search(rb"\n\t", lines) or re.search(rb"\r(?!\n)", lines):
            raise ValueError("Arrow takes a line without an id for a blank one, and ends a line at a carriage return")
        yield lines


def _index(table: Any) -> IndexedCorpus:
    """Index the rows of a `pyarrow.Table` of ids, words and tags; forms and tags keep Arrow's numbers."""
    columns = [column.combine_chunks() for column in table.columns]
    ids, forms, tags = (column.indices.to_numpy() for column in columns)
    id_texts, form_texts, tag_names = (column.dictionary.to_pylist() for column in columns)
    places = np.array([_place(text) for text in id_texts], dtype=np.int32)[ids]
    forms, tags = forms[places > 0], tags[places > 0]
    places = places[places != _SKIPPED]
    in_order = (places == _BLANK) | (np.diff(places, prepend=_BLANK) == 1)
    is_form = np.array([bool(text.strip()) for text in form_texts], dtype=np.bool_)
    is_tag = np.array([name.strip() not in _NO_TAGS for name in tag_names], dtype=np.bool_)
    if not (in_order.all() and is_form[forms].all() and is_tag[tags].all()):
        raise ValueError("an id is out of order, or a word or a tag is missing")
    starts = np.append(np.flatnonzero(places[places > 0] == 1), len(forms))
    return IndexedCorpus(starts, forms, tags, form_texts, tag_names)


def _place(text: str) -> int:
    """Return the place in the sentence that an id stands for, from 1, or one of the constants above."""
    if re.fullmatch(r"[1-9][0-9]{0,8}", text):  # fits into an int32
        return int(text)
    if text and not _NO_WORD.fullmatch(text):
        raise ValueError(f"the id is {text!r}")
    return _SKIPPED if text else _BLANK
