"""A corpus on any path that Spark can read: its sentences as rows, and its output."""

import re
import textwrap
from collections.abc import Sequence
from typing import Any, Literal

from pyspark import cloudpickle
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # noqa: N812, Spark's own convention

from tagger.core.common.errors import InputError
from tagger.predict import conllu
from tagger.predict.conllu import retagged
from tagger.predict.sentences import MOST_CHARACTERS, MOST_WORDS

cloudpickle.register_pickle_by_value(conllu)  # workers need not have this package

Format = Literal["text", "json", "conllu", "parquet"]

SENTENCE = "sentence"
TOKENS = "tokens"  # the same in tables of Hugging Face
CONLLU = "conllu"  # the column of a sentence with its comments and all columns
BYTE_ORDER_MARK = "\ufeff"
SUFFIXES: dict[str, Format] = {"txt": "text", "json": "json", "jsonl": "json", "conllu": "conllu", "parquet": "parquet"}
_WORD_LINE = r"^([0-9]+)\t"


def format_of(path: str, named: Format | None, option: str) -> Format:
    """Return the named format, else the one that the suffix of a path implies; raise InputError if there is none."""
    if form := named or SUFFIXES.get(re.sub(r"(?<!\.parquet)\.(gz|bz2)$", "", path.rstrip("/")).rpartition(".")[2]):
        return form
    raise InputError(f"{path}: unknown format; expected {option}, or a name that ends in .txt or .parquet")


def read_text(spark: SparkSession, path: str) -> DataFrame:
    """Read one sentence per line: columns `file`, `line` (from 1) and `sentence`.

    Spark reads the blocks of a file independently and numbers no lines, so they are counted first, which is quick.
    """
    lines = spark.read.text(path, lineSep="\n").select(
        F.col("_metadata.file_path").alias("file"),
        F.col("_metadata.file_block_start").alias("block"),
        F.monotonically_increasing_id().alias("id"),  # consecutive within a block
        F.col("value").alias(SENTENCE),
    )
    blocks = lines.groupBy("file", "block").agg(F.min("id").alias("first"), F.count("id").alias("amount"))
    earlier = Window.partitionBy("file").orderBy("block").rowsBetween(Window.unboundedPreceding, -1)
    before = F.coalesce(F.sum("amount").over(earlier), F.lit(0))
    starts = blocks.select("file", "block", (before - F.col("first") + 1).alias("shift"))
    numbered = lines.join(F.broadcast(starts), ["file", "block"])
    rows = numbered.select("file", (F.col("id") + F.col("shift")).alias("line"), SENTENCE)
    # Only after the check: Spark would replace bytes that are not UTF-8.
    stripped = F.regexp_replace(SENTENCE, f"^{BYTE_ORDER_MARK}|\r$", "")
    return _checked(rows, F.concat("file", F.lit(":"), "line")).withColumn(SENTENCE, stripped)


def read_table(spark: SparkSession, path: str, form: Format) -> DataFrame:
    """Read a table with strings or lists of words in `sentence` or `tokens`. Raises InputError if it has neither."""
    options = {"mode": "FAILFAST", "lineSep": "\n"} if form == "json" else {}
    rows = spark.read.format(form).options(**options).load(path)
    if SENTENCE not in rows.columns:
        rows = rows.withColumnRenamed(TOKENS, SENTENCE)
    if SENTENCE not in rows.columns:
        found = textwrap.shorten(", ".join(map(repr, rows.columns)), 200, placeholder=" ...")
        raise InputError(f"{path}: got the columns {found}, expected one {SENTENCE!r}")
    kind = dict(rows.dtypes)[SENTENCE]
    if kind not in ("string", "array<string>"):
        raise InputError(f"{path}: column {SENTENCE!r}: got {kind}, expected string or array<string>")
    row = F.concat(F.lit(": row "), F.col("_metadata.row_index") + 1) if form == "parquet" else F.lit("")
    return _checked(rows, F.concat("_metadata.file_path", row))


def read_conllu(spark: SparkSession, path: str) -> DataFrame:
    """Read a sentence of CoNLL-U per row: columns `file`, `conllu` (its lines) and `sentence` (its words)."""
    rows = spark.read.text(path, lineSep="\n\n").select(
        F.col("_metadata.file_path").alias("file"), F.regexp_replace("value", f"^{BYTE_ORDER_MARK}", "").alias(CONLLU)
    )
    lines = F.split(CONLLU, "\n")
    words = F.filter(lines, lambda line: line.rlike(_WORD_LINE))
    orders = F.transform(words, lambda line, place: line.startswith(F.concat((place + 1).cast("string"), F.lit("\t"))))
    wrong = F.exists(orders, lambda is_next: ~is_next) | F.exists(
        lines, lambda line: line.rlike(r"^[^#\r]") & (F.size(F.split(line, "\t")) < 10)
    )
    place = F.concat("file", F.lit(": "), F.translate(F.substring(CONLLU, 1, 60), "\n", " "))
    expected = F.lit(
        ": expected CoNLL-U of ten columns, with the ids 1, 2, ... and a line feed at the end of each line"
    )
    checked = F.when(wrong, F.raise_error(F.concat(place, expected))).otherwise(words)
    rows = rows.withColumn(SENTENCE, F.transform(checked, lambda line: F.split(line, "\t")[1]))
    return _checked(rows, place)


def _checked(rows: DataFrame, place: Column) -> DataFrame:
    """Let a job fail at a sentence that the model would refuse, with a message that begins with its place."""
    sentence = F.col(SENTENCE)
    if dict(rows.dtypes)[SENTENCE] == "string":
        words = F.split(sentence, r"\s+")
        wrong, expected = ~F.is_valid_utf8(sentence), "expected UTF-8"
    else:
        words = sentence
        wrong = F.exists(words, lambda word: word.isNull() | ~F.is_valid_utf8(word) | ~word.rlike(r"[^ \t\r\n]"))
        expected = "got a word that is missing, blank or not UTF-8"
    long = (F.size(words) > MOST_WORDS) | F.exists(words, lambda word: F.length(word) > MOST_CHARACTERS)
    limits = f"expected at most {MOST_WORDS:,} words, of {MOST_CHARACTERS:,} characters each"
    mistake = F.raise_error(F.concat(place, F.lit(": "), F.when(wrong, expected).otherwise(limits)))
    sound = F.when(wrong | long, mistake).otherwise(sentence)
    return rows.withColumn(SENTENCE, sound)


def check_output(spark: SparkSession, path: str, inputs: Sequence[str], overwrite: bool) -> None:
    """Make sure that writing to a path destroys nothing but, with `overwrite`, an earlier output.

    `inputs` are the files that will be read, as Spark names them. Raises InputError if the path has an output that may
    not be replaced, the input, or something else.
    """
    place, system = _hadoop_path(spark, path)
    if not system.exists(place):
        return
    if not overwrite:
        raise InputError(f"{path}: exists already; expected a new path, or --overwrite")
    # Spark names local files by file:///, Hadoop by file:/.
    folder = str(system.makeQualified(place).toUri().getPath()).rstrip("/")
    if any(f"{folder}/" in f"{name}/" for name in inputs):
        raise InputError(f"{path}: holds the input, expected another path for the output")
    within = {str(entry.getPath().getName()) for entry in system.listStatus(place)}
    if within and not within & {"_SUCCESS", "_temporary"}:
        raise InputError(f"{path}: not written by Spark; --overwrite expected an earlier output")


def write(rows: DataFrame, path: str, form: Format, column: str) -> None:
    """Write a folder of Parquet, of JSON Lines (also if text is asked for), or of CoNLL-U, all of it kept but its tags.

    Tags of CoNLL-U go into the `column` that the model was trained on. Spark adds `_SUCCESS` to it last; if computing
    the rows fails, nothing is left.
    """
    kind, options = form, {"ignoreNullFields": "false"}
    if form in ("text", "json"):
        kind = "json"
        rows = rows.withColumn("probabilities", F.transform("probabilities", lambda value: F.round(value, 6)))
    elif form == "conllu":
        kind, options = "text", {"lineSep": "\n\n"}
        retag = F.udf(lambda text, tags: "\n".join(retagged(text.rstrip("\n").split("\n"), tags, column)))
        rows = rows.select(retag(CONLLU, "tags"))
    try:
        rows.write.save(path, kind, mode="overwrite", **options)
    except BaseException:
        # Spark leaves an empty folder of an output that failed.
        place, system = _hadoop_path(rows.sparkSession, path)
        if system.exists(place) and not system.listStatus(place):
            system.delete(place, False)
        raise


def _hadoop_path(spark: SparkSession, path: str) -> tuple[Any, Any]:
    place = spark._jvm.org.apache.hadoop.fs.Path(path)
    return place, place.getFileSystem(spark._jsc.hadoopConfiguration())
