"""Nothing goes out: whole runs in which a Python that looks beyond the loopback is stopped, and noted."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.conftest import ROOT, Project, make_project
from tests.mlflow_ui import mlflow_ui

# Python imports the module of this name when it starts, so every process that inherits PYTHONPATH has the hook.
HOOK = """
import sys

FILE = {file!r}
WATCHED = ("connect", "bind", "sendto", "sendmsg", "getaddrinfo", "gethostbyname", "gethostbyaddr", "getnameinfo")


def watch(event, arguments):
    if not event.startswith("socket.") or event[7:] not in WATCHED:
        return
    place = arguments[0] if isinstance(arguments[0], (str, bytes)) or arguments[0] is None else arguments[-1]
    host = place[0] if isinstance(place, tuple) else ""  # of a Unix socket, or the wildcard of a look-up
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0] or "localhost"
    elif not isinstance(place, tuple):
        return
    if isinstance(host, bytes):
        host = host.decode()
    if host == "localhost" or host == "::1" or host.startswith("127."):
        return
    with open(FILE, "a") as notes:
        notes.write(f"{{event}} {{host}}: {{sys.argv}}\\n")
    raise OSError(101, f"a test forbids to reach {{host}}")


sys.addaudithook(watch)
"""
# Connects as the stages do, and does what MLflow tells its authors of.
SPEAKING = """
import threading
from tagger.tracking.store import connect
store = connect()
store.client.create_run(store.experiment)
for thread in threading.enumerate()[1:]:
    thread.join(20)
"""
QUIET = re.compile(r"CI|GITHUB_ACTIONS|GITLAB_CI|JENKINS_URL|DO_NOT_TRACK|(MLFLOW|DVC)_.*")


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which processes note what they were kept from; they see no sign of an unattended run."""
    file = tmp_path / "notes"
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook/sitecustomize.py").write_text(HOOK.format(file=str(file)), encoding="utf-8")
    for name in list(os.environ):
        if QUIET.fullmatch(name):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "hook"))
    return file


def test_mlflow_is_silent_unless_the_user_lets_it_speak(
    notes: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    shutil.copyfile(database, notes.parent / "mlflow.db")
    for value, heard in ((None, False), ("false", True)):
        own = {"DVC_ROOT": str(notes.parent)} | ({"MLFLOW_DISABLE_TELEMETRY": value} if value else {})
        subprocess.run([sys.executable, "-c", SPEAKING], cwd=ROOT, env=os.environ | own, check=True)
        assert notes.exists() == heard, value


def test_make_ui_starts_mlflow_in_silence_too() -> None:
    recipe = subprocess.run(["make", "-n", "ui"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "MLFLOW_DISABLE_TELEMETRY=${MLFLOW_DISABLE_TELEMETRY-true} " in recipe


@contextmanager
def serving(project: Project) -> Iterator[str]:
    process = project.start(sys.executable, "-u", "-m", "tagger", "serve", "--port", "0")
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[0]
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.mark.slow
def test_no_process_reaches_beyond_the_loopback(tmp_path: Path, notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    project = make_project(tmp_path / "project")
    project.edit("params.yaml", "epochs: 3", "epochs: 1")
    own = ("env", "-u", "DVC_NO_ANALYTICS", "TAGGER_PROCESSES=2")
    project.run(*own, "dvc", "repro")
    project.run(*own, "dvc", "plots", "show")
    project.run(sys.executable, "-m", "tagger", "sync")
    project.run(sys.executable, "-m", "tagger", "results")
    assert "dog" in project.run(sys.executable, "-m", "tagger", "predict", "The dog")
    project.run(sys.executable, "-m", "tagger", "predict", "--model", "models:/lstm-tagger@champion", "The dog")
    with serving(project) as url:
        assert requests.post(f"{url}/api/tag", json={"sentences": "The dog"}, timeout=60).ok
    with mlflow_ui(project.root) as url:
        assert requests.get(f"{url}/ajax-api/3.0/mlflow/ui-telemetry", timeout=60).ok
    assert not notes.exists(), notes.read_text(encoding="utf-8")
