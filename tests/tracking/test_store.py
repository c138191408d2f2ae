"""Where runs go, and what is said when they can't."""

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from sqlalchemy import Engine

from tagger.core.common.errors import InputError
from tagger.predict.mlflow_store import StoreAwayError, address, knock, reporting, tracking_uri
from tagger.tracking.store import connect
from tests.conftest import ROOT
from tests.pipeline.test_servers import postgresql

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "experiment").mkdir()
    monkeypatch.chdir(tmp_path / "experiment")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


def uri_for(monkeypatch: pytest.MonkeyPatch, variable: str) -> str:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", variable)
    tracking_uri.cache_clear()
    return tracking_uri()


def refusal() -> str:
    """Return the one line that says why there is no store."""
    with pytest.raises(StoreAwayError) as caught:
        connect()
    assert "\n" not in str(caught.value)
    return str(caught.value)


# The URI


def test_the_database_lies_in_the_main_workspace(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tracking_uri() == f"sqlite:///{folder}/mlflow.db"
    assert uri_for(monkeypatch, "") == f"sqlite:///{folder}/mlflow.db"


def test_the_folder_of_the_moment_is_the_workspace_outside_dvc(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DVC_ROOT")
    assert tracking_uri() == f"sqlite:///{folder}/experiment/mlflow.db"


@pytest.mark.parametrize("path", ["own.db", "./own.db", "runs/own.db"])
def test_a_relative_database_is_one_in_the_main_workspace(
    folder: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert uri_for(monkeypatch, f"sqlite:///{path}") == f"sqlite:///{folder / path}"


@pytest.mark.parametrize(
    "uri",
    [
        "sqlite:////somewhere/own.db",
        "sqlite:///file:/somewhere/own.db?mode=ro&uri=true",
        "http://127.0.0.1:5000",
        "https://example.org/mlflow",
        "postgresql://user:secret@example.org/runs",
        "postgresql+psycopg://example.org/runs",
        "databricks",
    ],
)
def test_any_other_address_stays_as_it_is(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert uri_for(monkeypatch, uri) == uri


def test_the_uri_is_the_one_before_mlflow_changes_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracking_uri()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///other.db")
    assert tracking_uri() == f"sqlite:///{folder}/mlflow.db"


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("postgresql://user:secret@example.org/runs", "postgresql://***@example.org/runs"),
        ("postgresql+psycopg2://user:secret@example.org:5432/runs", "postgresql+psycopg2://***@example.org:5432/runs"),
        ("mysql://user:se%2Fcret@example.org/runs", "mysql://***@example.org/runs"),
        ("postgresql://example.org/runs?user=user&password=secret", "postgresql://example.org/runs?***"),
        ("https://example.org/mlflow?token=secret", "https://example.org/mlflow?***"),
        ("http://user:'s \"ecret@example.org/mlflow", "http://***@example.org/mlflow"),
        ("https://user:secret@example.org/mlflow", "https://***@example.org/mlflow"),
        ("https://example.org/mlflow", "https://example.org/mlflow"),
        ("sqlite:////home/a@b/own.db", "sqlite:////home/a@b/own.db"),
    ],
)
def test_the_address_leaves_the_password_out(uri: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    uri_for(monkeypatch, uri)
    assert address() == shown


# Connecting


@pytest.fixture
def filled(folder: Path, database: Path) -> Path:
    """A workspace whose database has its tables already."""
    shutil.copyfile(database, folder / "mlflow.db")
    return folder


def test_the_experiment_is_made_with_its_artifacts_below_the_workspace(filled: Path) -> None:
    store = connect()
    experiment = store.client.get_experiment(store.experiment)
    assert experiment.name == "lstm-tagger"
    assert experiment.artifact_location == f"file://{filled}/mlruns/lstm-tagger"
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    assert list((filled / "experiment").iterdir()) == []


def test_two_processes_may_make_the_experiment_at_once(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = connect()
    find, answers = MlflowClient.get_experiment_by_name, [None]
    monkeypatch.setattr(
        MlflowClient, "get_experiment_by_name", lambda self, name: answers.pop() if answers else find(self, name)
    )
    assert connect().experiment == other.experiment
    assert answers == []


def test_two_processes_may_make_the_database_at_once(
    folder: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtake(engine: Engine) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE half (number INTEGER)")
        assert not (folder / "mlflow.db").exists()
        shutil.copyfile(database, folder / "mlflow.db")

    monkeypatch.setattr("mlflow.store.db.utils._initialize_tables", overtake)
    assert connect().client.search_runs([connect().experiment]) == []
    assert [path.name for path in folder.iterdir() if "mlflow.db" in path.name] == ["mlflow.db"]
    with contextlib.closing(sqlite3.connect(folder / "mlflow.db")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchall() == []


def test_a_new_database_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    connect()
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("server", [False, True])
def test_two_workspaces_start_at_once_on_one_new_database(tmp_path: Path, server: bool) -> None:
    command = [sys.executable, "-W", "ignore", "-c", "from tagger.tracking.store import connect; connect()"]
    with postgresql() if server else contextlib.nullcontext(f"sqlite:///{tmp_path}/both.db") as uri:
        processes = []
        for place in (tmp_path / "one", tmp_path / "two"):
            place.mkdir()
            environment = os.environ | {"MLFLOW_TRACKING_URI": uri, "PYTHONPATH": str(ROOT), "DVC_ROOT": str(place)}
            if server:  # for processes of other machines, MLflow's lock is another file
                environment["TMPDIR"] = str(place)
            processes.append(subprocess.Popen(command, env=environment, cwd=place, stderr=subprocess.PIPE, text=True))
        assert [(process.communicate()[1], process.returncode) for process in processes] == [("", 0)] * 2


def test_the_experiment_is_found_again(filled: Path) -> None:
    assert connect().experiment == connect().experiment
    assert len(connect().client.search_experiments()) == 2  # MLflow's default one is the other


def test_the_environment_names_the_experiment(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "my own")
    store = connect()
    experiment = store.client.get_experiment(store.experiment)
    assert (experiment.name, experiment.artifact_location) == ("my own", f"file://{filled}/mlruns/my%20own")


def test_an_empty_experiment_name_is_none(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "")
    store = connect()
    assert store.client.get_experiment(store.experiment).name == "lstm-tagger"


def test_a_deleted_experiment_is_a_mistake_of_the_user(filled: Path) -> None:
    store = connect()
    store.client.delete_experiment(store.experiment)
    with pytest.raises(InputError) as caught:
        connect()
    assert not isinstance(caught.value, StoreAwayError)
    assert str(caught.value) == (
        "MLflow: the experiment 'lstm-tagger' is deleted, expected it active; "
        f"`mlflow experiments restore -x {store.experiment}` brings it back"
    )


@pytest.mark.parametrize("name", ["/Shared/x", "../../x", "..", ".", "a%2Fb", "x" * 400, "ü?#&"])
def test_artifacts_lie_inside_the_workspace_whatever_the_experiment_is_called(
    filled: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", name)
    store = connect()
    experiment = store.client.get_experiment(store.experiment)
    run = store.client.create_run(store.experiment).info.run_id
    store.client.log_text(run, "here", "a.txt")
    assert experiment.name == name
    (written,) = filled.rglob("a.txt")
    assert written.parents[3] == filled / "mlruns"


# The folder of the project


@pytest.mark.parametrize("name", ["what?", "x%20y", "50% off", "a #1 süß", "a;b&c=d"])
def test_a_project_may_lie_in_a_folder_of_any_name_and_be_moved(
    name: str, tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root, moved = tmp_path / "here" / name, tmp_path / "there" / name
    enter(root, monkeypatch)
    shutil.copyfile(database, root / "mlflow.db")
    run = log_file()
    assert sorted(path.name for path in root.iterdir()) == ["data", "mlflow.db", "mlruns", "params.yaml"]
    assert [path.name for path in root.parent.iterdir()] == [name]
    monkeypatch.chdir(tmp_path)
    moved.parent.mkdir()
    root.rename(moved)
    enter(moved, monkeypatch)
    for _ in range(2):
        store = connect(to_write=False)
        assert Path(store.client.download_artifacts(run, "a.txt")).read_text(encoding="utf-8") == "here"
    assert capsys.readouterr().err.splitlines() == [
        f"MLflow: this project was moved or copied; its artifacts are now in {moved}/mlruns"
    ]
    assert not root.exists()


def test_an_experiment_whose_artifacts_lie_elsewhere_on_purpose_stays(filled: Path, tmp_path: Path) -> None:
    elsewhere = (tmp_path.parent / "mlruns/elsewhere").as_uri()
    connect().client.create_experiment("other", artifact_location=elsewhere)
    (filled / "mlruns/lstm-tagger").mkdir(parents=True)
    other = connect().client.get_experiment_by_name("other")
    assert other is not None
    assert other.artifact_location == elsewhere


def enter(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go to a folder below the root of a project, as a new process."""
    (root / "data").mkdir(parents=True, exist_ok=True)
    (root / "params.yaml").touch()
    monkeypatch.chdir(root / "data")
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    tracking_uri.cache_clear()


def log_file() -> str:
    store = connect()
    run = str(store.client.create_run(store.experiment).info.run_id)
    store.client.log_text(run, "here", "a.txt")
    return run


def test_who_reads_makes_nothing(tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "project"
    enter(root, monkeypatch)
    with pytest.raises(InputError, match=rf"^trainings: not found in MLflow: there is no database {root}/mlflow.db, "):
        connect(to_write=False)
    shutil.copyfile(database, root / "mlflow.db")
    with pytest.raises(InputError, match=r"^trainings: not found in MLflow: .* has no experiment 'lstm-tagger'$"):
        connect(to_write=False)
    assert sorted(path.name for path in root.rglob("*")) == ["data", "mlflow.db", "params.yaml"]


def test_who_reads_outside_of_a_project_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DVC_ROOT")
    tracking_uri.cache_clear()
    with pytest.raises(InputError, match=r"; this folder is outside a project$"):
        connect(to_write=False)


@pytest.mark.parametrize("uri", ["https://127.0.0.1:9", "http://127.0.0.1:9/mlflow", "databricks", "uc:https://x"])
def test_only_mlflow_s_own_client_speaks_to_a_server(uri: str) -> None:
    knock(uri)


# What is said when the store is away


def test_a_server_that_is_down_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uri_for(monkeypatch, f"http://user:secret@127.0.0.1:{port}")
    line = refusal()
    assert line.startswith(f"MLflow: http://***@127.0.0.1:{port} does not answer or refuses writes: ")
    assert "refused" in line
    assert "secret" not in line


@pytest.fixture
def dripping() -> Iterator[str]:
    """The address of a server that begins an answer, and sends a byte of it now and then."""
    done = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\nContent-Type: application/json\r\n\r\n{")
            while not done.wait(0.2):
                connection.sendall(b" ")

    def serve(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        done.set()
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_a_server_that_drips_is_given_up(dripping: str, monkeypatch: pytest.MonkeyPatch) -> None:
    timer = signal.setitimer
    monkeypatch.setattr(signal, "setitimer", lambda which, left, *again: timer(which, left / 60, *again))
    uri_for(monkeypatch, dripping)
    assert refusal().startswith(f"MLflow: {dripping} does not answer or refuses writes: ")
    assert "no whole answer within 120 seconds" in refusal()


def question(*parts: tuple[float, float]) -> None:
    """Deal with the store within half a second, but for parts with a limit of their own, and a time that they take."""
    with reporting(0.5):
        for limit, taken in parts:
            with reporting(limit):
                time.sleep(taken)
        time.sleep(60)


def test_a_part_has_a_limit_of_its_own() -> None:
    with pytest.raises(StoreAwayError, match=r"no whole answer within 0\.5 seconds"):
        question((60, 1), (60, 0))
    with pytest.raises(StoreAwayError, match=r"no whole answer within 0\.1 seconds"):
        question((60, 1), (0.1, 60))


def test_a_file_that_is_no_database_is_one_line(folder: Path) -> None:
    (folder / "mlflow.db").write_text("this is no database\n" * 100, encoding="utf-8")
    assert refusal() == (
        f"MLflow: sqlite:///{folder}/mlflow.db does not answer or refuses writes: file is not a database"
    )


def test_the_folder_of_a_database_is_made(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = uri_for(monkeypatch, "sqlite:///runs/of/mine/own.db")
    knock(uri)
    assert (filled / "runs/of/mine").is_dir()


def test_a_database_that_takes_nothing_is_one_line(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = uri_for(monkeypatch, f"sqlite:///file:{filled}/mlflow.db?mode=ro&uri=true")
    assert refusal() == f"MLflow: {uri} does not answer or refuses writes: attempt to write a readonly database"


def test_a_database_of_a_newer_mlflow_is_one_line(filled: Path) -> None:
    with contextlib.closing(sqlite3.connect(filled / "mlflow.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'fffffffffff'")
        connection.commit()
    assert refusal().startswith(f"MLflow: sqlite:///{filled}/mlflow.db does not answer or refuses writes: ")


def test_an_address_whose_port_is_no_number_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://user:secret@example.org:port/runs")
    tracking_uri.cache_clear()
    with pytest.raises(InputError, match=r"^MLFLOW_TRACKING_URI: can't be read as an address; expected [^\n]*$"):
        connect()


@pytest.mark.parametrize(
    "uri",
    [
        "http://user:s3cr3t'pw@127.0.0.1:{}",
        'http://user:s3cr3t "pw@127.0.0.1:{}',
        "http://127.0.0.1:{}/?token=s3cr3t&a=b",
        "postgresql://user:s3cr3t%40pw@127.0.0.1:{}/runs",
        "postgresql://127.0.0.1:{}/runs?user=u&password=s3cr3t",
    ],
)
def test_no_secret_is_said_by_those_who_do_not_reach_the_store(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    uri_for(monkeypatch, uri.format(port))
    assert "s3cr3t" not in refusal()


@pytest.mark.parametrize("uri", ["ftp://user:secret@example.org/runs", "oracle://user:secret@example.org/runs"])
def test_a_scheme_that_mlflow_does_not_know_is_one_line(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    uri_for(monkeypatch, uri)
    line = refusal()
    assert line.startswith(f"MLflow: {uri.partition(':')[0]}://***@example.org/runs does not answer or refuses writes:")
    assert "secret" not in line


def test_a_database_whose_driver_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    uri_for(monkeypatch, "postgresql+psycopg2://user:secret@127.0.0.1:1/runs")
    line = refusal()
    assert "psycopg2" in line.rpartition(": ")[2]
    assert line.startswith("MLflow: postgresql+psycopg2://***@127.0.0.1:1/runs does not answer or refuses writes: ")
    assert "secret" not in line


def test_what_mlflow_raises_in_a_block_is_one_line_that_names_the_store(folder: Path) -> None:
    from mlflow.exceptions import MlflowException

    with pytest.raises(StoreAwayError) as caught, reporting():
        raise MlflowException("first\nsecond")
    assert str(caught.value) == f"MLflow: sqlite:///{folder}/mlflow.db does not answer or refuses writes: first second"


def test_a_full_disk_while_the_database_is_made_is_one_line(folder: Path) -> None:
    with pytest.raises(StoreAwayError) as caught, reporting():
        raise sqlite3.OperationalError("database or disk is full")
    assert str(caught.value).endswith("/mlflow.db does not answer or refuses writes: database or disk is full")


def test_a_long_reason_is_whole(folder: Path) -> None:
    with pytest.raises(StoreAwayError) as caught, reporting():
        raise OSError("x" * 1000 + "\nlast")
    assert str(caught.value).endswith(f": {'x' * 1000} last")


def test_a_reason_without_words_is_the_name_of_the_error() -> None:
    with pytest.raises(StoreAwayError, match=r": PermissionError$"), reporting():
        raise PermissionError


def test_the_reason_is_what_the_system_said_beneath() -> None:
    from mlflow.exceptions import MlflowException

    error = MlflowException("API request failed")
    error.__cause__ = OSError(28, "No space left on device")
    with pytest.raises(StoreAwayError, match=r": \[Errno 28\] No space left on device$"), reporting():
        raise error


@pytest.mark.parametrize("error", [InputError("damaged"), ValueError("own"), KeyboardInterrupt()])
def test_what_is_no_error_of_the_store_passes(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, reporting():
        raise error
    assert caught.value is error


def test_a_server_that_is_down_is_noticed_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    with reporting():
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "2"
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "9")
    with reporting():
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "9"
