"""Locks between processes. The system frees them when their holder dies, however it dies."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from tagger import paths


@contextmanager
def hold(name: str, what: str) -> Iterator[None]:
    """Hold a lock of the main workspace for the block; where another process has it, say which, and wait.

    Args:
        name: of the lock, as a file is named.
        what: is being done under it, for those who wait.
    """
    folder = paths.kept("locks")
    lock = FileLock(folder / f"{name}.lock")
    holder = folder / f"{name}.holder"
    try:
        lock.acquire(blocking=False)
    except Timeout:
        print(f"waiting for {_read(holder)}", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        holder.write_text(f"process {os.getpid()}: {what}", encoding="utf-8")
        yield
    finally:
        lock.release()


def is_held(name: str) -> bool:
    """Return whether a living process holds the lock."""
    try:
        with FileLock(paths.kept("locks") / f"{name}.lock", blocking=False):
            return False
    except Timeout:
        return True


def _read(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8")
    except OSError:  # it has the lock and has not written yet
        return "another process"
