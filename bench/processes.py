"""Running a measurement in a process of its own, and what it took."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
KIB_A_MB = 1_000_000 / 1024
UNIT = KIB_A_MB if sys.platform == "linux" else 1_000_000  # of ru_maxrss a MB; macOS counts bytes


class Finished(NamedTuple):
    """What a process took."""

    seconds: float  # from its start to its end
    peak_mb: float  # of memory; where it has children of its own, that of the largest process
    text: str  # both outputs
    processor_seconds: float  # of all its threads; other processes of the machine hardly change it


class ChildError(Exception):
    """A process failed. The text is the last line that it printed."""


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Finished:
    """Run a command in a folder.

    `wait4` gives the memory of this one child. A child starts with the peak of the process that started it, so the
    benchmark itself stays small: it never imports torch or reads a corpus.

    Raises ChildError if it exited with another code than 0.
    """
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=dict(environment), stdout=output, stderr=subprocess.STDOUT)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.send_signal(signal.SIGTERM)
            process.wait()
            raise
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode("utf-8", errors="replace")
    if process.returncode != 0:
        lines = text.strip().splitlines() or [f"exit code {process.returncode}"]
        raise ChildError(lines[-1])
    return Finished(seconds, usage.ru_maxrss / UNIT, text, usage.ru_utime + usage.ru_stime)


def environment(threads: int | None = None) -> dict[str, str]:
    """Return the environment of a child: this project importable, no settings of DVC's or MLflow's, no network.

    Args:
        threads: for matrix products; none leaves it to the child.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "MLFLOW_"))}
    own |= {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    if threads is not None:
        own |= {f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "MKL", "OPENBLAS", "BLIS")}
    return own
