"""Spark as it is here, a small model, and the command in this process: its JVM starts once."""

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.samples import save_model

MISSING = " and ".join(
    name
    for name, there in (("java", shutil.which("java")), ("pyspark", importlib.util.find_spec("pyspark")))
    if not there
)
NOT_RUN = f"nothing was tagged on Spark: no {MISSING}"
needs_spark = pytest.mark.skipif(bool(MISSING), reason=NOT_RUN)

Command = Callable[..., Result]


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """Put back what Spark and MLflow are told by the environment."""
    before = dict(os.environ)
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "nll"
    save_model(folder)
    return folder


@pytest.fixture
def tag(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs the command on one core, with paths below an empty folder: the JVM stays in the folder of its start."""
    from tagger.cli.commands import main

    if not MISSING:  # connecting anew would start Python's workers anew: seconds for each test
        monkeypatch.setattr("pyspark.sql.SparkSession.stop", lambda session: None)
    monkeypatch.chdir(tmp_path)

    def run(source: str, target: str, *options: str) -> Result:
        arguments = [
            "tag-corpus",
            str(tmp_path / source),
            str(tmp_path / target),
            "--model",
            str(model),
            "--master",
            "local[1]",
            *options,
            "--conf",
            "spark.sql.shuffle.partitions=1",
        ]
        return CliRunner().invoke(main, arguments)

    return run
