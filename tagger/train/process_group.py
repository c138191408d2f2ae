"""The processes that train one model together, by torch.distributed: gloo between CPUs, nccl between GPUs."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from tagger.core.common.processes import rank

RENDEZVOUS = "TAGGER_RENDEZVOUS"  # where processes that this project started meet; those of torchrun have its variables


class ProcessGroup:
    """One process among those of a training: `rank` counts from 0, and 0 is the one that writes."""

    def __init__(self, rank: int = 0, size: int = 1, device: torch.device | None = None) -> None:
        """Take part in what torch.distributed has set up; with the size 1 there is nothing to set up."""
        self.rank, self.size, self._device = rank, size, device

    def share_of(self, amount: int) -> range:
        """Return which of an amount of equal pieces of work are this process's; `size` divides the amount."""
        each = amount // self.size
        return range(self.rank * each, (self.rank + 1) * each)

    def gather(self, part: Tensor) -> list[Tensor]:
        """Return the tensors of all processes by rank; they have one shape.

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
        """Return the state that the first process gives: tensors, numbers and text in dicts and lists."""
        if self.size == 1:
            return state
        buffer = io.BytesIO()
        torch.save(state, buffer)
        length = torch.tensor([buffer.tell()], device=self._device)
        dist.broadcast(length, 0)
        content = torch.zeros(int(length), dtype=torch.uint8)
        if self.rank == 0:
            content = torch.frombuffer(buffer.getbuffer(), dtype=torch.uint8)
        content = content.to(self._device)
        dist.broadcast(content, 0)
        stored: dict[str, Any] | None = torch.load(
            io.BytesIO(content.cpu().numpy().tobytes()), weights_only=True, map_location="cpu"
        )
        return stored


ALONE = ProcessGroup()


@contextmanager
def joined(device: torch.device) -> Iterator[ProcessGroup]:
    """Meet the other processes of the environment, if there are any, and part from them at the end."""
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
