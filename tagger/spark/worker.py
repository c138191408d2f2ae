"""What a worker of Spark does with batches of rows.

Spark sends this module to its workers, so it imports nothing of the project.
"""

from collections.abc import Iterable, Iterator
from typing import Any

COLUMNS = {"words": "array<string>", "tags": "array<string>", "probabilities": "array<double>"}  # of `TaggerModel`


def tag_batches(batches: Iterable[Any], archive: str, column: int) -> Iterator[Any]:
    """Yield Arrow batches with the model's columns added, which are null where the sentence is.

    `archive` is where `SparkModelCache` put the model, which a worker loads once; `column` is the sentences' index.
    """
    import pyarrow as pa
    from mlflow.pyfunc.spark_model_cache import SparkModelCache

    model, _ = SparkModelCache.get_or_load(archive)
    types = {name: pa.list_(pa.float64() if "double" in kind else pa.string()) for name, kind in COLUMNS.items()}
    for batch in batches:
        sentences = batch.column(column)
        missing = sentences.is_null().to_numpy(zero_copy_only=False)
        found = model.predict([sentence or "" for sentence in sentences.to_pylist()])
        added = [pa.array(found[name].tolist(), kind, mask=missing) for name, kind in types.items()]
        yield pa.RecordBatch.from_arrays([*batch.columns, *added], [*batch.schema.names, *types])
