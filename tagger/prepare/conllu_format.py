"""CoNLL-U: ten tab-separated columns, of which `data.column` is the tag; and CoNLL-U Plus, which names its columns.

The rules are https://universaldependencies.org/format.html and https://universaldependencies.org/ext-format.html::

    # text = The dog barked
    1<tab>The<tab>the<tab>DET<tab>DT<tab>...

A file may have more columns, which have a number alone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, takewhile
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import BLANKS, IndexedCorpus, Sentence
from tagger.prepare.columns import AUTO, Columns, find_column
from tagger.prepare.input_files import clip, split_blocks, take_head

GLOBAL_COLUMNS = "# global.columns"
_COLUMNS = ["id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc"]
_NO_TAGS = frozenset(("", "_"))
_LISTS = ("feats", "deps", "misc")  # where _ is an empty list
_NO_WORD = re.compile(r"[1-9]\d*-[1-9]\d*|\d+\.[1-9]\d*", re.ASCII)  # the id of a multiword range or an empty node
_BLOCK = 1 << 22  # bytes: smaller ones are slower, larger ones are no faster and take more memory
_BLANK, _SKIPPED = 0, -1  # places of lines that hold no word of the sentence


class _Layout(NamedTuple):
    """The names of the columns, "" where there is none, and the indices of those in use."""

    names: list[str]
    id: int | None
    word: int
    tag: int

    def is_tag(self, text: str) -> bool:
        """Return whether a cell of the tag's column says something."""
        return text.strip() not in _NO_TAGS or (text == "_" and self.names[self.tag] in _LISTS)


def _layout(head: Sequence[str], columns: Columns, path: Path) -> _Layout:
    """Find the columns by the lines up to the first that holds some."""
    names = list(_COLUMNS)
    if head and head[0].startswith(GLOBAL_COLUMNS):
        names = head[0].partition("=")[2].casefold().split()
    elif head:
        names += [""] * (len(head[-1].split("\t")) - len(names))
    place = f"{path}:{len(head)}"
    word = find_column("form" if columns.word == AUTO else columns.word, names, "word", place)
    tag = find_column("upos" if columns.tag == AUTO else columns.tag, names, "tag", place)
    return _Layout(names, names.index("id") if "id" in names else None, word, tag)


def parse(lines: Iterable[str], path: Path, columns: Columns) -> Iterator[Sentence]:
    """Parse CoNLL-U. Multiword ranges (3-4) and empty nodes (8.1) are skipped, as the format says.

    Raises:
        InputError: a line has too few or too many columns, an id is out of order, a word or a tag is missing, or there
            is no such column.
    """
    lines = iter(lines)
    head = take_head(lines)
    layout = _layout(head, columns, path)
    for block in split_blocks(chain(head, lines)):
        rows: list[tuple[str, str]] = []
        for number, line in block:
            cells = line.rstrip("\r\n").split("\t")
            row_id = cells[layout.id] if layout.id is not None and len(cells) == len(layout.names) else ""
            # If the ids don't come first, a row may begin with a word such as #.
            is_comment = line.startswith("#") and (layout.id == 0 or len(cells) != len(layout.names))
            if is_comment or _NO_WORD.fullmatch(row_id):
                continue
            if mistake := _find_mistake(cells, len(rows) + 1, layout):
                raise InputError.at(path, number, mistake)
            rows.append((cells[layout.word], cells[layout.tag]))
        if rows:
            yield Sentence(*zip(*rows, strict=True))


def _find_mistake(cells: list[str], place: int, layout: _Layout) -> str | None:
    """Say what is wrong with the line of a sentence's word number `place`; return None if nothing is."""
    if len(cells) != len(layout.names):
        line = "\t".join(cells).rstrip()
        return f"{len(cells)} columns, expected {len(layout.names)} with a tab between them: {clip(line)!r}"
    row_id, word = str(place) if layout.id is None else cells[layout.id], cells[layout.word]
    if not (row_id.isascii() and row_id.isdigit()):
        return f"the id is {clip(row_id)!r}, expected a number such as 3, 3-4 or 8.1"
    if row_id != str(place):
        return f"the id is {clip(row_id)}, expected {place}; is a blank line missing or too many?"
    if not word.strip(BLANKS):
        return f"the word (column {layout.word + 1}) is empty"
    if not layout.is_tag(cells[layout.tag]):
        name = layout.names[layout.tag]
        return f"the word {word!r} has no {f'{name} ' if name else ''}tag (column {layout.tag + 1})"
    return None


def read_quickly(file: BinaryIO, columns: Columns) -> IndexedCorpus | None:
    """Index the sentences of correct CoNLL-U as `parse` reads them, but column by column: two to three times as fast.

    Return None if the file has a mistake, and possibly if it is correct but unusual, for example has a line of blanks.
    """
    import pyarrow as pa  # no other text needs it
    import pyarrow.csv

    # While it reads, Arrow handles SIGINT and SIGTERM itself; on a mistake it would drop such a signal.
    pa.enable_signal_handlers(False)
    start = file.tell()
    try:
        layout = _layout(take_head(line.decode() for line in file), columns, Path())
        if layout.id != 0:
            return None
        file.seek(start)
        used = [str(index) for index in layout[1:]]
        read_options = pa.csv.ReadOptions(column_names=list(map(str, range(len(layout.names)))), use_threads=False)
        parse_options = pa.csv.ParseOptions(delimiter="\t", quote_char=False, ignore_empty_lines=False)
        convert_options = pa.csv.ConvertOptions(
            include_columns=used,
            column_types=dict.fromkeys(used, pa.dictionary(pa.int32(), pa.string())),
            strings_can_be_null=False,
        )
        return IndexedCorpus.joined(
            _index(pa.csv.read_csv(pa.py_buffer(block), read_options, parse_options, convert_options), layout)
            for block in _blocks(file)
        )
    except (ValueError, InputError, pa.ArrowException):
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


def _index(table: Any, layout: _Layout) -> IndexedCorpus:
    """Index the rows of a `pyarrow.Table` of ids, words and tags; forms and tags keep Arrow's numbers."""
    columns = [column.combine_chunks() for column in table.columns]
    ids, forms, tags = (column.indices.to_numpy() for column in columns)
    id_texts, form_texts, tag_names = (column.dictionary.to_pylist() for column in columns)
    places = np.array([_place(text) for text in id_texts], dtype=np.int32)[ids]
    forms, tags = forms[places > 0], tags[places > 0]
    places = places[places != _SKIPPED]
    in_order = (places == _BLANK) | (np.diff(places, prepend=_BLANK) == 1)
    is_form = np.array([bool(text.strip(BLANKS)) for text in form_texts], dtype=np.bool_)
    is_tag = np.array(list(map(layout.is_tag, tag_names)), dtype=np.bool_)
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
