"""JSON Lines: one object per line, with the words and tags of a sentence as lists.

::

    {"id": "0", "tokens": ["The", "dog", "barked"], "tags": ["DET", "NOUN", "VERB"]}

Columns are chosen as in a table, by the keys of the first object.
"""

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from tagger.core.common.errors import InputError, clip
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.prepare.corpus_table import Columns, choose, read_rows


def parse(lines: Iterator[str], path: Path, columns: Columns) -> Iterator[Sentence]:
    """Parse objects. Raises InputError if a line is not an object, lacks a column, or has not one tag per word."""
    objects = ((number, _object(line, path, number)) for number, line in enumerate(lines, 1) if not line.isspace())
    for number, first in objects:
        keys = list(first)
        layout = choose(keys, columns, f"{path}:{number}")
        rows = ((at, [row.get(key) for key in keys]) for at, row in chain([(number, first)], objects))
        yield from read_rows(rows, layout, f"{path}:", columns.tag_names)


def _object(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        document = json.loads(line)
        if "\\u" in line:
            json.dumps(document, ensure_ascii=False).encode()  # fails on a surrogate, half a character
    except (ValueError, RecursionError) as error:
        raise InputError.at(path, number, f"not JSON: {error}; expected one object per line: {clip(line)!r}") from None
    if not isinstance(document, dict):
        raise InputError.at(path, number, f"got {clip(line.strip())!r}, expected an object")
    return document
