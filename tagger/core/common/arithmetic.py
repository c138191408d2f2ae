"""Portable arithmetic: the same bytes on every x86-64 processor with AVX2.

Torch, NumPy and the libraries below them choose their kernels by processor, and each kernel rounds in its own way. They
read the environment when they are imported or first used, so `use` has to come first. Operations that no variable
controls are avoided: `torch.sqrt` of whole tensors, for instance, is MKL's, which rounds differently by vendor.
"""

import os
import platform
import sys
from pathlib import Path
from typing import Literal

from tagger.core.common.errors import InputError
from tagger.core.common.processes import rank

Arithmetic = Literal["portable", "native"]
PORTABLE = {
    "ATEN_CPU_CAPABILITY": "avx2",  # torch's own kernels
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # the LSTM
    "MKL_CBWR": "COMPATIBLE",  # exp and log; AVX2 would bind Intel's processors only
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "OPENBLAS_CORETYPE": "Haswell",  # matrix products of NumPy and SciPy
    "OPENBLAS_NUM_THREADS": "1",  # the rounding of a sum over threads depends on their number
}
CPUINFO = Path("/proc/cpuinfo")  # Linux only; elsewhere every current x86-64 processor has AVX2


def use(arithmetic: Arithmetic) -> None:
    """Choose the arithmetic of libraries not yet imported, here and in child processes."""
    if arithmetic == "portable" and not limits():
        os.environ |= PORTABLE


def in_use() -> bool:
    """Return whether this process computes with portable arithmetic."""
    return os.environ.items() >= PORTABLE.items()


def check(arithmetic: Arithmetic, device_type: str = "cpu") -> None:
    """Warn if `arithmetic` can't hold on this device. Raises InputError if torch was imported without `use`."""
    if arithmetic == "native":
        return
    if reason := limits(device_type):
        if not rank():
            print(f"warning: arithmetic: 'portable' needs an x86-64 processor with AVX2, not {reason}", file=sys.stderr)
    elif not in_use():
        wanted = " ".join(f"{name}={value!r}" for name, value in PORTABLE.items())
        raise InputError(f"arithmetic: 'portable' needs {wanted} in the environment before torch is imported")


def limits(device_type: str = "cpu") -> str:
    """Return what keeps portable arithmetic from holding here; empty if nothing does."""
    if device_type != "cpu":
        return f"a device of type {device_type}"
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return f"a processor of type {platform.machine()}"
    if CPUINFO.exists() and " avx2 " not in CPUINFO.read_text(encoding="utf-8"):
        return "a processor without AVX2"
    return ""
