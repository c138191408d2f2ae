"""What a stage read and wrote is what DVC finds when it ends, or the stage fails."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tagger.core.common.errors import InputError
from tagger.runner.stage_files import StageFiles
from tests.conftest import ROOT, Project, copy_files

CODE = "tagger/train/trainer.py"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The project without data/prepared, which `train` would read."""
    copy_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


def write(name: str, text: str = "x") -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda: write(CODE), f"{CODE}: has changed while train@nll-1 ran"),
        (lambda: Path(CODE).unlink(), f"{CODE}: has changed"),
        (lambda: write("tagger/core/new.py"), "tagger/core/new.py: has changed"),
        (lambda: write("data/prepared/dev/tokens.npy"), "data/prepared/dev/tokens.npy: has changed"),
        (lambda: shutil.rmtree("data/prepared/dev"), "data/prepared/dev/form.npy: has changed"),
    ],
)
def test_a_change_of_what_a_stage_depends_on_is_named(
    project: Project, change: Callable[[], object], said: str
) -> None:
    write("data/prepared/dev/form.npy")
    files = StageFiles("train", "nll", "1")
    files.check()
    change()
    for check in (files.check, files.note_outputs):
        with pytest.raises(InputError, match=said):
            check()


def test_code_that_changes_while_the_other_files_are_noted_is_named(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagger.core.params.reader.read_params", lambda _: write(CODE))
    files = StageFiles("train", "nll", "1")
    with pytest.raises(InputError, match=f"{CODE}: has changed while train@nll-1 ran"):
        files.check()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("epochs: 12", "epochs: 13", r"params.yaml: train.epochs \(was 12, is 13\) has changed"),
        (
            "- 0.9\n  - 0.9",
            "- 0.9\n  - 0.8",
            r"params.yaml: train.adam_betas \(was \[0.9, 0.9\], is \[0.9, 0.8\]\) has changed",
        ),
        ("device: auto ", "device: cpu ", r"params.yaml: device \(was auto, is cpu\) has changed"),
        ("device: auto ", "device: [", "params.yaml:.*not YAML"),
    ],
)
def test_a_change_of_its_params_is_named(project: Project, old: str, new: str, said: str) -> None:
    files = StageFiles("train", "nll", "1")
    project.edit("params.yaml", old, new)
    with pytest.raises(InputError, match=said):
        files.check()


def test_what_a_stage_does_not_depend_on_may_change(project: Project) -> None:
    files = StageFiles("train", "nll", "1")
    project.edit("params.yaml", "max_drop: 0 ", "max_drop: 1 ")
    for name in ("tagger/tracking/runs.py", "data/prepared/test/x.npy", "tagger/core/.x.py.partial", "dvc.lock"):
        write(name)
    write("tagger/core/__pycache__/x.pyc")
    files.check()


def test_what_is_written_anew_with_the_same_content_has_not_changed(project: Project) -> None:
    files = StageFiles("prepare")
    for name in ("data/raw/train.csv", "params.yaml", "tagger/prepare/survey.py"):
        shutil.copyfile(name, "copy")
        Path("copy").replace(name)
    files.check()


def test_the_files_that_params_name_are_noted(project: Project) -> None:
    project.edit("params.yaml", "dev: data/raw/dev.csv", "dev: other.csv")
    write("other.csv")
    files = StageFiles("prepare")
    write("data/raw/dev.csv")
    files.check()
    write("other.csv", "y")
    with pytest.raises(InputError, match=r"other.csv: has changed while prepare ran"):
        files.check()


@pytest.mark.parametrize("name", ["models/nll/1/config.json", "metrics/train/nll/1.json"])
def test_outputs_are_held_once_they_are_written(project: Project, name: str) -> None:
    write(name)
    files = StageFiles("train", "nll", "1")
    write(name, "written by the stage")
    files.note_outputs()
    files.check()
    write("models/nll/2/config.json")  # of another stage
    files.check()
    write(name, "edited")
    with pytest.raises(InputError, match=f"{name}: has changed"):
        files.check()


def test_the_code_is_noted_before_it_is_imported() -> None:
    code = "import sys, stages.__main__; print(*(name for name in sys.modules if name.startswith('tagger.core')))"
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert printed.stdout.split() == ["tagger.core", "tagger.core.common", "tagger.core.common.errors"]
