"""What an edit of code runs again: what decides bytes does, what watches does not."""

import json
from pathlib import Path

import pytest

from tests.conftest import Project, make_project

COMMENT = "\n# a comment\n"
WATCHING = [
    "stages/__main__.py",
    "stages/train.py",
    "tagger/runner/checkpoint.py",
    "tagger/tracking/delivery.py",
    "tagger/serving/app.py",
    "tagger/spark/job.py",
    "tagger/cli/commands.py",
]
LOSSES = ("nll", "cross_entropy")
TRAIN, EVALUATE = ([f"{stage}@{loss}-1" for loss in LOSSES] for stage in ("train", "evaluate"))
DECIDING = {  # a file -> the stages that depend on its folder
    "tagger/core/network/lstm_tagger.py": {"prepare", *TRAIN, *EVALUATE, "report", "export"},
    "tagger/core/versions.txt": {"prepare", *TRAIN, *EVALUATE, "report", "export"},
    "tagger/prepare/vector_file.py": {"prepare"},
    "tagger/train/trainer.py": {*TRAIN},
    "tagger/evaluate/metrics.py": {*EVALUATE, "report", "export"},
    "tagger/report/page/page.css": {"report"},
    "tagger/predict/tagging.py": {"export"},
    "tagger/export/model_card.py": {"export"},
}


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def test_a_comment_in_what_watches_leaves_every_stage_as_it_is(copy: Project) -> None:
    assert copy.changed_stages() == set()
    for file in WATCHING:
        append(copy.root / file, COMMENT)
    assert copy.changed_stages() == set()


def test_a_comment_in_what_decides_changes_the_stages_that_depend_on_its_folder(copy: Project) -> None:
    for file, stages in DECIDING.items():
        content = (copy.root / file).read_bytes()
        append(copy.root / file, COMMENT)
        assert copy.changed_stages() == stages, file
        (copy.root / file).write_bytes(content)


def test_what_editors_and_python_leave_in_a_folder_changes_nothing(copy: Project) -> None:
    for name in ("__pycache__/trainer.cpython-311.pyc", ".trainer.py.swp", "trainer.py~", "trainer.py.orig"):
        path = copy.root / "tagger/train" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x", encoding="utf-8")
    assert copy.changed_stages() == set()


def test_what_a_kill_leaves_in_a_folder_changes_nothing(copy: Project) -> None:
    for name in (".FyGdkBf02ee_-XPRo-L4ww.tmp", ".2.json.partial"):  # of DVC, of a stage
        (copy.root / "metrics/evaluate/nll" / name).write_text("x", encoding="utf-8")
    assert copy.changed_stages() == set()


def test_the_table_of_experiments_has_few_columns_of_dependencies(finished: Project) -> None:
    (workspace, *_) = json.loads(finished.run("dvc", "exp", "show", "--json"))
    assert len(workspace["data"]["deps"]) < 25


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_pipeline_without_tracking_writes_the_same_bytes_and_needs_no_mlflow(tmp_path: Path) -> None:
    """The licence for leaving tracking out of the dependencies."""
    outputs = ("data/prepared", "data/predictions", "models", "metrics")
    tracked, alone = make_project(tmp_path / "tracked"), make_project(tmp_path / "alone")
    tracked.run("dvc", "repro")
    (alone.root / "mlflow.py").write_text("raise ImportError('no MLflow here')\n", encoding="utf-8")
    alone.run("env", "TAGGER_TRACKING=off", "dvc", "repro")
    assert not (alone.root / "mlflow.db").exists()
    assert alone.contents(*outputs) == tracked.contents(*outputs)
    assert (alone.root / "dvc.lock").read_bytes() == (tracked.root / "dvc.lock").read_bytes()


@pytest.mark.parametrize("stage", ["train", "evaluate"])
def test_another_value_than_on_or_off_is_refused(copy: Project, stage: str) -> None:
    printed = copy.run("env", "TAGGER_TRACKING=no", "python", "-m", "stages", stage, "nll", "1", succeeds=False)
    assert printed.splitlines()[-1] == "error: TAGGER_TRACKING: got 'no', expected on or off"
