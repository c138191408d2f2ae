"""The champion at work in processes apart, as a cluster has them, also when one of them is killed.

Spark needs a Java that `pip` can't install. Without it these tests fail: `make check-slow` does not skip what was never
seen to work. Those of `make test` are skipped then, and its summary says so.
"""

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest

from bench.spark import spark_home
from tests.conftest import Project
from tests.spark.conftest import MISSING, NOT_RUN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

MASTER = "local-cluster[2,1,1024]"  # two workers of one core and a gigabyte each
LINES = 3000
BLOCKS = ("--conf", "spark.sql.files.maxPartitionBytes=8k")  # twenty tasks and more
LOCALHOST = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


@pytest.fixture(scope="module")
def sentences() -> list[str]:
    draw = random.Random(1)
    known = ["The", "dog", "ate", "book", "a", "cat", "on", "people", "said", "new", "in", ".", ",", "it", "was"]
    lines = [" ".join(draw.choices([*known, f"word{number}"], k=draw.randint(0, 20))) for number in range(LINES)]
    return [*lines, "last"]


@pytest.fixture(scope="module")
def expected(finished: Project, sentences: list[str]) -> list[dict[str, Any]]:
    """What `predict` says on one machine."""
    command = [sys.executable, "-m", "tagger", "predict", "--format", "json"]
    command += ["--model", "models:/lstm-tagger@champion"]
    text = "".join(f"{line}\n" for line in sentences)
    told = subprocess.run(command, cwd=finished.root, input=text, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in told.stdout.splitlines()]


@contextmanager
def tagging(project: Project, source: Path, target: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """Start the command as a user does, on workers in processes apart."""
    assert not MISSING, NOT_RUN
    environment = os.environ | {"SPARK_HOME": str(spark_home(target.parent / "spark"))}
    command = [sys.executable, "-m", "tagger", "tag-corpus", str(source), str(target), "--master", MASTER, *options]
    process = subprocess.Popen(
        command, cwd=project.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
        process.wait()


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """Run a master and a worker of Spark's own cluster; give the master's address. No worker can import torch."""
    assert not MISSING, NOT_RUN
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"spark://127.0.0.1:{free.getsockname()[1]}"
    (folder / "python").mkdir(parents=True)
    (folder / "python/torch.py").write_text("raise ModuleNotFoundError('no torch here')", encoding="utf-8")
    home = spark_home(folder / "spark")
    environment = os.environ | {
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": str(folder / "python"),
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    own = ["--host", "127.0.0.1", "--webui-port", "0"]
    commands = [
        ["master.Master", *own, "--port", address.rpartition(":")[2]],
        ["worker.Worker", *own, "--cores", "2", "--memory", "2g", "--work-dir", str(folder / "work"), address],
    ]
    processes = [
        subprocess.Popen(
            [str(home / "bin/spark-class"), f"org.apache.spark.deploy.{name}", *arguments],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name, *arguments in commands
    ]
    try:
        yield address
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)


def finish(process: "subprocess.Popen[str]") -> str:
    told, errors = process.communicate()
    assert process.returncode == 0, errors
    assert "\tat " not in errors
    assert "WARNING mlflow" not in errors
    return told


def read(folder: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for path in folder.glob("part-*") for line in path.read_text("utf-8").splitlines()]
    return sorted(rows, key=lambda row: int(row["line"]))


def compare(rows: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    for row, own in zip(rows, expected, strict=True):
        assert (row["words"], row["tags"]) == (own["words"], own["tags"])
        assert row["probabilities"] == pytest.approx(own["probabilities"], abs=3e-6)


def executors(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    return _running(process, "CoarseGrainedExecutorBackend")


def python_workers(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """Return those that tag: each was forked by the daemon of an executor."""
    daemons = _running(process, "pyspark.daemon")
    return [each for each in daemons if (parent := each.parent()) and parent in daemons]


def _running(process: "subprocess.Popen[str]", part: str) -> list[psutil.Process]:
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            if part in " ".join(child.cmdline()):
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


def wait_for_tasks(process: "subprocess.Popen[str]", target: Path, amount: int) -> None:
    while len(list(target.glob("_temporary/0/task_*"))) < amount:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, sentences: list[str]) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    path.write_text("".join(f"{line}\n" for line in sentences), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def undisturbed(
    finished: Project, source: Path, expected: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, Any]]:
    """The output of two workers; on the way it is seen that nothing of it can be reached from elsewhere."""
    target = tmp_path_factory.mktemp("undisturbed") / "tagged.json"
    with tagging(finished, source, target, *BLOCKS) as process:
        wait_for_tasks(process, target, 1)
        assert len(executors(process)) == 2
        open_ports = [
            connection.laddr.ip
            for each in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            for connection in each.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        ]
        told = finish(process)
    assert open_ports
    assert set(open_ports) <= LOCALHOST
    words = sum(len(row["words"]) for row in expected)
    assert told == f"{target}: {len(expected):,} sentences, {words:,} words\n"
    return read(target)


def test_two_workers_tag_every_row_as_one_machine_does(
    undisturbed: list[dict[str, Any]], expected: list[dict[str, Any]]
) -> None:
    assert [row["line"] for row in undisturbed] == list(range(1, len(expected) + 1))
    compare(undisturbed, expected)


@pytest.mark.parametrize("whom", ["executor", "python worker"])
def test_a_worker_that_is_killed_changes_nothing(
    finished: Project, source: Path, undisturbed: list[dict[str, Any]], tmp_path: Path, whom: str
) -> None:
    target = tmp_path / "tagged.json"
    find = executors if whom == "executor" else python_workers
    with tagging(finished, source, target, *BLOCKS) as process:
        wait_for_tasks(process, target, 3)
        victim = find(process)[0]
        before = {each.pid for each in find(process)}
        victim.kill()
        assert not (target / "_SUCCESS").exists()
        assert len(list(target.glob("_temporary/0/task_*"))) < 15  # of more than twenty
        while process.poll() is None and not {each.pid for each in find(process)} - before:
            time.sleep(0.05)
        assert process.poll() is None, "it ended before a new worker took the place of the killed one"
        finish(process)
    assert read(target) == undisturbed


def test_two_workers_tag_a_table(
    finished: Project, sentences: list[str], expected: list[dict[str, Any]], tmp_path: Path
) -> None:
    table = pd.DataFrame({"line": range(len(sentences)), "sentence": [line.split() for line in sentences]})
    table.to_parquet(tmp_path / "corpus.parquet", row_group_size=500)
    target = tmp_path / "tagged.parquet"
    with tagging(
        finished, tmp_path / "corpus.parquet", target, "--conf", "spark.sql.files.maxPartitionBytes=10k"
    ) as run:
        finish(run)
    rows = pd.read_parquet(target).sort_values("line")
    assert list(rows["line"]) == list(range(len(sentences)))
    columns = ("words", "tags", "probabilities")
    cells = zip(*(rows[name] for name in columns), strict=True)
    compare([{name: list(cell) for name, cell in zip(columns, row, strict=True)} for row in cells], expected)


def test_a_cluster_of_spark_s_own_tags_every_row_without_torch(
    finished: Project, source: Path, expected: list[dict[str, Any]], tmp_path: Path
) -> None:
    target = tmp_path / "tagged.json"
    options = ("--conf", "spark.cores.max=2", "--conf", "spark.executor.memory=1g", *BLOCKS)
    with (
        cluster(tmp_path / "cluster") as master,
        tagging(finished, source, target, "--master", master, *options) as run,
    ):
        finish(run)
    compare(read(target), expected)
