"""Tagging on Spark: rows with sentences in, the same rows with words, tags and probabilities out."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tagger.core.common.errors import InputError
from tagger.predict.model_source import is_mlflow_uri, model_folder_of
from tagger.predict.tagging import Tagger
from tagger.spark.corpus_files import SENTENCE, Format, check_output, read_parquet, read_text, write
from tagger.spark.session import reporting
from tagger.tracking.packed_model import model_parts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

RESULT = "struct<words: array<string>, tags: array<string>, probabilities: array<double>>"
COLUMNS = ("words", "tags", "probabilities")
TAGGED = "_tagged"


class Amount(NamedTuple):
    """How much was tagged."""

    sentences: int
    words: int


@contextmanager
def mlflow_model(source: str) -> Iterator[Path]:
    """Give the folder of a model as MLflow loads it, for the length of the block.

    Args:
        source: a URI of MLflow's, or a model folder, which is packed as the registry has it.

    Raises:
        InputError: there is no such model, or it is damaged.
    """
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow.pyfunc

    folder = model_folder_of(source)
    logging.getLogger("mlflow").setLevel(logging.ERROR)  # it warns that workers need the packages of the driver
    Tagger(folder)  # before any worker finds what is wrong with it
    with tempfile.TemporaryDirectory() as scratch:
        if is_mlflow_uri(source):
            yield folder.parent.parent
        else:
            mlflow.pyfunc.save_model(f"{scratch}/model", **model_parts(folder))
            yield Path(scratch) / "model"


def tag_corpus(
    spark: "SparkSession", model: Path, source: str, target: str, forms: tuple[Format, Format], *, overwrite: bool
) -> Amount:
    """Tag a corpus, and write it with its tags.

    Args:
        spark: where it is done.
        model: as MLflow loads it.
        source: path of the corpus.
        target: path of the output.
        forms: of the source and of the target.
        overwrite: replace an earlier output.

    Raises:
        InputError: the corpus is none, the target exists, or Spark fails.
    """
    from pyspark.sql import Observation
    from pyspark.sql import functions as F  # noqa: N812, Spark's own custom

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


def tagged(rows: "DataFrame", model: Path) -> "DataFrame":
    """Return the rows with words, tags and their probabilities; where the sentence is null, these are."""
    import mlflow.pyfunc
    from pyspark.sql import functions as F  # noqa: N812

    udf = mlflow.pyfunc.spark_udf(rows.sparkSession, str(model), result_type=RESULT, env_manager="local")
    is_text = rows.schema[SENTENCE].dataType.simpleString() == "string"
    # A UDF is asked for every row, whatever `when` says.
    given = F.coalesce(SENTENCE, F.lit("") if is_text else F.array().cast("array<string>"))
    known = F.col(SENTENCE).isNotNull()
    return rows.withColumn(TAGGED, udf(F.struct(given.alias(SENTENCE)))).select(
        *(F.col(f"`{name.replace('`', '``')}`") for name in rows.columns),
        *(F.when(known, F.col(f"{TAGGED}.{name}")).alias(name) for name in COLUMNS),
    )
