"""A model's source that can't be read is one line."""

import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagger.core.common.errors import InputError
from tagger.predict.mlflow_store import StoreAwayError, tracking_uri
from tagger.predict.model_source import model_folder_of
from tests.conftest import own_environment

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

MODEL = "models:/lstm-tagger@champion"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    with own_environment():
        os.environ["DVC_ROOT"] = str(tmp_path)
        yield tmp_path


def use(uri: str) -> None:
    os.environ["MLFLOW_TRACKING_URI"] = uri
    tracking_uri.cache_clear()


def refusal(kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught, model_folder_of(MODEL):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_that_is_no_database_is_one_line(folder: Path) -> None:
    (folder / "mlflow.db").write_text("this is no database\n" * 100, encoding="utf-8")
    assert refusal(StoreAwayError) == (
        f"MLflow: sqlite:///{folder}/mlflow.db does not answer or refuses writes: file is not a database"
    )


def test_a_database_whose_driver_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    use("postgresql+psycopg2://user:secret@127.0.0.1:1/runs")
    line = refusal(StoreAwayError)
    assert line.startswith("MLflow: postgresql+psycopg2://***@127.0.0.1:1/runs does not answer or refuses writes: ")
    assert "psycopg2" in line.rpartition(": ")[2]


@pytest.mark.timeout(30)
def test_a_server_that_is_down_is_one_line() -> None:
    use("http://127.0.0.1:9")
    assert refusal(StoreAwayError).startswith("MLflow: http://127.0.0.1:9 does not answer or refuses writes: ")


def test_a_database_of_a_newer_mlflow_is_one_line(folder: Path, database: Path) -> None:
    (folder / "mlflow.db").write_bytes(database.read_bytes())
    with sqlite3.connect(folder / "mlflow.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'fffffffffff'")
    connection.close()
    assert refusal(StoreAwayError).startswith(
        f"MLflow: sqlite:///{folder}/mlflow.db does not answer or refuses writes: "
    )


@pytest.mark.parametrize("query", ["", "?timeout=30"])
@pytest.mark.parametrize("content", [None, b""])
def test_no_database_is_made_for_reading(query: str, content: bytes | None, folder: Path) -> None:
    database = folder / "own.db"
    if content is not None:
        database.write_bytes(content)
    use(f"sqlite:///{database}{query}")
    line = refusal(InputError)
    assert line.startswith(f"{MODEL}: not found in MLflow: there is no database {database}, or it is empty")
    assert not database.exists() or database.read_bytes() == content


@pytest.mark.parametrize("query", ["", "?timeout=30"])
def test_a_model_that_the_database_lacks_is_one_line(query: str, folder: Path, database: Path) -> None:
    (folder / "own.db").write_bytes(database.read_bytes())
    use(f"sqlite:///{folder}/own.db{query}")
    assert refusal(InputError).startswith(f"{MODEL}: not found in MLflow: ")


def test_a_model_of_the_project_is_found_from_a_folder_below(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "models/nll/1").mkdir(parents=True)
    (folder / "data/models").mkdir(parents=True)
    monkeypatch.chdir(folder / "data")
    with model_folder_of("models/nll/1") as found:
        assert found == folder / "models/nll/1"
    (folder / "data/models/nll/1").mkdir(parents=True)
    for name in ("models/nll/1", "models/none"):
        with model_folder_of(name) as found:
            assert found == Path(name)
