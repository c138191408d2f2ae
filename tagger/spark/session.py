"""A connection to Spark, whose errors become one line."""

import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from tagger.core.common.errors import InputError

OLDEST_JAVA = 17
LOG_SETTINGS = Path(__file__).parent / "log4j2.properties"
SETTINGS = {
    "spark.app.name": "lstm-tagger",
    "spark.ui.enabled": "false",
    "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={LOG_SETTINGS.as_uri()}",
    "spark.sql.files.maxPartitionBytes": "16m",  # of a task: about a minute, the cost of losing a worker
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2048",  # sentences per call of a worker
}
LOCALHOST = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}


@contextmanager
def spark_session(master: str, settings: Mapping[str, str]) -> Iterator[SparkSession]:
    """Connect to Spark for the block.

    With a local master, only this machine can reach Spark's ports, and the workers run this Python.

    Args:
        master: as for spark-submit.
        settings: of Spark; they override those above.

    Raises:
        InputError: there is no suitable Java, or Spark does not start or fails within the block.
    """
    _check_java()
    own = SETTINGS | {"spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower()}
    if master.startswith("local"):
        own |= LOCALHOST
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
