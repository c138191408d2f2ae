"""Locks between processes. The system frees them when their holder dies, in whatever way."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from tagger.core.common import paths


@contextmanager
def hold(name: str, what: str) -> Iterator[None]:
    """Hold a lock of the main workspace for the block. If another process has it, print which one, and wait.

    Args:
        name: of the lock; it has to be a valid file name.
        what: is done under the lock, shown to those who wait.
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
    """Return the lock, and the file that names its holder."""
    folder = paths.kept("locks")
    return FileLock(folder / f"{name}.lock"), folder / f"{name}.holder"


def _remove(lock: BaseFileLock, holder: Path) -> None:
    """Release a lock and leave no file; those who wait for it notice that its file is gone, and make a new one."""
    holder.unlink(missing_ok=True)
    Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def _read(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8")
    except OSError:  # it has the lock and has not written its name yet
        return "another process"
