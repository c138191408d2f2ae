"""Locks between real processes."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock, Timeout

from tagger.runner.locks import hold, is_held

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from tagger.runner.locks import hold
with hold("key", "training nll"):
    print("has it", flush=True)
    sys.stdin.read(1)
"""
COUNT = """
import os, sys, time
from pathlib import Path
from tagger.runner.locks import hold
for _ in range(int(sys.argv[1])):
    with hold("key", "counting"):
        os.close(os.open("inside", os.O_CREAT | os.O_EXCL))  # fails where another one is inside
        number = int(Path("counter").read_text())
        time.sleep(0.002)
        Path("counter").write_text(str(number + 1))
        os.unlink("inside")
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def processes(workspace: Path) -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def start(processes: ExitStack, code: str, *arguments: str) -> "subprocess.Popen[str]":
    process = processes.enter_context(
        subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    processes.callback(process.kill)
    return process


def line_of(process: "subprocess.Popen[str]", name: str = "stdout") -> str:
    pipe = getattr(process, name)
    assert is_readable(pipe, 20), f"nothing on {name}"
    return str(pipe.readline())


def is_readable(pipe: Any, seconds: float = 0) -> bool:
    return bool(select.select([pipe], [], [], seconds)[0])


def locks(workspace: Path) -> list[str]:
    return [path.name for path in (workspace / ".dvc/tmp/lstm-tagger/locks").iterdir()]


def test_the_second_of_two_processes_waits_and_says_for_whom(workspace: Path, processes: ExitStack) -> None:
    first = start(processes, HOLD)
    assert line_of(first) == "has it\n"
    second = start(processes, HOLD)
    assert line_of(second, "stderr") == f"waiting for process {first.pid}: training nll\n"
    time.sleep(0.3)
    assert not is_readable(second.stdout)
    assert first.communicate("\n") == ("", "")
    assert line_of(second) == "has it\n"
    assert second.communicate("\n") == ("", "")
    assert locks(workspace) == []


def test_a_lock_is_free_when_its_holder_was_killed(workspace: Path, processes: ExitStack) -> None:
    first = start(processes, HOLD)
    line_of(first)
    second = start(processes, HOLD)
    line_of(second, "stderr")
    first.send_signal(signal.SIGKILL)
    assert line_of(second) == "has it\n"
    second.communicate("\n")
    assert locks(workspace) == []


def test_who_comes_after_a_killed_holder_does_not_wait(workspace: Path, processes: ExitStack) -> None:
    first = start(processes, HOLD)
    line_of(first)
    first.kill()
    first.wait()
    assert not is_held("key")
    with hold("key", "this test"):
        assert (workspace / ".dvc/tmp/lstm-tagger/locks/key.holder").read_text() == f"process {os.getpid()}: this test"
    assert locks(workspace) == []


def test_many_processes_get_the_lock_one_after_another(workspace: Path, processes: ExitStack) -> None:
    (workspace / "counter").write_text("0")
    counting = [start(processes, COUNT, "25") for _ in range(5)]
    for process in counting:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert (workspace / "counter").read_text() == "125"
    assert locks(workspace) == []


def test_a_lock_is_held_by_a_living_process_alone(workspace: Path, processes: ExitStack) -> None:
    assert not is_held("key")
    process = start(processes, HOLD)
    line_of(process)
    assert is_held("key")
    assert is_held("key")  # asking takes nothing away
    assert not is_held("other")
    process.kill()
    process.wait()
    assert not is_held("key")
    assert locks(workspace) == []


def test_a_process_sees_the_locks_that_it_holds_itself(workspace: Path) -> None:
    with hold("key", "this test"):
        assert is_held("key")
        assert sorted(locks(workspace)) == ["key.holder", "key.lock"]
    assert not is_held("key")


def test_the_file_of_a_lock_is_removed_while_it_is_held(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Removed later it may be that of the next holder, and who comes then gets the lock at the same time.
    unlink, removed = Path.unlink, []

    def watched(path: Path, missing_ok: bool = False) -> None:
        with pytest.raises(Timeout):
            FileLock(workspace / ".dvc/tmp/lstm-tagger/locks/key.lock").acquire(blocking=False)
        removed.append(path.name)
        unlink(path, missing_ok)

    with hold("key", "this test"):
        monkeypatch.setattr(Path, "unlink", watched)
    assert not is_held("key")
    assert removed == ["key.holder", "key.lock"] * 2


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_block_that_fails_frees_its_lock(workspace: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), hold("key", "this test"):
        raise error
    assert locks(workspace) == []
    assert not is_held("key")


def test_experiments_share_the_locks_of_the_main_workspace(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", str(workspace / "main"))
    with hold("key", "an experiment"):
        monkeypatch.delenv("DVC_ROOT")
        assert not is_held("key")
        monkeypatch.chdir(workspace / "main")
        assert is_held("key")
