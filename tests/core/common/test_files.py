"""Outputs are written whole or not at all."""

import errno
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tagger.core.common.errors import InputError
from tagger.core.common.files import new_file, new_folder, read_json, write_json


def content(folder: Path) -> dict[str, str]:
    """Every file below the folder, hidden ones too."""
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()
    }


def test_a_new_folder_is_there_when_the_block_ends(tmp_path: Path) -> None:
    with new_folder(tmp_path / "a" / "b") as partial:
        (partial / "file").write_text("new")
        assert not (tmp_path / "a" / "b").exists()
    assert content(tmp_path) == {"a/b/file": "new"}


def test_a_new_folder_replaces_the_whole_of_an_old_one(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("old")
    with new_folder(tmp_path / "out") as partial:
        (partial / "new").write_text("new")
        assert content(tmp_path / "out") == {"old": "old"}
    assert content(tmp_path) == {"out/new": "new"}


def fill_half_a_folder(path: Path, error: type[BaseException]) -> None:
    with new_folder(path) as partial:
        (partial / "half").write_text("half")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_block_that_fails_leaves_the_old_folder(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("old")
    with pytest.raises(error):
        fill_half_a_folder(tmp_path / "out", error)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert content(tmp_path) == {"out/old": "old"}


def test_the_old_folder_stays_if_the_new_one_gets_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("old")
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name == ".out.partial":
            raise OSError(errno.ENOSPC, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="No space left on device"), new_folder(tmp_path / "out"):
        pass
    assert content(tmp_path) == {"out/old": "old"}


def test_a_block_that_fails_leaves_no_new_folder(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fill_half_a_folder(tmp_path / "out", KeyboardInterrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_new_folder_is_empty_whatever_an_earlier_run_left(tmp_path: Path) -> None:
    with new_folder(tmp_path / "out") as partial:
        name = partial.name
    (tmp_path / name).mkdir()
    (tmp_path / name / "left").write_text("left")
    with new_folder(tmp_path / "out") as partial:
        assert content(partial) == {}
    assert content(tmp_path) == {}


def test_a_new_file_is_there_when_the_block_ends(tmp_path: Path) -> None:
    with new_file(tmp_path / "a" / "b.txt") as partial:
        partial.write_text("new")
        assert not (tmp_path / "a" / "b.txt").exists()
    assert content(tmp_path) == {"a/b.txt": "new"}


def test_a_new_file_replaces_an_old_one_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("old")
    with new_file(tmp_path / "out") as partial:
        partial.write_text("new")
        assert (tmp_path / "out").read_text() == "old"
    assert content(tmp_path) == {"out": "new"}


def write_half_a_file(path: Path, error: type[BaseException]) -> None:
    with new_file(path) as partial:
        partial.write_text("half")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_block_that_fails_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "out").write_text("old")
    with pytest.raises(error):
        write_half_a_file(tmp_path / "out", error)
    assert content(tmp_path) == {"out": "old"}


def test_a_block_that_writes_no_file_is_an_error_and_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("old")
    with pytest.raises(FileNotFoundError), new_file(tmp_path / "out"):
        pass
    assert content(tmp_path) == {"out": "old"}


@pytest.mark.parametrize("name", ["out.json", "out.csv"])
def test_what_is_half_written_has_a_hidden_name_beside_the_output(tmp_path: Path, name: str) -> None:
    with new_file(tmp_path / name) as partial:
        partial.write_text("new")
        assert (partial.parent, partial.name) == (tmp_path, f".{name}.partial")


def test_json_is_indented_and_keeps_its_order_and_letters(tmp_path: Path) -> None:
    write_json(tmp_path / "metrics" / "out.json", {"z": 1, "a": [0.5, None], "é": True})
    assert (tmp_path / "metrics" / "out.json").read_bytes() == (
        '{\n  "z": 1,\n  "a": [\n    0.5,\n    null\n  ],\n  "é": true\n}\n'.encode()
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_json_with_a_number_that_is_not_finite_is_refused(tmp_path: Path, value: float) -> None:
    path = tmp_path / "out.json"
    write_json(path, {"loss": 1.0})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"loss": value})
    assert content(tmp_path) == {"out.json": '{\n  "loss": 1.0\n}\n'}


def test_json_is_read(tmp_path: Path) -> None:
    write_json(tmp_path / "out.json", {"é": [1, None]})
    assert read_json(tmp_path / "out.json", "metrics") == {"é": [1, None]}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_damaged_json_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "out.json").write_bytes(content)
    with pytest.raises(InputError, match=r"/out\.json: damaged: ."):
        read_json(tmp_path / "out.json", "metrics")


def test_missing_json_is_named_with_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"/out\.json: no such file; expected metrics$"):
        read_json(tmp_path / "out.json", "metrics")


@pytest.mark.parametrize("new", [new_file, new_folder])
def test_a_disk_that_is_full_is_named(tmp_path: Path, new: Callable[[Path], AbstractContextManager[Path]]) -> None:
    with pytest.raises(OSError, match=rf"No space left on device: '{tmp_path}/out'$"), new(tmp_path / "out"):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OSError, match=r": '/other'$"), new(tmp_path / "out"):
        raise OSError(errno.EACCES, "Permission denied", "/other")
