"""What a kill, a cache or a fresh clone took from MLflow or from a training comes back."""

import contextlib
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tagger.cli.commands import main
from tagger.predict.mlflow_store import StoreAwayError
from tagger.tracking.sync import sync
from tests.conftest import Project, own_environment
from tests.processes import kill
from tests.stores import check_complete, store_of

# MLflow's own code uses what its libraries deprecate.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
LOSSES = {"nll", "cross_entropy"}
TRAINED = ("models/nll/1", "metrics/history", "metrics/train")


def wait_for(process: "subprocess.Popen[str]", text: str) -> None:
    """Read what a process prints up to a text."""
    assert process.stdout is not None
    assert any(text in line for line in process.stdout)


def undisturbed_training(tracked: Project, database: Path, root: Path, epochs: int) -> Project:
    """Set the number of epochs, and train in a copy of the project that nobody disturbs."""
    tracked.edit("params.yaml", "epochs: 3", f"epochs: {epochs}")
    undisturbed = tracked.copy_to(root)
    shutil.copyfile(database, undisturbed.root / "mlflow.db")
    undisturbed.run_here("train", "nll", "1")
    undisturbed.run("dvc", "commit", "--force", "train@nll-1")
    return undisturbed


def check_undisturbed(project: Project, undisturbed: Project, epochs: int) -> None:
    """Make sure that a training has ended in the same bytes, and in one complete run."""
    assert project.contents(*TRAINED) == undisturbed.contents(*TRAINED)
    assert (project.root / "dvc.lock").read_bytes() == (undisturbed.root / "dvc.lock").read_bytes()
    store = store_of(project)
    (run,) = store.runs()
    assert run.info.status == "FINISHED"
    assert store.steps(run, "dev_accuracy") == list(range(1, epochs + 1))
    assert (store.models(run), store.versions()) == (["nll-trained"], [])


# Going on is also seen in test_trainer.py and test_training_run.py, and rebuilding in test_sync.py.
@pytest.mark.slow
def test_a_training_that_was_killed_goes_on_to_the_same_bytes_in_the_same_run(
    tracked: Project, database: Path, tmp_path: Path
) -> None:
    undisturbed = undisturbed_training(tracked, database, tmp_path / "undisturbed", 30)
    with tracked.start("env", "TAGGER_PROCESSES=2", "dvc", "repro", "train@nll-1") as dvc:
        wait_for(dvc, "nll-1 epoch 10/30")
        kill(dvc, "stage")
        dvc.communicate()
    assert store_of(tracked).runs()[0].info.status == "RUNNING"
    printed = tracked.run("dvc", "repro", "train@nll-1")
    assert re.search(r"nll-1: resumed after epoch \d\d of 30", printed)
    check_undisturbed(tracked, undisturbed, 30)


@pytest.mark.slow
def test_a_stage_whose_dvc_was_killed_is_waited_for(tracked: Project, database: Path, tmp_path: Path) -> None:
    undisturbed = undisturbed_training(tracked, database, tmp_path / "undisturbed", 120)
    with tracked.start("env", "TAGGER_PROCESSES=2", "dvc", "repro", "train@nll-1") as dvc:
        wait_for(dvc, "nll-1 epoch 20/120")
        kill(dvc, "stage")
        dvc.communicate()
    with tracked.start("dvc", "repro", "train@nll-1") as dvc:
        wait_for(dvc, "nll-1 epoch 40/120")
        kill(dvc, "dvc")  # the stage lives on
        dvc.wait()
        printed = tracked.run("dvc", "repro", "train@nll-1")
        dvc.communicate()
    assert re.search(r"waiting for process \d+: train@nll-1 in ", printed)
    assert "nll-1: resumed after epoch 120 of 120" in printed
    check_undisturbed(tracked, undisturbed, 120)


@pytest.mark.slow
def test_a_forced_training_starts_from_nothing(copy: Project) -> None:
    for _ in range(2):
        printed = copy.run("dvc", "repro", "--force", "--single-item", "train@nll-1")
        assert "nll-1 epoch 1/3" in printed
    assert len(store_of(copy).runs()) == 2
    assert len(store_of(copy).groups()) == 2


@pytest.mark.slow
def test_a_run_left_by_a_dead_process_is_closed(copy: Project) -> None:
    copy.edit("params.yaml", "epochs: 3", "epochs: 100000")
    with copy.start("dvc", "repro", "train@nll-1") as dvc:
        wait_for(dvc, "nll-1 epoch 2/100000")
        assert copy.run("python", "-m", "tagger", "sync").count("closed") == 0
        kill(dvc, "stage")
        dvc.communicate()
    copy.run("git", "checkout", "params.yaml")
    copy.run("dvc", "checkout")
    assert "closed nll, whose process is dead" in copy.run("python", "-m", "tagger", "sync")
    assert "KILLED" in {run.info.status for run in store_of(copy).runs()}


@pytest.mark.slow
def test_runs_that_the_run_cache_left_out_are_rebuilt_once(copy: Project, database: Path) -> None:
    for place in ("dvc.lock", "models", "data/predictions", "metrics"):
        path = copy.root / place
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    printed = copy.run("dvc", "repro", "evaluate")
    for stage in ("train", "evaluate"):
        for loss in LOSSES:
            assert f"'{stage}@{loss}-1' is cached - skipping run" in printed
    assert not (copy.root / "mlflow.db").exists()
    shutil.copyfile(database, copy.root / "mlflow.db")
    copy.edit("params.yaml", "learning_rate: 0.007", "learning_rate: 0.001")  # edited, not run
    printed = copy.run("python", "-m", "tagger", "sync")
    assert "restored nll" in printed
    assert "restored cross_entropy" in printed
    with own_environment(), contextlib.chdir(copy.root):
        assert list(sync()) == []
    store = store_of(copy)
    runs = store.runs()
    assert {run.data.tags["loss"] for run in runs} == LOSSES
    assert {run.data.tags["restored"] for run in runs} == {"true"}
    assert {run.data.params["train.learning_rate"] for run in runs} == {"0.007"}
    check_complete(store, runs, epochs=3)
    assert len(store.groups()) == 1


def test_a_fresh_clone_shows_the_comparison_after_dvc_pull(
    copy: Project, database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy.run("dvc", "remote", "add", "--default", "storage", str(tmp_path / "remote"))
    copy.run("dvc", "push")
    copy.commit("remote")
    clone = Project(tmp_path / "clone")
    copy.run("git", "clone", "--quiet", ".", str(clone.root))
    clone.run("dvc", "pull")
    shutil.copyfile(database, clone.root / "mlflow.db")
    with own_environment(), contextlib.chdir(clone.root):
        assert list(sync()) == ["restored nll", "restored cross_entropy"]
    store = store_of(clone)
    runs = store.runs()
    assert {run.data.tags["loss"] for run in runs} == LOSSES
    check_complete(store, runs, epochs=3)
    champion = store.client.get_model_version_by_alias("lstm-tagger", "champion")
    assert {run.info.run_id: run.data.tags["loss"] for run in runs}[champion.run_id] == "nll"
    with own_environment(), contextlib.chdir(clone.root):
        main(["compare", "--sort", "loss", "--ascending"], standalone_mode=False)
    table = capsys.readouterr().out.partition("\n\nIn MLflow")[0]
    assert [line.split()[:3] for line in table.splitlines()[-2:]] == [
        ["cross_entropy", "FINISHED", "cross_entropy"],
        ["nll", "FINISHED", "nll"],
    ]


def test_a_store_that_is_away_is_told_before_training(copy: Project, capsys: pytest.CaptureFixture[str]) -> None:
    before = copy.contents("models", "metrics")
    copy.edit("params.yaml", "learning_rate: 0.007", "learning_rate: 0.001")
    start = time.monotonic()
    with pytest.raises(StoreAwayError) as caught:
        copy.run_here("train", "nll", "1", uri="http://127.0.0.1:9")
    assert time.monotonic() - start < 60
    said = "MLflow: http://127.0.0.1:9 does not answer or refuses writes: [Errno 111] Connection"
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)
    assert "epoch 1" not in "".join(capsys.readouterr())
    assert copy.contents("models", "metrics") == before


@pytest.mark.slow
def test_a_store_that_is_away_ends_the_pipeline_in_one_line(copy: Project) -> None:
    before = copy.contents("models", "metrics")
    copy.edit("params.yaml", "- 1\n", "- 2\n")
    start = time.monotonic()
    printed = copy.run("env", "MLFLOW_TRACKING_URI=http://127.0.0.1:9", "dvc", "repro", succeeds=False)
    assert time.monotonic() - start < 60
    assert "error: MLflow: http://127.0.0.1:9 does not answer or refuses writes: [Errno 111] Connection" in printed
    assert "epoch 1" not in printed
    assert "Traceback" not in printed
    assert copy.contents("models", "metrics") == before
