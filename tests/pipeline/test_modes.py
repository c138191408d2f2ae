"""Every way of running DVC reaches the store of the main workspace. With real workers: minutes."""

import time
from pathlib import Path

import pytest

from tests.conftest import Project, make_project
from tests.stores import check_complete, store_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1500),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]


def test_queued_and_temporary_experiments_reach_a_cold_store_at_once(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    for seed in range(1, 7):
        project.run("dvc", "exp", "run", "--queue", "--name", f"queued-{seed}", "-S", f"seeds=[{seed}]")
    start_workers(project, 4)
    project.run("dvc", "exp", "run", "--temp", "--name", "temporary", "-S", "seeds=[7]")
    names = {*(f"queued-{seed}" for seed in range(1, 7)), "temporary"}
    check_experiments(project, names)
    # Once more, now that the store is there; and in the workspace, where the exported model becomes the champion.
    project.run("dvc", "exp", "run", "--queue", "--name", "queued-8", "-S", "seeds=[8]")
    start_workers(project, 1)
    project.run("dvc", "exp", "run", "--name", "workspace", "-S", "seeds=[9]")
    check_experiments(project, names | {"queued-8", "workspace"})
    champion = store_of(project).client.get_model_version_by_alias("lstm-tagger", "champion")
    assert store_of(project).client.get_run(champion.run_id).info.run_name.startswith("workspace/")


def start_workers(project: Project, jobs: int) -> None:
    """Start the queue. Workers outlive the command, and would keep its pipe open."""
    project.run("sh", "-c", f"dvc queue start --jobs {jobs} > /dev/null 2>&1")


def check_experiments(project: Project, names: set[str]) -> None:
    """Wait for the queue, then assert that each experiment is a group of two complete runs."""
    while True:
        status = project.run("dvc", "queue", "status")
        if "Queued" not in status and "Running" not in status:
            break
        time.sleep(2)
    assert "Failed" not in status
    store = store_of(project)
    baseline = project.run("git", "rev-parse", "HEAD").strip()
    runs, groups = store.runs(), store.groups()
    assert {group.info.run_name for group in groups} == names
    assert len(groups) == len(names)
    assert {run.info.run_name for run in runs} == {
        f"{name}/{loss}" for name in names for loss in ("nll", "cross_entropy")
    }
    assert len(runs) == 2 * len(names)
    parents = {group.info.run_id: group for group in groups}
    for run in runs:
        parent = parents[run.data.tags["mlflow.parentRunId"]]
        assert run.info.run_name.startswith(f"{parent.info.run_name}/")
        assert run.data.tags["dvc.experiment"] == parent.info.run_name
        assert run.data.tags["dvc.baseline"] == parent.data.tags["dvc.baseline"] == baseline
        assert parent.data.metrics[f"test accuracy/{run.data.tags['loss']}"] == run.data.metrics["test/accuracy"]
    check_complete(store, runs, epochs=3)
    assert {group.info.status for group in groups} == {"FINISHED"}


def test_mlflow_ui_may_be_started_first(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    settings = ("env", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false")
    with project.start(*settings, "mlflow", "ui", "--workers", "1", "--port", "5763") as ui:
        assert ui.stdout is not None
        assert any("Application startup complete" in line for line in ui.stdout)
        try:
            project.run("dvc", "exp", "run", "--temp", "--name", "temporary")
        finally:
            ui.terminate()
            ui.communicate()
    check_experiments(project, {"temporary"})


def test_a_relative_database_of_the_environment_means_the_main_workspace(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    project.run("env", "MLFLOW_TRACKING_URI=sqlite:///mlflow.db", "dvc", "exp", "run", "--temp", "--name", "temporary")
    check_experiments(project, {"temporary"})
