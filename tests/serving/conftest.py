"""A server process with two small models, as a user starts it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.samples import save_model

ROOT = Path(__file__).parents[2]


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[str]:
    """Start `serve` in a folder; give the address that it prints, and stop it at the end."""
    command = [sys.executable, "-m", "tagger", "serve", "--port", "0", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.fullmatch(r"(http://\S+) \(Ctrl-C to stop\)\n", process.stdout.readline())
        assert found
        yield found[1]
        assert process.poll() is None
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the models `first` and `second`."""
    folder = tmp_path_factory.mktemp("served")
    save_model(folder / "first", seed=1)
    save_model(folder / "second", seed=2)
    return folder


@pytest.fixture(scope="session")
def served(folder: Path) -> Iterator[str]:
    """The address of a server with the models `first` and `second`."""
    with running(folder, "--model", "first", "--model", "second") as url:
        yield url


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the model `first`, to compare with."""
    folder = tmp_path_factory.mktemp("models") / "first"
    save_model(folder, seed=1)
    return folder
