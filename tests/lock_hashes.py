"""The hashes in the locks: `python -m tests.lock_hashes LOCK ...` writes them, as the package index states them.

A package has those of its source and of its wheels for the systems and Pythons that the project supports. Torch has
none: which of its builds is installed is for the Makefile's TORCH_INDEX to say.
"""

import functools
import sys
from pathlib import Path
from typing import Any

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

SYSTEMS = ("any", "manylinux", "macosx")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_INTERPRETERS = {"py3", *(f"cp{version.replace('.', '')}" for version in PYTHONS)}


def read_lock(path: Path) -> dict[str, list[str]]:
    """Return the hashes of each line `name==version` of a lock."""
    pins: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        pin, *hashes = line.split()
        pins[pin] = [text.removeprefix("--hash=") for text in hashes]
    return pins


def write_lock(path: Path, pins: dict[str, list[str]]) -> None:
    """Write what `read_lock` returns."""
    rows = (" \\\n    ".join([pin, *(f"--hash={text}" for text in hashes)]) for pin, hashes in pins.items())
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def is_supported(file: str) -> bool:
    """Return whether pip may install a file of the index where the project runs; a source it may."""
    try:
        tags = parse_wheel_filename(file)[3]
    except InvalidWheelFilename:
        return True
    return any(
        (tag.interpreter in _INTERPRETERS or tag.abi == "abi3")
        and not tag.abi.endswith("t")  # without the global lock
        and tag.platform.startswith(SYSTEMS)
        for tag in tags
    )


@functools.cache
def hashes_of(pin: str) -> list[str]:
    """Return the hashes of a package's files; a copy that lies on this machine vouches for nothing."""
    name, version = pin.split("==")
    repository = _repository()
    with repository.allow_all_wheels():
        links = [found.link for found in repository.find_all_candidates(name) if str(found.version) == version]
    return sorted({f"sha256:{link.hash}" for link in links if not link.is_file and is_supported(link.filename)})


@functools.cache
def _repository() -> Any:
    from piptools.repositories import PyPIRepository  # it warns of what pip itself imports

    return PyPIRepository(["--retries", "1"], cache_dir="")


def main(*locks: str) -> None:
    """Write the hashes into locks, all of which have to be known before the first is changed."""
    read = {Path(lock): read_lock(Path(lock)) for lock in locks}
    hashed = {
        path: {pin: [] if pin.startswith("torch==") else hashes_of(pin) for pin in pins} for path, pins in read.items()
    }
    if missing := {pin for pins in hashed.values() for pin, hashes in pins.items() if not hashes} - {"torch==2.13.0"}:
        sys.exit(f"error: no hashes, expected the package index to state them: {', '.join(sorted(missing))}")
    for path, pins in hashed.items():
        write_lock(path, pins)


if __name__ == "__main__":
    main(*sys.argv[1:])
