"""What `dvc.lock` records is compared with the disk by the hashes that DVC itself gives."""

import hashlib
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from tagger.core.common.errors import InputError
from tagger.runner.dvc_lock import IN_USE, UNRECORDED, LockedStage, dvc_process, md5, read_lock_file
from tests.conftest import RECORDED, ROOT, Project

OUTS = {
    "prepare": [
        *(f"data/prepared/{name}" for name in ("dev", "dictionaries", "test", "train", "vectors")),
        "metrics/prepare.json",
    ],
    "train@nll-1": ["metrics/history/nll/1.csv", "metrics/train/nll/1.json", "models/nll/1"],
    "evaluate@nll-1": [
        "data/predictions/nll/1.parquet",
        "metrics/detail/nll/1.json",
        "metrics/evaluate/nll/1.json",
        "metrics/tags/nll/1.csv",
    ],
    "report": [
        *(f"metrics/{name}" for name in ("compare.json", "losses.json", "plots", "report.html", "results.json")),
    ],
    "export": ["models/export"],
}


@pytest.fixture
def outputs(finished: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The outputs and the lock file that real DVC has left, to change."""
    for name in ("data", "metrics", "models"):
        shutil.copytree(finished.root / name, tmp_path / name)
    for name in ("dvc.lock", "params.yaml"):
        shutil.copyfile(finished.root / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def only(locked: LockedStage, out: str) -> LockedStage:
    """Return the stage as if this were its only output."""
    return locked._replace(outs={out: locked.outs[out]})


def test_every_stage_wrote_what_dvc_recorded(outputs: Path) -> None:
    stages = read_lock_file()
    assert set(stages) == {*OUTS, "train@cross_entropy-1", "evaluate@cross_entropy-1"}
    for name, outs in OUTS.items():
        assert sorted(stages[name].outs) == outs
    for stage in stages.values():
        assert stage.wrote()
        assert stage.read(*(Path(dep) for dep in stage.deps if dep.startswith(("data/p", "models"))))


def test_a_dependency_of_which_a_byte_changed_is_not_what_was_read(outputs: Path) -> None:
    locked = read_lock_file()["evaluate@nll-1"]
    assert locked.read(Path("data/prepared/test"), Path("models/nll/1"))
    assert not locked.read(Path("data/prepared/dev"))
    (outputs / "data/prepared/test/tag_names.json").write_text("[]", encoding="utf-8")
    assert not locked.read(Path("data/prepared/test"), Path("models/nll/1"))
    assert locked.read(Path("models/nll/1"))


@pytest.mark.parametrize(("stage", "out"), [(stage, out) for stage, outs in OUTS.items() for out in outs])
def test_an_output_of_which_a_byte_changed_is_not_what_was_written(outputs: Path, stage: str, out: str) -> None:
    locked = read_lock_file()[stage]
    path = outputs / out
    file = path if path.is_file() else max(path.iterdir())
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.unlink()
    file.write_bytes(content)
    assert not only(locked, out).wrote()
    assert not locked.wrote()
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert locked.wrote()


def test_a_folder_with_a_file_more_or_less_or_of_another_name_is_not_what_was_written(outputs: Path) -> None:
    locked, folder = only(read_lock_file()["train@nll-1"], "models/nll/1"), outputs / "models/nll/1"
    (folder / "more").write_text("")
    assert not locked.wrote()
    (folder / "more").unlink()
    assert locked.wrote()
    (folder / "tags.json").rename(folder / "labels.json")
    assert not locked.wrote()
    (folder / "labels.json").unlink()
    assert not locked.wrote()


def test_an_output_that_is_gone_was_not_written(outputs: Path) -> None:
    locked = read_lock_file()["train@nll-1"]
    (outputs / "metrics/train/nll/1.json").unlink()
    shutil.rmtree(outputs / "models/nll/1")
    assert not locked.wrote()
    assert not only(locked, "metrics/train/nll/1.json").wrote()
    assert not only(locked, "models/nll/1").wrote()
    assert only(locked, "metrics/history/nll/1.csv").wrote()


def test_a_stage_without_outputs_wrote_nothing() -> None:
    assert not UNRECORDED.wrote()


def test_the_params_are_the_sections_that_the_stage_ran_with(outputs: Path) -> None:
    settings = yaml.safe_load((outputs / "params.yaml").read_text(encoding="utf-8"))
    stages = read_lock_file()
    sections = ("device", "arithmetic", "model", "train")
    assert stages["train@nll-1"].params == {name: settings[name] for name in sections}
    assert stages["evaluate@nll-1"].params == {"device": "auto", "arithmetic": "portable"}
    assert stages["prepare"].params["data"]["test"] == "data/raw/test.csv"


def test_without_a_lock_file_there_are_no_stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_lock_file(tmp_path) == {}
    monkeypatch.chdir(tmp_path)
    assert read_lock_file() == {}


def test_an_empty_lock_file_has_no_stages(tmp_path: Path) -> None:
    (tmp_path / "dvc.lock").write_text("", encoding="utf-8")
    assert read_lock_file(tmp_path) == {}


def test_a_lock_file_that_is_no_yaml_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "dvc.lock").write_text("stages:\n<<<<<<< HEAD\n  train:\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_lock_file(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}/dvc.lock:3: not YAML: ")
    assert "\n" not in str(caught.value)


def test_a_stage_without_params_and_outs_is_read(tmp_path: Path) -> None:
    (tmp_path / "dvc.lock").write_text("schema: '2.0'\nstages:\n  check:\n    cmd: make test\n", encoding="utf-8")
    assert read_lock_file(tmp_path) == {"check": LockedStage({}, {}, {})}


def test_the_hash_of_a_file_is_its_md5(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"a\r\nb\n")
    assert md5(tmp_path / "file") == "d644a230f3ef20b00879aaceb61790af"
    assert md5(tmp_path / "nothing") is None


def test_the_hash_of_a_folder_is_that_of_dvc_for_any_names(tmp_path: Path) -> None:
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.tree import Tree

    tree: Any = Tree()  # type: ignore[no-untyped-call]
    for name in ("a.b", "a/b", "a/c/d", "a0", "B", "ü", "a b", ".hidden", "z/ö.json"):
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
        tree.add(
            tuple(name.split("/")), None, HashInfo("md5", hashlib.md5(name.encode(), usedforsecurity=False).hexdigest())
        )
    tree.digest()
    assert md5(tmp_path / "folder") == tree.hash_info.value


@pytest.mark.parametrize("name", [".gitignore", ".Y2xhc3M.tmp", ".1.json.partial", "__pycache__/a.pyc"])
def test_the_hash_of_a_folder_leaves_out_what_dvc_ignores(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    before = md5(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("x", encoding="utf-8")
    assert before is not None
    assert before.endswith(".dir")
    assert md5(tmp_path) == before


@pytest.mark.parametrize(
    "content", [b"x", b"stages: x", b"stages: {train@nll-1: null}", b"stages: {a: {outs: [path]}}", b"\xff"]
)
def test_a_lock_file_of_another_shape_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "dvc.lock").write_bytes(content)
    with pytest.raises(InputError, match=r"^.*dvc.lock(: damaged: |:1: byte 1 )[^\n]+$"):
        read_lock_file(tmp_path)


def test_a_lock_file_that_is_cut_off_anywhere_is_read_or_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DVC writes it in place, so another process may find any part of it."""
    monkeypatch.chdir(tmp_path)
    whole = (RECORDED / "starter/dvc.lock").read_bytes()[-1000:].partition(b"\n  ")[2]
    whole = b"stages:\n  train@nll:\n    outs:\n" + whole[whole.index(b"    - path") :]
    for end in range(len(whole)):
        (tmp_path / "dvc.lock").write_bytes(whole[:end])
        with suppress(InputError):
            assert not any(stage.wrote() for stage in read_lock_file(tmp_path).values())


def test_restoring_a_failed_stage_needs_no_reader_of_params() -> None:
    loaded = "import sys, tagger.runner.dvc_lock; print('tagger.core.params.reader' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", loaded], cwd=ROOT, text=True) == "False\n"


# What is recorded is checked only where DVC has started the stage; tests/pipeline/test_edits.py shows the check.
@pytest.mark.parametrize(
    ("stage", "content", "process"),
    [
        ("report", " 4711\n", 4711),
        ("report", None, None),
        ("report", "claim|7|8\n", None),
        (None, " 4711\n", None),
    ],
)
def test_the_process_of_dvc_is_that_of_its_lock(
    stage: str | None, content: str | None, process: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_STAGE", raising=False)
    if stage is not None:
        monkeypatch.setenv("DVC_STAGE", stage)
    if content is not None:
        IN_USE.parent.mkdir(parents=True)
        IN_USE.write_text(content)
    assert dvc_process() == process
