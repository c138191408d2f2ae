"""What `dvc.lock` records of a stage, and taking back what is not true.

DVC hashes params, dependencies and outputs some moments after the stage could compare them for the last time. So a
process that outlives the stage compares the new entry in `dvc.lock` with what the stage noted. If something was edited
in between, it removes the entry from there and from the run-cache, and the next `dvc repro` runs the stage again.
"""

import fcntl
import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from tagger.core.common.errors import InputError
from tagger.core.common.files import reading
from tagger.core.common.yaml_file import read_yaml
from tagger.runner.stage_files import PARAMS, StageFiles, file_md5, files_in

LOCK_FILE = Path("dvc.lock")
IN_USE = Path(".dvc/tmp/lock")  # DVC locks it except while a stage runs, and leaves the number of its process there
INTERVAL = 0.01  # seconds


class LockedStage(NamedTuple):
    """One stage, as DVC recorded it."""

    params: dict[str, Any]  # by the keys that dvc.yaml lists: whole sections, or the dotted names of values
    deps: dict[str, str]  # MD5 of each dependency
    outs: dict[str, str]  # MD5 of each output

    def read(self, *deps: Path) -> bool:
        """Return whether the dependencies on disk are as recorded."""
        return all(self.deps.get(dep.as_posix(), "") == md5(dep) for dep in deps)

    def wrote(self) -> bool:
        """Return whether it has outputs and all of them on disk are as recorded."""
        return bool(self.outs) and all(md5(Path(name)) == recorded for name, recorded in self.outs.items())


UNRECORDED = LockedStage({}, {}, {})  # a stage that `dvc.lock` does not have: it read and wrote nothing


def read_lock_file(folder: Path = Path()) -> dict[str, LockedStage]:
    """Return the stages by name; there are none before the first `dvc repro`.

    Raises InputError if the file is damaged: DVC is writing it right now, or it has a git conflict.
    """
    path = folder / LOCK_FILE
    if not path.exists():
        return {}
    with reading(path, "what DVC writes"):
        document = read_yaml(path)[0] or {}
        return {name: _locked(stage) for name, stage in document.get("stages", {}).items()}


def _locked(stage: dict[str, Any]) -> LockedStage:
    return LockedStage(
        params=stage.get("params", {}).get("params.yaml", {}),
        deps={str(dep["path"]): str(dep.get("md5", "")) for dep in stage.get("deps", [])},
        outs={str(out["path"]): str(out.get("md5", "")) for out in stage.get("outs", [])},
    )


def md5(path: Path) -> str | None:
    """Return the hash that DVC gives a file or a folder; None if there is nothing.

    That of a folder is of the JSON that lists the hashes of its files (dvc_data.hashfile.tree, `Tree.as_bytes`); those
    that DVC ignores are left out.
    """
    if path.is_file():
        return file_md5(path)
    if not path.is_dir():
        return None
    return _folder_md5({file.relative_to(path).as_posix(): md5(file) for file in files_in([path])})


def _folder_md5(files: Mapping[str, str | None]) -> str:
    """Return the hash that DVC gives a folder with these files, by the hashes of their contents."""
    entries = [{"md5": files[name], "relpath": name} for name in sorted(files)]
    return hashlib.md5(json.dumps(entries, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"


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
        noted = _noted(files)
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


def _noted(files: StageFiles) -> LockedStage:
    """Return what DVC has to record: the hashes of the notes, and every param under its dotted name."""
    contents: dict[Path, Any] = {path: note.content for path, note in files.notes.items()}

    def hash_of(path: Path) -> str:
        inside = {file.relative_to(path).as_posix(): contents[file] for file in contents if path in file.parents}
        return contents.get(path) or _folder_md5(inside)

    deps, outs = ({str(path): hash_of(path) for path in paths} for paths in (files.deps, files.outs))
    return LockedStage(contents[PARAMS], deps, outs)


def _entry(name: str) -> LockedStage:
    """Return the entry of a stage as `_noted` does; there is none in a file that is half-written."""
    from tagger.core.params.reader import flatten  # late: restoring a failed stage needs this module, not that one

    with suppress(InputError):
        locked = read_lock_file().get(name, UNRECORDED)
        return locked._replace(params=flatten(locked.params))
    return UNRECORDED


def _written() -> int:
    return LOCK_FILE.stat().st_mtime_ns if LOCK_FILE.exists() else 0


def _is_alive(process: int) -> bool:
    import psutil  # takes longer than the rest of this module

    with suppress(psutil.NoSuchProcess):
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
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
