"""The code that decides the bytes of each stage: folders of `tagger/`, and the versions of their packages.

`dvc.yaml` lists the same folders as dependencies, and the key of a checkpoint covers them. `versions.txt` is a file of
its folder, so a stage depends on the versions, too.
"""

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import tagger

FOLDERS = {
    "prepare": ("core", "prepare"),
    "train": ("core", "train"),
    "evaluate": ("core", "evaluate"),
    "report": ("core", "evaluate", "report"),
    "export": ("core", "evaluate", "predict", "export"),
}
PACKAGE = Path(tagger.__file__).parent
SUFFIXES = (".css", ".html", ".jinja", ".js", ".py", ".txt")


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
