"""A hundred queued experiments on the starter corpus: nothing stays behind. Half an hour in full: `EXPERIMENTS=100`."""

import os
import time
from pathlib import Path

import psutil
import pytest

from tests.conftest import Project, copy_files
from tests.stores import store_of

WORKERS = 2
EXPERIMENTS = int(os.environ.get("EXPERIMENTS", "10"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300 + 120 * EXPERIMENTS),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]


def processes_in(root: Path) -> list[str]:
    """Return the command lines of the processes that work in a folder."""
    found = []
    for each in psutil.process_iter():
        try:
            if Path(each.cwd()).is_relative_to(root):
                found.append(" ".join(each.cmdline()))
        except psutil.Error:  # it has ended, or is another user's
            continue
    return found


def size(*folders: Path) -> float:
    """Return the megabytes of all files in the folders, each file counted once however many links it has."""
    files = {(stat.st_dev, stat.st_ino): stat.st_size for folder in folders for stat in stats(folder)}
    return sum(files.values()) / 1e6


def stats(folder: Path) -> list[os.stat_result]:
    """Return what the file system knows of each file in a folder, or of a single file."""
    return [each.lstat() for each in (folder, *folder.rglob("*")) if each.is_file()]


def wait_for_queue(project: Project) -> str:
    """Wait until the queue has run everything and its workers have ended; return its last status."""
    while True:
        status = project.run("dvc", "queue", "status")
        if "Queued" not in status and "Running" not in status and not processes_in(project.root):
            return status
        time.sleep(5)


def test_many_experiments_leave_nothing_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = Project(tmp_path / "project")
    copy_files(project.root)
    project.edit("params.yaml", "epochs: 12", "epochs: 1")
    project.edit("params.yaml", "- nll\n", "")
    project.commit("start")
    for seed in range(1, EXPERIMENTS + 1):
        project.run("dvc", "exp", "run", "--queue", "--name", f"queued-{seed}", "-S", f"seeds=[{seed}]")
    temporary = tmp_path / "tmp"  # of all that the experiments start
    temporary.mkdir()
    start = time.monotonic()
    project.run("env", f"TMPDIR={temporary}", "sh", "-c", f"dvc queue start --jobs {WORKERS} > /dev/null 2>&1")
    status = wait_for_queue(project)
    minutes = (time.monotonic() - start) / 60
    assert status.count("Success") == EXPERIMENTS
    store = store_of(project)
    assert {run.info.run_name for run in store.groups()} == {f"queued-{seed}" for seed in range(1, EXPERIMENTS + 1)}
    assert len(store.runs()) == EXPERIMENTS
    assert {run.info.status for run in (*store.runs(), *store.groups())} == {"FINISHED"}
    kept = project.root / ".dvc/tmp/lstm-tagger"
    checkpoints = kept / "checkpoints"  # the next training removes the last one of each worker
    assert len(list(checkpoints.iterdir())) <= WORKERS
    left = [path for path in (*kept.rglob("*"), *temporary.rglob("*")) if path.is_file()]
    with capsys.disabled():
        places = {"cache": ".dvc/cache", "MLflow": "mlruns", "database": "mlflow.db", "DVC's": ".dvc/tmp"}
        used = ", ".join(f"{name} {size(project.root / place):.0f} MB" for name, place in places.items())
        print(f"\n{EXPERIMENTS} experiments in {minutes:.0f} minutes: {used}")
    assert [path for path in left if not path.is_relative_to(checkpoints)] == []
