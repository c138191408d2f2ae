"""A disk that gets full: one line that names a file, nothing half-written, and the work is done once there is room."""

import contextlib
import errno
import io
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tagger.core.common.errors import TaggerError
from tests.conftest import Project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1500),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]
OUTPUTS = ("data/prepared", "data/predictions", "models", "metrics")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# Runs the pipeline on a small file system of its own, gives that more room, and runs it again.
SMALL = """
set -e
mount -t tmpfs small "$2"
cp -a "$3"/. "$2"
cd "$2"
used=$(df -k --output=used . | tail -1)
mount -o remount,size=$((used + $1))k "$2"
set +e
export PYTHONDONTWRITEBYTECODE=1 TAGGER_TRACKING=$5
dvc repro --force 2>&1
echo "first: $?"
mount -o remount,size=1g "$2"
rm -f .dvc/tmp/rwlock  # DVC itself leaves half of it
dvc repro 2>&1
echo "second: $?"
cp -a . "$4"
"""


class Disk:
    """Counts what is opened for writing, made or renamed in a folder; at one of these moments it gets full."""

    def __init__(self) -> None:
        self.root, self.kind, self.left = Path("/"), "", 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.kind or not isinstance(arguments[0] if arguments else None, str | Path):
            return
        writes = event in ("os.mkdir", "os.rename") or (event == "open" and arguments[2] & WRITING)
        if not writes or not Path(arguments[0]).absolute().is_relative_to(self.root):
            return
        self.left -= 1
        if self.left == 0 and self.kind == "refused":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(arguments[0]))
        if self.left == 0:  # no file takes a byte from now on, whoever writes to it
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


DISK = Disk()
sys.addaudithook(DISK)


@contextlib.contextmanager
def full_disk(root: Path, kind: str, moment: int) -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    DISK.root, DISK.left = root, moment
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # pytest's are files
        try:
            DISK.kind = kind
            yield
        finally:
            DISK.kind = ""
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("kind", ["full", "refused"])
@pytest.mark.parametrize(
    "stage", [["prepare"], ["train", "nll", "1"], ["evaluate", "nll", "1"], ["report"], ["export"]]
)
def test_a_disk_that_is_full_at_any_write_is_one_line_and_costs_nothing(
    copy: Project, stage: list[str], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAGGER_TRACKING", "off")
    before, lines = copy.contents(*OUTPUTS), []
    for moment in count(1):
        said = ""
        with full_disk(copy.root, kind, moment):
            try:
                copy.run_here(*stage)
            except (TaggerError, OSError) as error:
                said = str(error)
        assert copy.contents(*OUTPUTS) == before, (moment, said)
        if DISK.left > 0:  # the stage writes no more often
            break
        if said:  # after the last byte of the stage, a disk may be full
            lines.append(said)
    assert said == ""
    assert len(lines) > 3
    assert [line for line in lines if "\n" in line or "/" not in line] == []
    assert not list(copy.root.rglob("*.partial"))


@pytest.mark.parametrize(  # KiB: it gets full in `prepare`, or later; MLflow's database takes a megabyte
    ("room", "tracking"), [(60, "off"), (200, "off"), (200, "on"), (800, "on"), (1600, "on"), (2400, "on")]
)
def test_a_pipeline_ends_in_the_same_bytes_once_a_full_disk_has_room(
    finished: Project, tmp_path: Path, room: int, tracking: str
) -> None:
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets no user mount a file system")
    small, after = (tmp_path / name for name in ("small", "after"))
    for folder in (small, after):
        folder.mkdir()
    project = finished.copy_to(tmp_path / "project")
    for folder in (project.root / ".dvc/cache", project.root / ".dvc/tmp"):
        shutil.rmtree(folder)
    folders = (str(folder) for folder in (small, project.root, after))
    printed = project.run("unshare", "-rm", "sh", "-c", SMALL, "sh", str(room), *folders, tracking)
    assert "first: 0" not in printed
    assert "second: 0" in printed, printed
    assert "Traceback" not in printed
    assert Project(after).contents(*OUTPUTS) == finished.contents(*OUTPUTS)
    if tracking == "on":
        with contextlib.closing(sqlite3.connect(after / "mlflow.db")) as database:
            runs = database.execute("SELECT name, status FROM runs ORDER BY name").fetchall()
        finished_runs = [name for name, status in runs if status == "FINISHED" and not name.startswith("repro")]
        assert finished_runs == ["cross_entropy", "nll"]
        assert {status for _, status in runs} <= {"FINISHED", "KILLED"}
