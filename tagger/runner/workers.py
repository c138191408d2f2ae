"""The further processes of a training on one machine: how many are worth while, their start, and their end.

Each is a copy of the stage with the variables in its environment that torchrun would have set. It lives as long as the
stage holds the other end of its standard input, however the stage may end.
"""

import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from joblib import cpu_count

from tagger.core.common.errors import InputError
from tagger.train.process_group import RENDEZVOUS

VARIABLE = "TAGGER_PROCESSES"
WORTH_STARTING = 300_000  # tokens of all epochs: half a minute; a process takes some seconds to start


def choose_processes(shards: int, tokens: int, device: torch.device) -> int:
    """Return how many processes are to share a training of so many tokens, all epochs counted.

    They are those of torchrun, where it has started them. Else there is one for each core or GPU, or what the variable
    `TAGGER_PROCESSES` says, but no more than shards.

    Raises:
        InputError: the variable holds no number; torchrun's number does not divide that of the shards.
    """
    started = int(os.environ.get("WORLD_SIZE", "0"))
    if started and shards % started:
        raise InputError(f"WORLD_SIZE: got {started} processes, expected a divisor of train.shards, which is {shards}")
    if started:
        return started
    chosen = os.environ.get(VARIABLE)
    if chosen is not None and not (chosen.isdecimal() and int(chosen)):
        raise InputError(f"{VARIABLE}: got {chosen!r}, expected a whole number at least 1")
    if chosen is not None:
        most = int(chosen)
    elif tokens < WORTH_STARTING:
        most = 1
    else:
        most = torch.cuda.device_count() if device.type == "cuda" else cpu_count()
    # A power of two, as the number of shards is.
    return 1 << (min(most, shards).bit_length() - 1)


@contextmanager
def workers(processes: int, command: Sequence[str]) -> Iterator[None]:
    """Run a command of Python's in all processes but this one, with the environment that makes them a group.

    Processes that torchrun has started are such a group already.
    """
    if processes == 1 or "WORLD_SIZE" in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory() as folder:
        shared = _environment(processes, Path(folder) / "rendezvous")
        own = shared | {"RANK": "0", "LOCAL_RANK": "0"}
        os.environ |= own
        started: list[subprocess.Popen[bytes]] = []
        try:
            started += [_start(command, number) for number in range(1, processes)]
            yield
        finally:
            for process in started:
                process.communicate()  # closes its standard input
            for name in own:
                del os.environ[name]


def end_with_the_stage() -> None:
    """Let this process end at once when the stage that has started it does."""
    if RENDEZVOUS not in os.environ:
        return

    def watch() -> None:
        os.read(0, 1)  # returns at the end of the input
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _environment(processes: int, rendezvous: Path) -> dict[str, str]:
    """Return the variables of a group on this machine, which nobody outside can reach."""
    loopback = next((name for _, name in socket.if_nameindex() if name.startswith("lo")), "lo")
    return {"WORLD_SIZE": str(processes), RENDEZVOUS: rendezvous.as_uri(), "GLOO_SOCKET_IFNAME": loopback}


def _start(command: Sequence[str], number: int) -> "subprocess.Popen[bytes]":
    environment = {name: value for name, value in os.environ.items() if name != "DVC_STAGE"}  # not its to restore
    return subprocess.Popen(
        [sys.executable, *command],
        env=environment | {"RANK": str(number), "LOCAL_RANK": str(number)},
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the stage, which ends the others
    )
