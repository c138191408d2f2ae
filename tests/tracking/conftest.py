"""A workspace whose stages have run on a tiny corpus, made once and copied."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagger.core.common import paths
from tagger.core.common.files import new_folder
from tagger.evaluate.evaluate_model import evaluate_model
from tagger.tracking.store import Store, connect
from tagger.train.trainer import write_outputs
from tests.conftest import PARAMS, made_once, own_environment
from tests.samples import PLAIN, data_of, random_corpus, run, trainer_of
from tests.tracking.samples import LOSSES, export, write_lock_file

TEST_SPLITS = {"test": 3, "other_test": 4}  # and the seed of each


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    with own_environment():
        yield


@pytest.fixture(scope="session")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the stages write, without MLflow. `other_test` is prepared beside `test`."""
    return made_once(tmp_path_factory, "outputs", _write_outputs)


def _write_outputs(folder: Path) -> None:
    shutil.copyfile(PARAMS, folder / "params.yaml")
    data = data_of(random_corpus(12, seed=1), random_corpus(6, seed=2))
    with contextlib.chdir(folder):
        with new_folder(paths.DICTIONARIES) as partial:
            data.dictionaries.save(partial)
        splits = {"train": data.train, "dev": data.dev}
        splits |= {
            name: data_of(random_corpus(12, 1), random_corpus(5, seed)).dev for name, seed in TEST_SPLITS.items()
        }
        for name, split in splits.items():
            with new_folder(paths.PREPARED / name) as partial:
                split.save(partial)
        for loss in LOSSES:
            trainer = trainer_of(data, PLAIN, {"epochs": 2, "learning_rate": 0.2}, loss)
            run(trainer)
            write_outputs(trainer)
            evaluate_model(loss)
        export()
        write_lock_file()


@pytest.fixture
def workspace(outputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the outputs, which is the current folder."""
    folder = tmp_path / "workspace"
    shutil.copytree(outputs, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def store(workspace: Path, database: Path) -> Store:
    """The store of the workspace, empty."""
    shutil.copyfile(database, workspace / "mlflow.db")
    return connect()
