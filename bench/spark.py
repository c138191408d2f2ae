"""How fast Spark tags a corpus with one worker and with several, of a core each, and what it costs to tag nothing."""

import os
import time
from pathlib import Path
from typing import Any

from bench.corpus import Files, count_tokens, read_split, take
from tagger.core.corpus.indexed_corpus import Sentence

TASKS = 8  # of the corpus: each loads the model, as on a cluster
MEMORY = 1024  # MB of a worker's JVM


def spark(model: str, folder: str, target: str, *, tokens: int, workers: list[int]) -> dict[str, Any]:
    """Measure `tag-corpus` on the test split, repeated, from reading to writing; return tokens a second.

    The same is measured for a job that sends the sentences through the workers, but tags nothing. A small part is
    tagged first: starting Spark and its workers does not count.

    Args:
        model: an exported model.
        folder: of the corpus.
        target: an empty folder.
        tokens: of the corpus at least.
        workers: how many, one measurement each.
    """
    sentences = take(read_split(Files.within(Path(folder)).test), tokens)
    rates = {amount: _rates(Path(target) / str(amount), model, sentences, amount) for amount in workers}
    return {kind: {amount: each[kind] for amount, each in rates.items()} for kind in ("tagging", "nothing")}


def spark_home(folder: Path) -> Path:
    """Make a home for Spark of links to the installed one: the workers of a local cluster write into their home."""
    import pyspark

    folder.mkdir()
    for entry in Path(pyspark.__file__).parent.iterdir():
        (folder / entry.name).symlink_to(entry)
    return folder


def _rates(folder: Path, model: str, sentences: list[Sentence], workers: int) -> dict[str, float]:
    from tagger.spark.corpus_files import read_text
    from tagger.spark.job import mlflow_model, spark_session, tag_corpus

    folder.mkdir(parents=True)
    os.environ["SPARK_HOME"] = str(spark_home(folder / "spark"))
    for name, part in (("small", sentences[:100]), ("whole", sentences)):
        text = "".join(f"{' '.join(words)}\n" for words, _ in part)
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    size = (folder / "whole.txt").stat().st_size
    settings = {"spark.sql.files.maxPartitionBytes": str(-(-size // TASKS))}
    with mlflow_model(model) as packed, spark_session(f"local-cluster[{workers},1,{MEMORY}]", settings) as session:
        for name in ("small", "whole"):
            start = time.perf_counter()
            source, target = f"{folder}/{name}.txt", f"{folder}/{name}.parquet"
            tag_corpus(session, packed, source, target, ("text", "parquet"), overwrite=False)
            elapsed = time.perf_counter() - start
        start = time.perf_counter()
        rows = read_text(session, f"{folder}/whole.txt")
        rows.mapInArrow(lambda batches: batches, rows.schema).write.parquet(f"{folder}/nothing.parquet")
        nothing = time.perf_counter() - start
    tokens = count_tokens(sentences)
    return {"tagging": tokens / elapsed, "nothing": tokens / nothing}
