"""The commands of README.md, run word for word in a fresh clone."""

import doctest
import os
import re
import signal
import socket
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.conftest import ROOT, Project, copy_files

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [  # each with what it prints
    command.partition("\n")[::2]
    for block in re.findall(r"^```console\n\$ (.*?)^```", README, re.DOTALL | re.MULTILINE)
    for command in block.split("\n$ ")
]


def run(project: Project, command: str, port: int) -> str:
    """Run a command in a shell; return what it prints. A server is ended once it answers."""
    process = project.start("bash", "-c", f"export MLFLOW_PORT={port}; {command}")
    if command == "make ui":
        while True:
            assert process.poll() is None
            try:
                requests.get(f"http://127.0.0.1:{port}/health", timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
    printed = process.communicate()[0]
    assert process.returncode == 0 or command == "make ui", printed
    return printed


def set_up(clone: Path) -> None:
    """Give a clone the environment of this Python, as `make setup` would leave it."""
    (clone / ".venv").mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (clone / ".venv" / name).symlink_to(Path(sys.prefix) / name)
    (clone / ".venv/installed").touch()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_commands_print_what_the_readme_shows(tmp_path: Path) -> None:
    origin, clone = (Project(tmp_path / name) for name in ("origin", "lstm-tagger"))
    copy_files(origin.root, left_out=())
    origin.commit("start")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    here = {"REPOSITORY": str(origin.root), "FILE": "data/raw/train.csv", "5000": str(port)}
    assert len(COMMANDS) >= 8
    for shown in COMMANDS:
        command, expected = (re.sub("|".join(here), lambda name: here[name[0]], text) for text in shown)
        cloned = clone.root.exists()
        printed = run(clone if cloned else Project(tmp_path), command, port).replace(str(port), "5000")
        if not cloned:
            set_up(clone.root)
        expected = expected.replace(str(port), "5000")
        options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        assert doctest.OutputChecker().check_output(expected, printed, options), f"{command}\n{printed}"
