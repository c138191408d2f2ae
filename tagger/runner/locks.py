"""Locks between processes. The system frees them when their holder dies, however it dies."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from tagger.core.common import paths


@contextmanager
def hold(name: str, what: str) -> Iterator[None]:
    """Hold a lock of the main workspace for the block. If another process has it, print which one, and wait.

    `name` has to be a valid file name; `what` tells those who wait what is done under the lock.
    """
    lock = FileLock(paths.kept("locks") / f"{name}.lock")
    holder = Path(lock.lock_file).with_suffix(".holder")  # names the process that has the lock
    try:
        lock.acquire(blocking=False)
    except Timeout:
        other = "another process"
        with suppress(OSError):  # it has the lock and has not written its name yet
            other = holder.read_text(encoding="utf-8")
        print(f"waiting for {other}", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        with suppress(OSError):  # the disk is full: whoever writes more will say so, and name the file
            holder.write_text(f"process {os.getpid()}: {what}", encoding="utf-8")
        yield
    finally:
        _release(lock)


def is_held(name: str) -> bool:
    """Return whether a living process holds the lock."""
    lock = FileLock(paths.kept("locks") / f"{name}.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    _release(lock)
    return False


def _release(lock: BaseFileLock) -> None:
    """Release a lock and remove its files; those who wait for it notice, and create a new one."""
    path = Path(lock.lock_file)
    path.with_suffix(".holder").unlink(missing_ok=True)
    path.unlink(missing_ok=True)
    lock.release()
