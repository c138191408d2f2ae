"""What computes here: bytes that portable arithmetic does not hold for depend on it."""

import platform
from pathlib import Path

from tagger.core.common import arithmetic
from tagger.core.common.arithmetic import Arithmetic


def describe(setting: Arithmetic, device_type: str) -> dict[str, str]:
    """Return processor, instruction set and torch build that a training uses, and the arithmetic that it comes to."""
    import torch

    return {
        "processor": torch.cuda.get_device_name() if device_type == "cuda" else processor_name(),
        "instruction_set": torch.backends.cpu.get_cpu_capability(),
        "arithmetic": "native" if arithmetic.limits(device_type) else setting,
        "torch": torch.__version__,
    }


def processor_name() -> str:
    """Return the model of the processor; the name of its architecture if the system does not tell more."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(models), platform.processor() or platform.machine())
