"""Locks between processes. The system frees them when their holder dies, however it dies."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from tagger.core.common import paths


@contextmanager
def hold(name: str, what: str) -> Iterator[None]:
    """Hold a lock of the main workspace for the block; where another process has it, say which, and wait.

    Args:
        name: of the lock, as a file is named.
        what: is being done under it, for those who wait.
    """
    lock, holder = _files(name)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        print(f"waiting for {_read(holder)}", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        holder.write_text(f"process {os.getpid()}: {what}", encoding="utf-8")
        yield
    finally:
        _remove(lock, holder)


def is_held(name: str) -> bool:
    """Return whether a living process holds the lock."""
    lock, holder = _files(name)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    _remove(lock, holder)
    return False


def _files(name: str) -> tuple[BaseFileLock, Path]:
    """Return the lock, and the file that says who holds it."""
    folder = paths.kept("locks")
    return FileLock(folder / f"{name}.lock"), folder / f"{name}.holder"


def _remove(lock: BaseFileLock, holder: Path) -> None:
    """Release a lock and leave no file; those who wait for it notice that it is another file that they now want."""
    holder.unlink(missing_ok=True)
    Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def _read(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8")
    except OSError:  # it has the lock and has not written yet
        return "another process"
