"""Tagging on Spark: rows with sentences in, the same rows with words, tags and probabilities out."""

import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F  # noqa: N812, Spark's own convention
from pyspark.sql.types import StructType

from tagger.core.common.errors import InputError
from tagger.predict.mlflow_store import quieten
from tagger.predict.model_source import is_mlflow_uri, model_folder_of
from tagger.predict.tagging import Tagger
from tagger.spark.corpus_files import SENTENCE, Format, check_output, read_conllu, read_table, read_text, write
from tagger.tracking.registry import model_parts

COLUMNS = {"words": "array<string>", "tags": "array<string>", "probabilities": "array<double>"}  # of `TaggerModel`
OLDEST_JAVA = 17
SETTINGS = {
    "spark.app.name": "lstm-tagger",
    "spark.ui.enabled": "false",
    "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={Path(__file__).parent.as_uri()}/log4j2.properties",
    "spark.sql.files.maxPartitionBytes": "16m",  # of a task: about a minute, the cost of losing a worker
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2048",  # sentences per call of a worker
}
Packed = tuple[Path, str]  # a model in MLflow's format, and the column of CoNLL-U that it was trained on


@contextmanager
def mlflow_model(source: str) -> Iterator[Packed]:
    """Provide a URI's model, or a folder packed as for the registry. Raises InputError if it is missing or damaged."""
    quieten()
    import mlflow.pyfunc

    with model_folder_of(source) as folder, tempfile.TemporaryDirectory() as scratch:
        logging.getLogger("mlflow").setLevel(logging.ERROR)  # it warns that workers need the driver's packages
        column = Tagger(folder).dictionaries.column  # finds damage before any worker does
        if is_mlflow_uri(source):
            yield folder.parent.parent, column
        else:
            mlflow.pyfunc.save_model(f"{scratch}/model", **model_parts(folder))
            yield Path(scratch) / "model", column


def tag_corpus(
    spark: SparkSession, model: Packed, source: str, target: str, forms: tuple[Format, Format], *, overwrite: bool
) -> tuple[int, int]:
    """Tag a corpus, and write it with its tags. Return the numbers of sentences and words.

    `forms` are those of the source and of the target. With `overwrite`, an earlier output is replaced. Raises
    InputError if the corpus can't be read, the target exists, or Spark fails.
    """
    folder, column = model
    if forms[1] == "conllu" != forms[0]:
        raise InputError(f"{target}: CoNLL-U can be written only from CoNLL-U; expected --to json or parquet")
    with reporting(source):
        readers = {"text": read_text, "conllu": read_conllu}
        rows = readers[forms[0]](spark, source) if forms[0] in readers else read_table(spark, source, forms[0])
        inputs = rows.inputFiles()
    clashing = sorted({name.lower() for name in rows.columns} & COLUMNS.keys())
    if clashing:
        raise InputError(f"{source}: has a column {clashing[0]!r} already; expected none of {', '.join(COLUMNS)}")
    with reporting(target):
        check_output(spark, target, inputs, overwrite)
    amount = Observation("amount")
    counts = (F.count(F.lit(1)).alias("sentences"), F.coalesce(F.sum(F.size("words")), F.lit(0)).alias("words"))
    with reporting(source):
        write(tagged(rows, folder).observe(amount, *counts), target, forms[1], column)
        return int(amount.get["sentences"]), int(amount.get["words"])


def tagged(rows: DataFrame, model: Path) -> DataFrame:
    """Return the rows with the words, their tags and probabilities, all null if the sentence is."""
    from mlflow.pyfunc.spark_model_cache import SparkModelCache

    # Not mlflow.pyfunc.spark_udf, which converts each value of each row: a fifth of a worker's time.
    archive = SparkModelCache.add_local_model(rows.sparkSession, str(model))
    numbered = rows.toDF(*map(str, range(len(rows.columns))))  # Spark's `mapInArrow` fails on names such as a.b
    schema = StructType([*numbered.schema, *StructType.fromDDL(", ".join(map(" ".join, COLUMNS.items())))])
    place = rows.columns.index(SENTENCE)

    # Spark sends a function within a function to its workers, so they need not have this package.
    def add_tags(batches: Iterable[Any]) -> Iterator[Any]:
        import pyarrow as pa

        loaded, _ = SparkModelCache.get_or_load(archive)  # a worker loads it once
        types = {name: pa.list_(pa.float64() if "double" in kind else pa.string()) for name, kind in COLUMNS.items()}
        for batch in batches:
            sentences = batch.column(place)
            missing = sentences.is_null().to_numpy(zero_copy_only=False)
            found = loaded.predict([sentence or "" for sentence in sentences.to_pylist()])
            added = [pa.array(found[name].tolist(), kind, mask=missing) for name, kind in types.items()]
            yield pa.RecordBatch.from_arrays([*batch.columns, *added], [*batch.schema.names, *types])

    return numbered.mapInArrow(add_tags, schema).toDF(*rows.columns, *COLUMNS)


@contextmanager
def spark_session(master: str, settings: Mapping[str, str]) -> Iterator[SparkSession]:
    """Connect to Spark for the block; `master` is as for spark-submit, and `settings` of Spark override those above.

    With a local master, only this machine can reach Spark's ports, and the workers run this Python. Raises InputError
    if there is no suitable Java, or Spark does not start or fails within the block.
    """
    _check_java()
    own = SETTINGS | {"spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower()}
    if master.startswith("local"):
        own |= {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
    with reporting(master):
        session = SparkSession.builder.master(master).config(map=own | dict(settings)).getOrCreate()
        try:
            yield session
        finally:
            session.stop()


@contextmanager
def reporting(place: str) -> Iterator[None]:
    """Raise errors of Spark within the block as InputError, one line that begins with a place."""
    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise InputError(f"{place}: {_reason(str(error))}") from None


def _check_java() -> None:
    home = os.environ.get("JAVA_HOME")
    java = shutil.which(Path(home) / "bin" / "java" if home else "java")
    expected = f"expected Java {OLDEST_JAVA} or later, on PATH or in JAVA_HOME, for Spark"
    if java is None:
        raise InputError(f"java: not found{f' in {home}' if home else ''}; {expected}")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    if version is None or int(version[1]) < OLDEST_JAVA:
        raise InputError(f"{java}: got {told.partition(chr(10))[0] or 'no version'}; {expected}")


def _reason(text: str) -> str:
    """Return the line that says what happened: the last of a worker's traceback, or the first of Spark's message."""
    if raised := re.findall(r"^([\w.]+(?:Error|Exception)): (.*)$", text.partition("Traceback ")[2], re.MULTILINE):
        kind, said = raised[-1] if not raised[-1][0].startswith("org.") else raised[0]
        # The number counts within a batch.
        own = kind.endswith("MlflowException")
        return re.sub(r"^sentence \d+", "a sentence", said) if own else f"a worker: {kind}: {said}"
    if found := re.search(r"\[USER_RAISED_EXCEPTION\] (.*?)(?: SQLSTATE.*)?$", text, re.MULTILINE):
        return found[1]
    line = next(filter(None, (line.strip() for line in text.splitlines())), "no reason given")
    return re.sub(r"^\[[\w.]+\] | SQLSTATE: \w+.*$", "", line)
