"""A workspace whose stages have run on a tiny corpus, made once and copied."""

import contextlib
import itertools
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tagger.core.common import paths
from tagger.core.common.files import new_folder
from tagger.core.corpus.dictionary import Dictionaries
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.params.schema import Training
from tagger.evaluate.evaluate_model import evaluate_model
from tagger.tracking import mlflow_side  # noqa: F401 # later it could import what a test has replaced
from tagger.tracking.store import Store, connect
from tagger.train.trainer import write_outputs
from tests.conftest import PARAMS, made_once, own_environment
from tests.samples import PLAIN, Data, data_of, random_corpus, run, trainer_of
from tests.tracking.samples import LOSSES, SEEDS, export, write_lock_file, write_report

TRAINED = {"epochs": 2, "learning_rate": 0.2}
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
            trainer = trainer_of(data, PLAIN, TRAINED, loss)
            run(trainer)
            write_outputs(trainer)
            evaluate_model(Training(loss, 1))
        export()
        write_lock_file()


@pytest.fixture
def workspace(outputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the outputs, which is the current folder."""
    folder = tmp_path / "workspace"
    shutil.copytree(outputs, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def more_seeds(tmp_path_factory: pytest.TempPathFactory, outputs: Path) -> Path:
    """The same with the seeds 1 to 3, compared."""

    def write(folder: Path) -> None:
        shutil.copytree(outputs, folder, dirs_exist_ok=True)
        with contextlib.chdir(folder):
            text = Path("params.yaml").read_text(encoding="utf-8")
            Path("params.yaml").write_text(text.replace("\n- 1\n", "\n- 1\n- 2\n- 3\n"), encoding="utf-8")
            train, dev = (EncodedSplit.load(split) for split in (paths.TRAIN, paths.DEV))
            data = Data(Dictionaries.load(paths.DICTIONARIES), train, dev)
            for loss, seed in itertools.product(LOSSES, (2, 3)):
                trainer = trainer_of(data, PLAIN, TRAINED, loss, seed)
                run(trainer)
                write_outputs(trainer)
                evaluate_model(Training(loss, seed))
            write_report(SEEDS)

    return made_once(tmp_path_factory, "more_seeds", write)


@pytest.fixture
def seeds(more_seeds: Path, workspace: Path) -> Path:
    """The workspace with several seeds."""
    shutil.copytree(more_seeds, workspace, dirs_exist_ok=True)
    return workspace


Fill = Callable[[Path, Callable[[Store], object]], Path]


@pytest.fixture(scope="module")
def filled(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Fill:
    """Copies outputs and fills the store beside them, once for all tests of a module, which leave it as it is."""

    def fill(outputs: Path, write: Callable[[Store], object]) -> Path:
        folder = tmp_path_factory.mktemp("filled")
        shutil.copytree(outputs, folder, dirs_exist_ok=True)
        shutil.copyfile(database, folder / "mlflow.db")
        with own_environment(), contextlib.chdir(folder), warnings.catch_warnings(action="ignore"):
            write(connect())
        return folder

    return fill


@pytest.fixture
def store(workspace: Path, database: Path) -> Store:
    """The store of the workspace, empty."""
    shutil.copyfile(database, workspace / "mlflow.db")
    return connect()
