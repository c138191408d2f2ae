"""The other processes of a training on one machine: how many are worthwhile, starting and ending them.

Each is a copy of the stage with the environment variables that torchrun would set.
"""

import os
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch
from joblib import cpu_count

from tagger.core.common.errors import InputError
from tagger.runner.run_stage import start_child
from tagger.train.process_group import RENDEZVOUS

VARIABLE = "TAGGER_PROCESSES"
WORTH_STARTING = 300_000  # tokens in all epochs: half a minute; a process takes seconds to start


def choose_processes(shards: int, tokens: int, device: torch.device) -> int:
    """Return how many processes share a training, given the shards of a batch and the tokens in all epochs.

    If torchrun has started processes, it is their number. Otherwise it is the value of `TAGGER_PROCESSES`, or one for a
    short training, or one per core or GPU. That is lowered to a power of two, at most the number of shards.

    Raises InputError if the variable is not a number, or torchrun's number does not divide that of the shards.
    """
    if started := int(os.environ.get("WORLD_SIZE", "0")):
        if shards % started:
            raise InputError(
                f"WORLD_SIZE: got {started} processes, expected a divisor of the shards (train.shards), here {shards}"
            )
        return started
    chosen = os.environ.get(VARIABLE)
    if chosen is not None:
        if not (chosen.isdecimal() and int(chosen)):
            raise InputError(f"{VARIABLE}: got {chosen!r}, expected a whole number of at least 1")
        most = int(chosen)
    elif tokens < WORTH_STARTING:
        most = 1
    else:
        most = torch.cuda.device_count() if device.type == "cuda" else cpu_count()
    return 1 << (min(most, shards).bit_length() - 1)


@contextmanager
def workers(processes: int, command: Sequence[str]) -> Iterator[None]:
    """Run Python with these arguments in all processes of a group but this one, whose environment then describes it.

    If torchrun has started the processes, nothing is left to do.
    """
    if processes == 1 or "WORLD_SIZE" in os.environ:
        yield
        return
    loopback = next((name for _, name in socket.if_nameindex() if name.startswith("lo")), "lo")  # only for this machine
    with tempfile.TemporaryDirectory() as folder, ExitStack() as started:  # its end closes their standard inputs
        rendezvous = (Path(folder) / "rendezvous").as_uri()
        os.environ |= {"WORLD_SIZE": str(processes), RENDEZVOUS: rendezvous, "GLOO_SOCKET_IFNAME": loopback}
        os.environ |= {"RANK": "0", "LOCAL_RANK": "0"}
        others = {name: value for name, value in os.environ.items() if name != "DVC_STAGE"}  # they restore nothing
        for number in range(1, processes):
            process = start_child(command, others | {"RANK": str(number), "LOCAL_RANK": str(number)})
            started.enter_context(process)
            started.callback(process.kill)  # it may hang
        yield
