"""Processes that a stage starts, and that end when it does, however it ends: then their standard input is closed."""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence

from tagger.runner.run_stage import STARTED


def start_child(
    arguments: Sequence[str], environment: Mapping[str, str] | None = None, descriptors: Sequence[int] = ()
) -> "subprocess.Popen[bytes]":
    """Run Python with these arguments; without an environment the child has that of the stage."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        stdin=subprocess.PIPE,
        pass_fds=descriptors,
        start_new_session=True,  # Ctrl-C is for the stage, which ends the others
    )
    STARTED.append(process)
    return process


def end_with_the_stage() -> None:
    """End this process as soon as the stage that started it ends."""

    def watch() -> None:
        os.read(0, 1)  # returns at the end of the input
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
