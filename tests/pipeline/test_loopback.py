"""Nothing goes out: whole runs in which a Python that looks beyond the loopback is stopped, and noted.

Libraries in C++ have sockets that Python does not see. strace notes where these go.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
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
QUIET = re.compile(r"CI|GITHUB_ACTIONS|GITLAB_CI|JENKINS_URL|DO_NOT_TRACK|(MLFLOW|DVC|ORT)_.*")
OUTSIDE = re.compile(
    r"connect\(.*inet_(?:addr|pton)\((?!\"127[.]|AF_INET6, \"(?:::1|::ffff:127[.][0-9.]+)\"|\"0[.]0[.]0[.]0\").*"
)


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


def test_onnx_runtime_leaves_no_trace_of_its_user(finished: Project, tmp_path: Path) -> None:
    own = ("env", "-u", "ORT_DISABLE_TELEMETRY", f"HOME={tmp_path}", f"TMPDIR={tmp_path}")
    finished.run(*own, sys.executable, "-m", "tagger", "predict", "The dog")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@contextmanager
def serving(project: Project) -> Iterator[str]:
    process = project.start(*watched(project), sys.executable, "-u", "-m", "tagger", "serve", "--port", "0")
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[0]
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # strace passes none on
        process.communicate(timeout=20)


def watched(project: Project) -> tuple[str, ...]:
    """Return a command that runs another, and notes to where it and its children connect."""
    return (
        "strace",
        "-f",
        "-A",
        "--seccomp-bpf",
        "-e",
        "trace=connect",
        "-o",
        str(project.root.parent / "connections"),
    )


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace (Debian: apt-get install strace)")
def test_no_process_reaches_beyond_the_loopback(tmp_path: Path, notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    project = make_project(tmp_path / "project")
    project.edit("params.yaml", "epochs: 3", "epochs: 1")
    committed = ("git", "show", "HEAD:.dvc/config")  # as everybody gets it
    config = subprocess.run(committed, cwd=ROOT, capture_output=True, check=True).stdout
    (project.root / ".dvc/config").write_bytes(config)
    own = ("env", "-u", "DVC_NO_ANALYTICS", "TAGGER_PROCESSES=2", *watched(project))
    project.run(*own, "dvc", "repro")
    project.run(*own, "dvc", "plots", "show")
    tagger = (*own, sys.executable, "-m", "tagger")
    project.run(*tagger, "sync")
    project.run(*tagger, "results")
    assert "dog" in project.run(*tagger, "predict", "The dog")
    project.run(*tagger, "predict", "--model", "models:/lstm-tagger@champion", "The dog")
    with serving(project) as url:
        assert requests.post(f"{url}/api/tag", json={"sentences": "The dog"}, timeout=60).ok
        time.sleep(20)  # ONNX Runtime would speak some seconds after its start
    with mlflow_ui(project.root) as url:
        assert requests.get(f"{url}/ajax-api/3.0/mlflow/ui-telemetry", timeout=60).ok
    assert not notes.exists(), notes.read_text(encoding="utf-8")
    connections = (tmp_path / "connections").read_text(encoding="utf-8")
    assert "connect(" in connections
    assert not OUTSIDE.findall(connections), OUTSIDE.findall(connections)
