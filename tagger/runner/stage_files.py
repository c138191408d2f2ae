"""Check that the files of a stage do not change while it runs, so that DVC records what it read and wrote.

DVC hashes params, dependencies and outputs after the command. A file edited meanwhile would be recorded as what made
the outputs, and the run-cache would return the wrong pair later. So a stage notes the files that `dvc.yaml` lists
before it reads them and its outputs as soon as they are written, and fails if any of them differs at the end.

Nothing of `tagger.core` but the errors is imported before it is noted.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tagger.runner.stage_code import FOLDERS

if TYPE_CHECKING:
    from tagger.runner.dvc_lock import LockedStage

PARAMS, IGNORE = Path("params.yaml"), Path(".dvcignore")


class _Note(NamedTuple):
    stamp: tuple[int, ...]  # the content is compared only if this differs
    content: object  # MD5; of PARAMS the values that the stage depends on, under their dotted names


class StageFiles:
    """Notes of the files that a stage depends on, and of its outputs."""

    def __init__(self, stage: str, *arguments: str) -> None:
        """Note the code of a stage, its params and dependencies. The arguments are the values of its matrix.

        Raises InputError for a mistake in `dvc.yaml` or `params.yaml`.
        """
        self.name = f"{stage}@{'-'.join(arguments)}".rstrip("@")
        self._places: list[Path] = []  # files and folders
        self._notes: dict[Path, _Note] = {}
        self._note([Path("tagger", folder) for folder in FOLDERS[stage]])
        from tagger.core.common.yaml_file import read_yaml
        from tagger.core.params.reader import flatten, read_document, read_params
        from tagger.core.params.schema import Params

        read_params(Params)  # all that is wrong with them
        defined = read_yaml(Path("dvc.yaml"))[0]["stages"][stage]
        self._params: list[str] = defined["params"]
        stamp, document = _stamp(PARAMS), flatten(read_document()[0])
        self._notes[PARAMS] = _Note(stamp, self._heeded(document))
        values = document | flatten({"item": dict(zip(defined.get("matrix", ()), arguments, strict=False))})

        def paths(*keys: str) -> list[Path]:
            entries = [entry for key in keys for entry in defined.get(key, ())]
            names = [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]
            return [Path(re.sub(r"\$\{(.+?)}", lambda found: str(values[found[1]]), name)) for name in names]

        self._deps, self._outs = paths("deps"), paths("outs", "metrics")
        self._note(self._deps)

    def note_outputs(self) -> None:
        """Note the outputs, which are all written; the errors are those of `check`."""
        self.check()
        self._note(self._outs)

    def check(self) -> None:
        """Compare the files on disk with the notes. A file written again with the same content has not changed.

        Raises InputError if a file has changed, appeared or disappeared.
        """
        for path in dict.fromkeys([*self._notes, *files_in(self._places)]):
            note = self._notes.get(path)
            if note and (_stamp(path) == note.stamp or self._content(path) == note.content):
                continue
            from tagger.core.common.errors import InputError

            keys = self._changed_params(note.content) if note and path == PARAMS else ""
            raise InputError(f"{path}: {keys}has changed while {self.name} ran, so nothing is recorded; run it again")

    def locked(self) -> "LockedStage":
        """Return what DVC has to record: the hashes of the notes, and every param under its dotted name."""
        from tagger.runner.dvc_lock import LockedStage, folder_md5

        contents: dict[Path, Any] = {path: note.content for path, note in self._notes.items()}

        def md5(path: Path) -> str:
            files = {file.relative_to(path).as_posix(): contents[file] for file in contents if path in file.parents}
            return contents.get(path) or folder_md5(files)

        deps, outs = ({str(path): md5(path) for path in paths} for paths in (self._deps, self._outs))
        return LockedStage(contents[PARAMS], deps, outs)

    def _note(self, places: Iterable[Path]) -> None:
        places = [place for place in places if place not in self._places]
        self._places += places
        self._notes |= {path: _Note(_stamp(path), self._content(path)) for path in files_in(places)}

    def _changed_params(self, before: Any) -> str:
        now: Any = self._content(PARAMS)
        changed = {
            name: (before.get(name), now.get(name)) for name in before | now if before.get(name) != now.get(name)
        }
        return ", ".join(f"{name} (was {old}, is {new})" for name, (old, new) in changed.items()) + " "

    def _heeded(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the params that the stage depends on, given all by their dotted names."""
        heeded = tuple(self._params), tuple(f"{name}." for name in self._params)
        return {key: value for key, value in document.items() if key in heeded[0] or key.startswith(heeded[1])}

    def _content(self, path: Path) -> object:
        if path == PARAMS:
            from tagger.core.params.reader import flatten, read_document

            return self._heeded(flatten(read_document()[0]))
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def files_in(places: Iterable[Path]) -> Iterator[Path]:
    """Yield the named files, even if missing, and the files in named folders that DVC does not ignore."""
    lines = IGNORE.read_text(encoding="utf-8").splitlines() if IGNORE.exists() else []
    ignored = [line for line in lines if line and not line.startswith("#")]
    for place in places:
        if not place.is_dir():
            yield place
        for path in place.rglob("*"):
            names = path.relative_to(place).parts
            if path.is_file() and not any(fnmatch(name, pattern) for name in names for pattern in ignored):
                yield path


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return ()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
