"""The processor and software of this machine, on which bytes depend without portable arithmetic."""

import platform
import re
from pathlib import Path

from tagger.core.common import arithmetic


def training_tags(setting: arithmetic.Arithmetic, device_type: str) -> dict[str, str]:
    """Return processor, instruction set and torch build that a training uses, and the arithmetic that holds for it."""
    import torch  # takes seconds

    return {
        "training.processor": torch.cuda.get_device_name() if device_type == "cuda" else processor_name(),
        "training.instruction_set": torch.backends.cpu.get_cpu_capability(),
        "training.arithmetic": "native" if arithmetic.limits(device_type) else setting,
        "training.torch": torch.__version__,
    }


def processor_name() -> str:
    """Return the model of the processor, or its architecture if the system tells no more."""
    cpuinfo = Path("/proc/cpuinfo")  # on Linux
    text = cpuinfo.read_text(encoding="utf-8") if cpuinfo.exists() else ""
    model = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return model[1] if model else platform.processor() or platform.machine()
