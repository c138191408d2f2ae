"""Check what DVC records of a stage that has ended, and take back what is not true.

DVC hashes params, dependencies and outputs some moments after the stage could compare them for the last time. So a
process that outlives the stage compares the new entry in `dvc.lock` with what the stage noted. If something was edited
in between, it removes the entry from there and from the run-cache, and the next `dvc repro` runs the stage again.
"""

import fcntl
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from tagger.core.common.errors import InputError
from tagger.core.common.yaml_file import read_yaml
from tagger.core.params.reader import flatten
from tagger.runner.dvc_lock import LOCK_FILE, UNRECORDED, LockedStage, read_lock_file
from tagger.runner.stage_files import StageFiles

IN_USE = Path(".dvc/tmp/lock")  # DVC locks it except while a stage runs, and leaves the number of its process there
INTERVAL = 0.01  # seconds


def dvc_process() -> int | None:
    """Return the process of the DVC that has started this stage; None if there is none, or it keeps locks elsewhere."""
    number = IN_USE.read_text().strip() if "DVC_STAGE" in os.environ and IN_USE.exists() else ""
    return int(number) if number.isdecimal() else None


def check_recording(files: StageFiles, dvc: int) -> None:
    """Start the process that checks what DVC records of this stage. This process must end at once, without an error."""
    written, now = _written(), time.time()
    if os.fork():
        return
    try:
        os.setsid()  # Ctrl-C is for DVC
        while _written() == written and _is_alive(dvc):
            time.sleep(INTERVAL)
        noted = files.locked()
        # An entry that is not as noted may be half-written: DVC has its lock as long as it writes.
        if _written() not in (written, 0) and _entry(files.name) != noted:
            with IN_USE.open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if _entry(files.name) not in (noted, UNRECORDED):
                    _take_back(files.name, now)
                    files.check()
                    raise InputError(f"{files.name}: not recorded: a file was edited and restored; run it again")
    except Exception as error:  # whatever it is, nobody else can tell
        sys.stderr.write(f"error: {error}\n")
    finally:
        sys.stderr.flush()
        os._exit(0)


def _entry(name: str) -> LockedStage:
    """Return the entry of a stage as `StageFiles.locked` does; there is none in a file that is half-written."""
    with suppress(InputError):
        locked = read_lock_file().get(name, UNRECORDED)
        return locked._replace(params=flatten(locked.params))
    return UNRECORDED


def _written() -> int:
    return LOCK_FILE.stat().st_mtime_ns if LOCK_FILE.exists() else 0


def _is_alive(process: int) -> bool:
    import psutil  # takes longer than the rest of this module

    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _take_back(name: str, since: float) -> None:
    """Remove the entry of a stage from `dvc.lock`, and from the run-cache what was added since then."""
    from dvc.dvcfile import Lockfile
    from dvc.repo import Repo
    from dvc.stage import PipelineStage

    with Repo() as repo:
        stage = PipelineStage(repo, "dvc.yaml", name=name)
        command = read_yaml(LOCK_FILE)[0]["stages"][name]["cmd"]
        Lockfile(repo, LOCK_FILE.name).remove_stage(stage)
        for path in Path(repo.stage_cache.cache_dir).glob("*/*/*"):
            if path.stat().st_mtime >= since and read_yaml(path)[0]["cmd"] == command:
                path.unlink()
                with suppress(OSError):  # other outputs of the same params and dependencies are there
                    path.parent.rmdir()  # DVC fails on an empty one
