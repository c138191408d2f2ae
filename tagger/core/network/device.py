"""Where the tensors live."""

import os

import torch

from tagger.core.common.errors import InputError
from tagger.core.params.schema import Device


def choose_device(name: Device) -> torch.device:
    """Return the device of a param; `auto` takes CUDA where there is one, each process its own.

    On a CPU torch is held to one thread: the matrices of a tagger are small, and a second thread that waits for a busy
    core makes every step wait with it.

    Raises:
        InputError: `cuda` was asked for and there is none.
    """
    torch.set_num_threads(1)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with a fixed workspace
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError("device: got 'cuda', but torch finds no CUDA device here; expected 'auto' or 'cpu'")
    if name == "cpu" or not available:
        return torch.device("cpu")
    be_deterministic()
    own = os.environ.get("LOCAL_RANK")  # where several processes of this machine train together
    return torch.device("cuda" if own is None else f"cuda:{own}")


def seed_random(seed: int, device: torch.device) -> None:
    """Seed torch's random numbers, those of the device too.

    `torch.manual_seed` also does that for each kind of device that is not here, and notes the stack of the caller for
    it: a millisecond in every step.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed_all(seed)


def be_deterministic() -> None:
    """Hold torch to operations that give the same bits each time. Those that tag on a CPU always do."""
    # What torch.use_deterministic_algorithms does, but for importing torch's compiler, which takes a second.
    torch.set_deterministic_debug_mode("error")
    # Every operation here writes all of its result; filling it first took a sixth of the training time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
