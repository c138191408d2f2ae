"""The processes that train one model together, with torch.distributed: Gloo between CPUs, NCCL between GPUs."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from tagger.core.common.processes import rank

RENDEZVOUS = "TAGGER_RENDEZVOUS"  # where the processes of `tagger.runner.workers` meet; torchrun has its own variables
ANSWER = timedelta(minutes=10)  # for the others to answer rank 0
WHILE_IT_LOGS = timedelta(days=30)  # for rank 0 to answer them; they end with it anyway


@dataclass
class ProcessGroup:
    """One process among the `size` of a training; more than one need the process group of torch.distributed.

    The methods raise ConnectionError if another process has ended, or does not answer in time.
    """

    rank: int = 0  # the process of rank 0 writes
    size: int = 1
    device: torch.device | None = None

    def gather(self, part: Tensor) -> list[Tensor]:
        """Return the tensors of all processes, ordered by rank; they have the same shape."""
        parts = [part if number == self.rank else torch.empty_like(part) for number in range(self.size)]
        others = [number for number in range(self.size) if number != self.rank]
        # Not all_gather: its errors do not tell which process is silent.
        passed = [dist.P2POp(dist.isend, part, number) for number in others]
        passed += [dist.P2POp(dist.irecv, parts[number], number) for number in others]
        works = dist.batch_isend_irecv(passed) if passed else []
        for work, operation in zip(works, passed, strict=False):  # nccl has one work for all
            with _reporting(f"process {operation.peer}"):
                work.wait()
        return parts

    def share(self, state: dict[str, Any] | None) -> dict[str, Any] | None:
        """Return the state that the process of rank 0 passes, with tensors on the CPU; the others pass None."""
        if self.size == 1:
            return state
        # Not broadcast_object_list, which would unpickle whatever comes over the network.
        buffer = io.BytesIO()
        torch.save(state, buffer)
        content = torch.frombuffer(buffer.getbuffer(), dtype=torch.uint8).to(self.device)
        size = torch.tensor([len(content)], device=self.device)
        with _reporting("another process"):
            dist.broadcast(size, 0)
            if self.rank:
                content = content.new_empty(int(size))
            dist.broadcast(content, 0)
        received = io.BytesIO(content.cpu().numpy().tobytes())
        shared: dict[str, Any] | None = torch.load(received, weights_only=True, map_location="cpu")
        return shared


ALONE = ProcessGroup()


@contextmanager
def joined(device: torch.device) -> Iterator[ProcessGroup]:
    """Join the process group described by the environment, if any; leave it on exit."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    backend, place = "nccl" if device.type == "cuda" else "gloo", os.environ.get(RENDEZVOUS, "env://")
    limit = WHILE_IT_LOGS if rank() else ANSWER
    with _reporting("another process"):
        dist.init_process_group(backend, init_method=place, rank=rank(), world_size=size, timeout=limit)
    yield ProcessGroup(rank(), size, device)
    dist.destroy_process_group()  # not after an error: it waits for what is under way


@contextmanager
def _reporting(who: str) -> Iterator[None]:
    """Raise ConnectionError, one line, in place of an error of torch."""
    try:
        yield
    except RuntimeError as error:
        why = f"has ended, or not answered for {ANSWER.seconds} seconds: {str(error).splitlines()[0]}"
        raise ConnectionError(f"{who} of this training {why}") from None
