"""What `dvc.lock` records of a stage: its params, dependencies and outputs."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tagger.core.common.files import reading
from tagger.core.common.yaml_file import read_yaml
from tagger.runner.stage_files import files_in

LOCK_FILE = Path("dvc.lock")


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

    Raises:
        InputError: the file is damaged: DVC is writing it right now, or it has a git conflict.
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
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    if not path.is_dir():
        return None
    return folder_md5({file.relative_to(path).as_posix(): md5(file) for file in files_in([path])})


def folder_md5(files: Mapping[str, str | None]) -> str:
    """Return the hash that DVC gives a folder with these files, by the hashes of their contents."""
    entries = [{"md5": files[name], "relpath": name} for name in sorted(files)]
    return hashlib.md5(json.dumps(entries, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"
