"""The processes that train one model together, with torch.distributed: Gloo between CPUs, NCCL between GPUs."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from tagger.core.common.processes import rank

RENDEZVOUS = "TAGGER_RENDEZVOUS"  # where the processes of `tagger.runner.workers` meet; torchrun has its own variables


@dataclass
class ProcessGroup:
    """One process among the `size` of a training; more than one need the process group of torch.distributed."""

    rank: int = 0  # the process of rank 0 writes
    size: int = 1
    device: torch.device | None = None

    def gather(self, part: Tensor) -> list[Tensor]:
        """Return the tensors of all processes, ordered by rank; they have the same shape.

        Raises:
            ConnectionError: another process has ended.
        """
        if self.size == 1:
            return [part]
        parts = [torch.empty_like(part) for _ in range(self.size)]
        try:
            dist.all_gather(parts, part)
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            raise ConnectionError(f"another process of this training has ended: {reason}") from None
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
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, init_method=os.environ.get(RENDEZVOUS, "env://"), rank=rank(), world_size=size)
    try:
        yield ProcessGroup(rank(), size, device)
    finally:
        dist.destroy_process_group()
