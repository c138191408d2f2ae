"""The runs in `recorded/` are whole, and tests read them, never what users edit and run."""

import hashlib
import shutil
from pathlib import Path

import pytest

from tagger.core.losses.definitions import LOSSES
from tagger.core.params.reader import flatten, read_document
from tagger.runner.dvc_lock import read_lock_file
from tests.conftest import PARAMS, RECORDED, ROOT, USERS, Project, copy_files

RUNS = {"starter": (["nll", "cross_entropy"], [1]), "five-losses": ([*LOSSES], [1, 2, 3, 4, 5])}  # losses, seeds
# Files of tests that read params or results, and those that run the pipeline in a copy of the project.
SENSITIVE = (
    "test_contributing.py",
    "test_docs.py",
    "bench/test_pipeline.py",
    "cli/test_commands.py",
    "core/params",
    "pipeline/test_pipeline.py",
    "runner",
    "tracking/test_record.py",
)


@pytest.mark.parametrize("run", RUNS)
def test_a_recorded_file_is_what_the_recorded_lock_names(run: str) -> None:
    files = {path.relative_to(RECORDED / run).as_posix(): path for path in (RECORDED / run).rglob("*.json")}
    outs = {name: md5 for stage in read_lock_file(RECORDED / run).values() for name, md5 in stage.outs.items()}
    assert files
    for name, path in files.items():
        assert hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() == outs[name], path


@pytest.mark.parametrize("run", RUNS)
def test_a_recorded_run_has_the_default_params_and_its_losses_and_seeds(run: str) -> None:
    losses, seeds = RUNS[run]
    settings = flatten(read_document(PARAMS)[0]) | {"losses": losses, "seeds": seeds}
    assert flatten(read_document(RECORDED / run / "params.yaml")[0]) == settings
    stages = read_lock_file(RECORDED / run)
    for stage in stages.values():
        assert flatten(stage.params).items() <= settings.items()
    assert {name for name in stages if name.startswith("train@")} == {
        f"train@{loss}-{seed}" for loss in losses for seed in seeds
    }


@pytest.mark.parametrize("name", USERS)
def test_a_test_that_opens_what_users_change_fails(name: str) -> None:
    with pytest.raises(pytest.fail.Exception, match="users change it"):
        (ROOT / name).open()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_tests_pass_whatever_is_edited_and_run(tmp_path: Path) -> None:
    project = Project(tmp_path / "clone")
    copy_files(project.root, left_out=())
    results = [
        f"{folder}/nll.json" for folder in ("metrics/evaluate/nll", "models/nll/1", "data/prepared/train", ".dvc/tmp")
    ]
    for name in ("params.yaml", "dvc.lock", "mlflow.db", "metrics/losses.json", "metrics/compare.json", *results):
        (project.root / name).parent.mkdir(parents=True, exist_ok=True)
        (project.root / name).write_text("the user's\n", encoding="utf-8")
    (project.root / ".dvc/config").write_text("[core]\n    remote = storage\n", encoding="utf-8")
    project.commit("the user's results")
    shutil.rmtree(project.root / "metrics/evaluate")
    project.run("pytest", "-q", "-m", "not slow", *(f"tests/{name}" for name in SENSITIVE))
