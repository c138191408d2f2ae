"""Parquet, as Hugging Face `datasets` writes it: each row has the words and tags of a sentence as lists.

Tags may be numbers if the file (`ClassLabel`) or `data.tag_names` has their names. Columns are chosen as in any table.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.prepare.corpus_table import Columns, choose, read_rows
from tagger.prepare.input_files import open_input

_ROWS = 4096  # read at once


def parse(_lines: Iterable[str], path: Path, columns: Columns) -> Iterator[Sentence]:
    """Parse the rows of a file, which has no lines.

    Raises:
        InputError: the file is not Parquet, lacks a column, or has a row without one tag per word.
    """
    import pyarrow as pa  # no other format needs it
    import pyarrow.parquet as pq

    try:
        with open_input(path, "a Parquet file") as file:
            table = pq.ParquetFile(file)
            names = table.schema_arrow.names
            layout = choose(names, columns, f"{path}")
            word, tag = names[layout.word], names[layout.tag]
            sentence = None if layout.sentence is None else names[layout.sentence]
            batches = table.iter_batches(_ROWS, columns=list({word, tag, sentence} - {None}))
            numbered = enumerate((row for batch in batches for row in batch.to_pylist()), start=1)
            rows = ((number, row[word], row[tag], row.get(sentence)) for number, row in numbered)
            tag_names = columns.tag_names or _class_names(table.schema_arrow.metadata or {}, tag)
            yield from read_rows(rows, layout, f"{path}: row ", tag_names)
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
