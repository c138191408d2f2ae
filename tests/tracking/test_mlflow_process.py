"""The process that logs to MLflow for a stage: it answers, it may die, and it never outlives the stage."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tagger.core.params.schema import Training
from tagger.predict.mlflow_store import StoreAwayError
from tagger.tracking import mlflow_process
from tagger.tracking.delivery import deliver_waiting
from tagger.tracking.mlflow_process import MlflowProcess, ask, is_on, start
from tagger.tracking.outbox import deliver_or_keep, find_waiting
from tagger.tracking.store import Store
from tagger.tracking.training_run import TrainingRun
from tagger.train.trainer import Epoch
from tests.conftest import ROOT
from tests.tracking.samples import evaluated_record, runs_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
# A stage that has started the process, says which one it is, and waits.
STAGE = """
import psutil, time
from tagger.tracking.mlflow_process import start
start()
print(psutil.Process().children()[0].pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def started(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[psutil.Process]:
    """The process, started as a stage does in the folder of the store."""
    processes: list[MlflowProcess] = []
    monkeypatch.setattr(mlflow_process, "_started", processes)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    start()
    yield psutil.Process(processes[0]._process.pid)
    with processes[0]._process as process:
        process.kill()


def test_it_delivers_and_tells_of_a_store_that_is_away_and_of_its_death(
    store: Store, started: psutil.Process, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver_or_keep(evaluated_record("nll", "a"))
    (run,) = runs_of(store)
    assert run.info.status == "FINISHED"

    process = mlflow_process._started[0]
    connection = process._connection

    class Interrupted:
        send = staticmethod(connection.send)

        def recv(self) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(process, "_connection", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        ask("deliver", evaluated_record("nll", "a"))
    monkeypatch.setattr(process, "_connection", connection)
    assert "compareRunsMode" in ask("links", [("nll", run.data.tags["model.sha256"])])  # not the answer before

    Path("mlflow.db").rename("mlflow.db.away")
    Path("mlflow.db").write_text("no database", encoding="utf-8")
    with pytest.raises(StoreAwayError, match="file is not a database"):
        ask("open_training", evaluated_record("nll", "b"))
    Path("mlflow.db.away").replace("mlflow.db")

    started.kill()
    deliver_or_keep(evaluated_record("cross_entropy", "c"))
    assert capsys.readouterr().err.startswith(
        "warning: MLflow: the process that logs to it has died; the record is kept"
    )
    assert [record.loss for _, record in find_waiting()] == ["cross_entropy"]
    assert deliver_waiting(store) == 1
    assert {run.data.tags["loss"] for run in runs_of(store)} == {"nll", "cross_entropy"}


def test_a_training_goes_on_without_it_and_loses_no_epoch(
    store: Store, started: psutil.Process, capsys: pytest.CaptureFixture[str]
) -> None:
    with TrainingRun(Training("nll", 1), "a", "lock", []) as training:
        training.log_epoch(Epoch(1, 0.01, 1.0, 2.0, 0.5, 1.5, 1000.0, 1_700_000_000_001))
        assert [run.info.status for run in runs_of(store)] == ["RUNNING"]
        started.kill()
        training._written = 0.0
        training.log_epoch(Epoch(2, 0.01, 0.5, 1.0, 0.5, 1.5, 1000.0, 1_700_000_000_002))
        training.finish()
    lost, kept = capsys.readouterr().err.splitlines()
    assert "has died; training continues" in lost
    assert "has died; the record is kept" in kept
    assert deliver_waiting(store) == 1
    (run,) = runs_of(store)
    assert (run.info.status, run.info.end_time) == ("FINISHED", 1_700_000_000_002)
    assert [point.step for point in store.client.get_metric_history(run.info.run_id, "dev/loss")] == [1, 2]


def test_it_ends_as_soon_as_the_stage_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", STAGE], cwd=ROOT, stdout=subprocess.PIPE, text=True) as stage:
        assert stage.stdout is not None
        child = psutil.Process(int(stage.stdout.readline()))
        time.sleep(0.3)  # it has begun to import
        assert child.is_running()
        stage.kill()
        assert not psutil.wait_procs([child], timeout=5)[1]


def test_only_the_first_process_of_a_tracked_training_starts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlflow_process, "MlflowProcess", lambda: pytest.fail("started"))
    monkeypatch.setenv("TAGGER_TRACKING", "off")
    assert not is_on()
    start()
    monkeypatch.setenv("TAGGER_TRACKING", "on")
    monkeypatch.setenv("RANK", "1")
    start()
