"""The files that a stage depends on, its code among them, and a check that they stay the same while it runs.

DVC hashes params, dependencies and outputs after the command. A file edited meanwhile would be recorded as what made
the outputs, and the run-cache would return the wrong pair later. So a stage notes the files that `dvc.yaml` lists
before it reads them and its outputs as soon as they are written, and fails if any of them differs at the end.

The code that decides the bytes of a stage is in whole folders of `tagger/`. `dvc.yaml` lists them, too, and the key of
a checkpoint covers them. `versions.txt` is a file of its folder, so a stage depends on the versions of its packages.

Nothing of `tagger.core` but the errors is imported before it is noted.
"""

import hashlib
import importlib.metadata
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

import tagger

PARAMS, IGNORE = Path("params.yaml"), Path(".dvcignore")
FOLDERS = {
    "prepare": ("core", "prepare"),
    "train": ("core", "train"),
    "evaluate": ("core", "evaluate"),
    "report": ("core", "evaluate", "report"),
    "export": ("core", "evaluate", "predict", "export"),
}
PACKAGE = Path(tagger.__file__).parent
SUFFIXES = (".css", ".html", ".jinja", ".js", ".py", ".txt")


class Note(NamedTuple):
    """What a stage noted of a file."""

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
        self.notes: dict[Path, Note] = {}
        self._note([Path("tagger", folder) for folder in FOLDERS[stage]])
        from tagger.core.common.yaml_file import read_yaml
        from tagger.core.params.reader import flatten, read_document, read_params
        from tagger.core.params.schema import Params

        read_params(Params)  # all that is wrong with them
        defined = read_yaml(Path("dvc.yaml"))[0]["stages"][stage]
        self._params: list[str] = defined["params"]
        self._note([PARAMS])
        items = dict(zip(defined.get("matrix", ()), arguments, strict=False))
        values = flatten(read_document()[0] | {"item": items})

        def paths(*keys: str) -> list[Path]:
            entries = [entry for key in keys for entry in defined.get(key, ())]
            names = [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]
            return [Path(re.sub(r"\$\{(.+?)}", lambda found: str(values[found[1]]), name)) for name in names]

        self.deps, self.outs = paths("deps"), paths("outs", "metrics")
        self._note(self.deps)

    def note_outputs(self) -> None:
        """Note the outputs, which are all written; the errors are those of `check`."""
        self.check()
        self._note(self.outs)

    def check(self) -> None:
        """Compare the files on disk with the notes. A file written again with the same content has not changed.

        Raises InputError if a file has changed, appeared or disappeared.
        """
        for path in dict.fromkeys([*self.notes, *files_in(self._places)]):
            note = self.notes.get(path)
            if note and (_stamp(path) == note.stamp or self._content(path) == note.content):
                continue
            from tagger.core.common.errors import InputError

            keys = self._changed_params(note.content) if note and path == PARAMS else ""
            raise InputError(f"{path}: {keys}has changed while {self.name} ran, so nothing is recorded; run it again")

    def _note(self, places: Iterable[Path]) -> None:
        places = [place for place in places if place not in self._places]
        self._places += places
        self.notes |= {path: Note(_stamp(path), self._content(path)) for path in files_in(places)}

    def _changed_params(self, before: Any) -> str:
        now: Any = self._content(PARAMS)
        changed = [name for name in before | now if before.get(name) != now.get(name)]
        return ", ".join(f"{name} (was {before.get(name)}, is {now.get(name)})" for name in changed) + " "

    def _content(self, path: Path) -> object:
        if path == PARAMS:
            from tagger.core.params.reader import flatten, read_document

            heeded = tuple(f"{name}." for name in self._params)
            return {name: value for name, value in flatten(read_document()[0]).items() if f"{name}.".startswith(heeded)}
        return file_md5(path) if path.is_file() else None


def file_md5(path: Path) -> str:
    """Return the hash of a file of any size."""
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


def deciding_files(stage: str) -> Iterator[Path]:
    """Yield the files of a stage's folders in a fixed order, from the folder of this package."""
    for folder in FOLDERS[stage]:
        files = (path for path in (PACKAGE / folder).rglob("*") if path.suffix in SUFFIXES)  # no editor's leftovers
        yield from sorted(path for path in files if path.parent.name != ".ipynb_checkpoints")


def installed_versions(stage: str) -> dict[str, tuple[str, str]]:
    """Return, for each package that a stage computes with, the version in `versions.txt` and the installed one."""
    lines = [line for path in deciding_files(stage) if path.name == "versions.txt" for line in path.read_text().split()]
    named = dict(line.split("==") for line in lines)
    return {name: (version, importlib.metadata.version(name)) for name, version in named.items()}


def other_versions(stage: str) -> Iterator[str]:
    """Yield a message for each package with another version; `2.13.0+cpu` is a build of `2.13.0`."""
    for package, (version, installed) in installed_versions(stage).items():
        if installed.partition("+")[0] != version:
            yield f"{package} {installed} is installed, expected {version}"
