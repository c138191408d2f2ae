"""Finding and killing what DVC has started."""

import subprocess
from contextlib import suppress

import psutil


def stages_of(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """Return the stages that a DVC process runs."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it ends at this moment
            if "stages" in child.cmdline():
                found.append(child)
    return found


def kill(process: "subprocess.Popen[str]", whom: str) -> None:
    """Kill -9 a DVC process, the `stage` that it runs, or `both`."""
    victims = [] if whom == "dvc" else stages_of(process)
    if whom != "stage":
        victims.append(psutil.Process(process.pid))
    for victim in victims:
        with suppress(psutil.NoSuchProcess):
            victim.kill()
