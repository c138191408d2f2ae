"""The device to compute on, its random numbers, and deterministic operations."""

import os

import torch
from torch import Tensor

from tagger.core.common.errors import InputError
from tagger.core.params.schema import Device


def choose_device(name: Device) -> torch.device:
    """Return the device for the param `device`; `auto` is CUDA if available, one GPU per process of a training.

    On a CPU, torch gets one thread: the matrices are small, and each step would wait for the slowest core. Raises
    InputError if `cuda` is asked for, but torch finds no CUDA device.
    """
    torch.set_num_threads(1)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with a fixed workspace
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError("device: got 'cuda', but torch finds no CUDA device here; expected 'auto' or 'cpu'")
    if name == "cpu" or not available:
        return torch.device("cpu")
    be_deterministic()
    own = os.environ.get("LOCAL_RANK")  # if several processes of this machine train together
    return torch.device("cuda" if own is None else f"cuda:{own}")


def seed_random(seed: int, device: torch.device) -> None:
    """Seed torch's random numbers on the CPU and on the device.

    `torch.manual_seed` also seeds kinds of device that are absent, recording the caller's stack for each: a millisecond
    per step.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed_all(seed)


def send(values: Tensor, device: torch.device) -> Tensor:
    """Return a tensor on a device. A GPU copies while the CPU goes on: it would wait for memory that is not pinned."""
    return values.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else values.to(device)


def be_deterministic() -> None:
    """Restrict torch to operations that give the same bits each time. Those used for tagging on a CPU always do."""
    # The same as torch.use_deterministic_algorithms, without importing torch's compiler, which takes a second.
    torch.set_deterministic_debug_mode("error")
    # Every operation here writes its whole result; filling it first took a sixth of the training time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # Otherwise torch warns that nothing checks the indices of sparse gradients; its own operations make them.
    torch.sparse.check_sparse_tensor_invariants.disable()  # type: ignore[no-untyped-call]
