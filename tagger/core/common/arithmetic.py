"""Portable arithmetic: the same bytes on every x86-64 processor with AVX2.

Torch, NumPy and the libraries below them choose their kernels by processor, and each kernel rounds in its own way. They
read the environment when they are imported or first compute, so `use` has to come before. What the variables leave open
is avoided, such as `torch.sqrt` of whole tensors: it is MKL's, which rounds by vendor.
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
    "OPENBLAS_NUM_THREADS": "1",  # a sum over several threads is rounded by their number
}
CPUINFO = Path("/proc/cpuinfo")  # Linux's; elsewhere every x86-64 processor of these days has AVX2


def use(arithmetic: Arithmetic) -> None:
    """Choose the arithmetic of libraries that are still to be imported, here and in processes that this one starts."""
    if arithmetic == "portable" and not limits():
        os.environ |= PORTABLE


def in_use() -> bool:
    """Return whether this process computes with portable arithmetic."""
    return os.environ.items() >= PORTABLE.items()


def check(arithmetic: Arithmetic, device_type: str = "cpu") -> None:
    """Insist on the arithmetic that is asked for, and warn if it can't hold on this processor or type of device.

    Raises:
        InputError: torch was imported without `use`.
    """
    if arithmetic == "native":
        return
    if reason := limits(device_type):
        if not rank():
            print(f"warning: arithmetic: 'portable' is for x86-64 processors with AVX2, not {reason}", file=sys.stderr)
    elif not in_use():
        wanted = " ".join(f"{name}={value!r}" for name, value in PORTABLE.items())
        raise InputError(f"arithmetic: got 'portable', expected {wanted} in the environment before torch is imported")


def limits(device_type: str = "cpu") -> str:
    """Return for what portable arithmetic does not hold here; empty if it holds."""
    if device_type != "cpu":
        return f"a device of type {device_type}"
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return f"a processor of type {platform.machine()}"
    if CPUINFO.exists() and " avx2 " not in CPUINFO.read_text(encoding="utf-8"):
        return "a processor without AVX2"
    return ""
