"""CSV and TSV with a header: one sentence per row, split at spaces (as in the tutorial), or one word per row.

::

    text,tag                              Sentence #;Word;Tag
    The dog barked,DET NOUN VERB          1;The;DET
    "Yes , she said",INTJ PUNCT PRON VERB ;dog;NOUN

Cells are separated by the comma, semicolon, bar, tab or space with which the first line is a header.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Literal

from tagger.core.common.errors import InputError, clip
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.prepare.corpus_table import Columns, Row, choose, read_rows

_DELIMITERS = ",;\t| "


def recognise(lines: Sequence[str], columns: Columns) -> bool:
    """Return whether the first line is a header with columns of these names."""
    return not any(isinstance(column, int) for column in columns) and _delimiter_of("".join(lines[:1]), columns) != ""


def parse(lines: Iterator[str], path: Path, columns: Columns) -> Iterator[Sentence]:
    """Parse rows. Raises InputError if a column is missing, or a row has other cells or not one tag per word."""
    head = [next(lines, "")]
    while head[-1].isspace():
        head.append(next(lines, ""))
    delimiter = _delimiter_of(head[-1], columns) or ","
    rows = _read_rows(chain(head, lines), path, delimiter)
    number, header = next(((number, row) for number, row in rows if row), (1, []))
    if not header:
        return
    layout = choose(header, columns, f"{path}:{number}")
    if delimiter == " ":
        layout = layout._replace(word_a_row=True)
    word, tag = layout.word, layout.tag

    def checked() -> Iterator[Row]:
        for number, row in rows:
            if row and len(row) != len(header):
                hint = "; quote cells that contain a comma" if len(row) > len(header) else ""
                found = f"{len(row)} cells, expected {len(header)} ({','.join(header)}){hint}"
                raise InputError.at(path, number, f"{found}: {clip(','.join(row))!r}")
            if row:
                row[word], row[tag] = row[word].strip(" "), row[tag].strip(" ")
            yield number, row

    yield from read_rows(checked(), layout, f"{path}:")


def _delimiter_of(line: str, columns: Columns) -> str:
    """Return the delimiter with which a line is a header with these columns, or an empty string."""
    for delimiter in _DELIMITERS[: -1 if line.startswith("#") else None]:  # # global.columns = WORD TAG
        try:
            _, cells = next(_read_rows([line], Path(), delimiter), (1, []))
            layout = choose(cells, columns, "")
        except InputError:
            continue
        if layout.word != layout.tag:
            return delimiter
    return ""


def _read_rows(lines: Iterable[str], path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows, each with the number of its first line."""
    csv.field_size_limit(2**31 - 1)
    ends = "\r\n " if delimiter == " " else "\r\n"
    ended = (line.rstrip(ends) + "\n" for line in lines)
    # Between tabs or spaces, a quote is mostly a word and encloses nothing.
    is_tsv = delimiter in "\t "
    quoting: Literal[0, 3] = csv.QUOTE_NONE if is_tsv else csv.QUOTE_MINIMAL
    rows = csv.reader(ended, delimiter=delimiter, quoting=quoting, strict=True, skipinitialspace=delimiter == " ")
    first = 1
    try:
        for row in rows:
            yield first, [_unquoted(cell) for cell in row] if is_tsv else row
            first = rows.line_num + 1
    except csv.Error as error:
        hint = "is a quote not closed?" if first == rows.line_num else f"is a quote open until line {rows.line_num}?"
        raise InputError.at(path, first, f"not CSV: {error}; {hint}") from None


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if len(cell) > 2 and cell[0] == cell[-1] == '"' else cell
