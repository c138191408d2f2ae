"""Parquet, as Hugging Face `datasets` writes it: each row has the words and tags of a sentence as lists.

Tags may be numbers if the file (`ClassLabel`) or `data.tag_names` has their names. Columns are chosen as in any table.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.prepare.corpus_table import Columns, choose, read_rows
from tagger.prepare.input_files import open_input

_ROWS = 4096  # read at once


def parse(_lines: Iterator[str], path: Path, columns: Columns) -> Iterator[Sentence]:
    """Parse rows. Raises InputError if the file is not Parquet, lacks a column, or has a row without a tag per word."""
    import pyarrow as pa  # no other format needs it
    import pyarrow.parquet as pq

    try:
        with open_input(path, "a Parquet file") as file:
            table = pq.ParquetFile(file)
            names = table.schema_arrow.names
            layout = choose(names, columns, f"{path}")
            used = {names[index] for index in layout[:3] if index is not None}
            batches = table.iter_batches(_ROWS, columns=list(used))
            rows = ([row.get(name) for name in names] for batch in batches for row in batch.to_pylist())
            tag_names = columns.tag_names or _class_names(table.schema_arrow.metadata or {}, names[layout.tag])
            yield from read_rows(enumerate(rows, start=1), layout, f"{path}: row ", tag_names)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise InputError(f"{path}: {' '.join(str(error).split())}") from None


def _class_names(metadata: dict[bytes, bytes], column: str) -> list[str]:
    """Return the names that `datasets`, in any version, keeps for the numbers of a column; none if it keeps none."""
    with suppress(ValueError, TypeError, LookupError, RecursionError):  # anything may be in it
        feature = json.loads(metadata[b"huggingface"])["info"]["features"][column]
        while "names" not in feature:
            feature = feature[0] if isinstance(feature, list) else feature["feature"]
        "".join(feature["names"]).encode()  # fails unless all are strings
        return list(feature["names"])
    return []
