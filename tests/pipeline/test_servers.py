"""A tracking server that dies in mid-training. With real servers: minutes."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.conftest import make_project
from tests.stores import StoreView, check_complete

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1500),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]
EPOCHS = 400


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a database server of Debian's package on a new cluster; give the URI of its database."""
    found = shutil.which("initdb") or next(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")), None)
    if found is None:
        pytest.skip("PostgreSQL is not installed here (Debian: apt-get install postgresql)")
    programs = Path(found).resolve().parent
    root = os.geteuid() == 0
    # It refuses to run as root, and the folder of pytest is closed to other users.
    as_user = ("runuser", "-u", "postgres", "--") if root else ()
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    if root:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
    port = free_port()
    settings = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    data = str(folder / "data")

    def run(program: str, *arguments: str) -> None:
        command = [*as_user, str(programs / program), "-D", data, *arguments]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, cwd=folder)

    try:
        run("initdb", "-U", "tagger", "-A", "trust")
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", settings, "start")
        try:
            yield f"postgresql+psycopg2://tagger@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@contextmanager
def sqlite() -> Iterator[str]:
    """Give the URI of a new database."""
    with tempfile.TemporaryDirectory(prefix="sqlite-") as folder:
        yield f"sqlite:///{folder}/server.db"


@contextmanager
def mlflow_server(database: str, folder: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a tracking server until the block ends."""
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    command = [str(Path(sys.executable).parent / "mlflow"), "server", "--backend-store-uri", database, "--workers", "1"]
    command += ["--artifacts-destination", str(folder / "artifacts"), "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "server.log").open("ab") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        for _ in range(240):
            try:
                requests.get(f"http://127.0.0.1:{port}/health", timeout=5)
                break
            except requests.RequestException:
                assert server.poll() is None, (folder / "server.log").read_text(encoding="utf-8")
                time.sleep(0.5)
        yield server
    finally:
        kill(server)


def kill(server: "subprocess.Popen[bytes]") -> None:
    """Kill a server and its workers."""
    if server.poll() is None:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


@pytest.mark.parametrize("database", [sqlite, postgresql])
def test_a_server_killed_in_mid_training_costs_nothing(tmp_path: Path, database: object) -> None:
    assert callable(database)
    project = make_project(tmp_path / "project")
    project.edit("params.yaml", "epochs: 3", f"epochs: {EPOCHS}")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = ("env", f"MLFLOW_TRACKING_URI={address}")
    with database() as uri:
        with mlflow_server(uri, tmp_path, port) as server:
            with project.start(*environment, "dvc", "repro") as dvc:
                assert dvc.stdout is not None
                assert any(f"nll-1 epoch 80/{EPOCHS}" in line for line in dvc.stdout)
                kill(server)
                printed = dvc.communicate()[0]
            assert dvc.returncode == 0, printed
        assert printed.count("training continues, and missing data will be logged later") == 1
        assert "Traceback" not in printed
        assert (project.root / "models/export/config.json").exists()
        with mlflow_server(uri, tmp_path, port):
            assert "logged 9 waiting records" in project.run(*environment, "python", "-m", "tagger", "sync")
            again = project.run(*environment, "python", "-m", "tagger", "sync")
            assert again.startswith("MLflow is up to date\n")
            store = StoreView(address)
            runs = store.runs()
            assert {run.info.run_name for run in runs} == {"nll", "cross_entropy"}
            assert len(runs) == 2
            assert len(store.groups()) == 1
            check_complete(store, runs, epochs=EPOCHS)
            assert not [run for run in runs if "restored" in run.data.tags]


def test_a_database_of_postgresql_is_used_without_a_server(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    with postgresql() as uri:
        environment = ("env", f"MLFLOW_TRACKING_URI={uri}")
        project.run(*environment, "dvc", "exp", "run", "--temp", "--name", "temporary")
        store = StoreView(uri)
        runs = store.runs()
        assert {run.info.run_name for run in runs} == {"temporary/nll", "temporary/cross_entropy"}
        check_complete(store, runs, epochs=3)
    printed = project.run(*environment, "dvc", "exp", "run", "-S", "seeds=[2]", succeeds=False)
    assert "error: MLflow: postgresql+psycopg2://***@127.0.0.1:" in printed
    assert "Traceback" not in printed
