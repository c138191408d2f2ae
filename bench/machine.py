"""The machine and the versions that a result is of, and the peak of its matrix products."""

import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version

from tagger.runner.machine import processor_name

PACKAGES = ("torch", "numpy", "onnxruntime", "mlflow", "pyspark", "dvc", "nltk", "sklearn-crfsuite", "spacy", "flair")
PEAK_SIZE = 2048  # rows and columns: large enough that nothing but the products counts


def describe_machine() -> dict[str, str | int | float]:
    """Return processor, cores, memory and system, and how busy the machine is; no name of the host."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": processor_name(),
        "cores": cores(),
        "memory_gb": round(memory / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 2),  # processes that wanted to run in the minute before
    }


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that are there."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def product_peak(threads: int, seconds: float) -> float:
    """Return the peak of float32 matrix products: FLOP/s, 2 n^3 for matrices of n x n.

    It is the highest that was seen: a median would be low on a busy machine, and every share of it too high.
    """
    import torch

    torch.set_num_threads(threads)
    left, right = torch.rand(PEAK_SIZE, PEAK_SIZE), torch.rand(PEAK_SIZE, PEAK_SIZE)
    result = torch.empty(PEAK_SIZE, PEAK_SIZE)
    torch.mm(left, right, out=result)
    rates, end = list[float](), time.perf_counter() + seconds
    while not rates or time.perf_counter() < end:
        start = time.perf_counter()
        torch.mm(left, right, out=result)
        rates.append(2 * PEAK_SIZE**3 / (time.perf_counter() - start))
    return max(rates)
