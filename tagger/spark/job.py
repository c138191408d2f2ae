"""Tagging on Spark: rows with sentences in, the same rows with their words, tags and probabilities out."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F  # noqa: N812, Spark's own convention

from tagger.core.common.errors import InputError
from tagger.predict.model_source import is_mlflow_uri, model_folder_of, quieten
from tagger.predict.tagging import Tagger
from tagger.spark.corpus_files import SENTENCE, Format, check_output, is_text, read_parquet, read_text, write
from tagger.spark.session import reporting
from tagger.tracking.registry import model_parts

RESULT = "struct<words: array<string>, tags: array<string>, probabilities: array<double>>"
COLUMNS = ("words", "tags", "probabilities")
TAGGED = "_tagged"


class Amount(NamedTuple):
    """How much was tagged."""

    sentences: int
    words: int


@contextmanager
def mlflow_model(source: str) -> Iterator[Path]:
    """Provide the folder of a model in MLflow's format for the block.

    Args:
        source: a URI of MLflow, or a model folder, which is packed as for the registry.

    Raises:
        InputError: there is no such model, or it is damaged.
    """
    quieten()
    import mlflow.pyfunc

    folder = model_folder_of(source)
    logging.getLogger("mlflow").setLevel(logging.ERROR)  # it warns that workers need the driver's packages
    Tagger(folder)  # to find damage before any worker does
    with tempfile.TemporaryDirectory() as scratch:
        if is_mlflow_uri(source):
            yield folder.parent.parent
        else:
            mlflow.pyfunc.save_model(f"{scratch}/model", **model_parts(folder))
            yield Path(scratch) / "model"


def tag_corpus(
    spark: SparkSession, model: Path, source: str, target: str, forms: tuple[Format, Format], *, overwrite: bool
) -> Amount:
    """Tag a corpus, and write it with its tags.

    `model` is a folder in MLflow's format, `forms` are those of the source and of the target. With `overwrite`, an
    earlier output is replaced.

    Raises:
        InputError: the corpus can't be read, the target exists, or Spark fails.
    """
    rows = read_text(spark, source) if forms[0] == "text" else read_parquet(spark, source)
    clashing = sorted({name.lower() for name in rows.columns} & {*COLUMNS, TAGGED})
    if clashing:
        raise InputError(f"{source}: has a column {clashing[0]!r} already; expected none of {', '.join(COLUMNS)}")
    check_output(spark, target, rows.inputFiles(), overwrite)
    amount = Observation("amount")
    counts = (F.count(F.lit(1)).alias("sentences"), F.coalesce(F.sum(F.size("words")), F.lit(0)).alias("words"))
    with reporting(source):
        write(tagged(rows, model).observe(amount, *counts), target, forms[1])
        return Amount(int(amount.get["sentences"]), int(amount.get["words"]))


def tagged(rows: DataFrame, model: Path) -> DataFrame:
    """Return the rows with the words, their tags and probabilities, all null if the sentence is."""
    import mlflow.pyfunc

    udf = mlflow.pyfunc.spark_udf(rows.sparkSession, str(model), result_type=RESULT, env_manager="local")
    # Spark calls a UDF for every row, even in a branch of `when`.
    given = F.coalesce(SENTENCE, F.lit("") if is_text(rows) else F.array().cast("array<string>"))
    known = F.col(SENTENCE).isNotNull()
    return rows.withColumn(TAGGED, udf(F.struct(given.alias(SENTENCE)))).select(
        *(F.col(f"`{name.replace('`', '``')}`") for name in rows.columns),
        *(F.when(known, F.col(f"{TAGGED}.{name}")).alias(name) for name in COLUMNS),
    )
