"""A copy of the project to run the pipeline in, on a corpus and a network small enough for a test."""

import contextlib
import importlib
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tagger.core.common import arithmetic

arithmetic.use("portable")  # before any test imports torch

ROOT = Path(__file__).parent.parent
RECORDED = ROOT / "recorded"
PARAMS = RECORDED / "starter/params.yaml"  # the defaults, whatever the user has made of params.yaml
RESULTS = ("dvc.lock", "metrics", "models", "mlflow.db", "mlruns", "data/prepared", "data/predictions")
USERS = ("params.yaml", *RESULTS, ".dvc/config", ".dvc/cache", ".dvc/tmp")  # what users edit, and what their runs write
_WATCHED = tuple(str(ROOT / name) for name in USERS)
_OPENING = ("open", "os.listdir", "os.scandir", "sqlite3.connect")  # events of Python
TINY = {
    "word_dim: 100": "word_dim: 8",
    "character_dim: 32": "character_dim: 4",
    "character_filters: 128": "character_filters: 8",
    "affix_dim: 50": "affix_dim: 3",
    "hidden: 128": "hidden: 8",
    "epochs: 12": "epochs: 3",
    "min_batches: 50": "min_batches: 4",
    "shards: auto": "shards: 2",  # for tests of two processes
}

# One worker makes the finished project for the first of them, and meanwhile the others have those that need none.
COSTLY = (
    "pipeline/test_pipeline.py",
    "serving",
    "report/page/test_browser",
    "spark",
    "tracking",
    "pipeline/test_recovery",
    "runner/test_workers",
    "pipeline/test_failures",
    "pipeline/test_tracking",
)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Let a test fail that opens what users edit and the pipeline writes: it has to pass whatever is there."""
    by_folder = event == "open" and arguments[1] is None  # os.open, whose path may be relative to any open folder
    if event in _OPENING and not by_folder and isinstance(arguments[0], str | Path):
        path = str(Path(arguments[0]).absolute())
        if path.startswith(_WATCHED):
            pytest.fail(f"{path}: a test opened it, but users change it; recorded/ has what tests may read")


sys.addaudithook(_watch)


class Project:
    """A git repository with the pipeline in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *command: str, succeeds: bool = True) -> str:
        """Run a command as a user would, from the root of the project; return all that it prints."""
        with self.start(*command) as process:
            printed = process.communicate()[0]
        assert (process.returncode == 0) == succeeds, f"{command} exited with {process.returncode}:\n{printed}"
        return printed

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """Start a command in a process group of its own, both its outputs going to one pipe."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "MLFLOW_"))}
        environment |= {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}",
            "DVC_NO_ANALYTICS": "1",
            "GIT_AUTHOR_NAME": "t",
            "GIT_AUTHOR_EMAIL": "t@example.org",
            "GIT_COMMITTER_NAME": "t",
            "GIT_COMMITTER_EMAIL": "t@example.org",
        }
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run_here(self, stage: str, *arguments: str, uri: str = "") -> None:
        """Run a stage in this process, which has torch and MLflow already: to import them takes most of its time."""
        with own_environment(), contextlib.chdir(self.root), warnings.catch_warnings(action="ignore"):
            os.environ["MLFLOW_TRACKING_URI"] = uri
            importlib.import_module(f"stages.{stage}").main(*arguments)

    def edit(self, file: str, old: str, new: str) -> int:
        """Replace the one place where a text stands in a file; return its line."""
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return text[: text.index(old)].count("\n") + 1

    def contents(self, *folders: str) -> dict[str, bytes]:
        """Return the bytes of every file in the folders."""
        files = (path for folder in folders for path in sorted((self.root / folder).rglob("*")) if path.is_file())
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in files}

    def changed_stages(self) -> set[str]:
        """Return what `dvc status` names, without a process that imports DVC."""
        from dvc.repo import Repo

        with contextlib.chdir(self.root), Repo() as repo:
            return set(repo.status())

    def commit(self, message: str) -> None:
        """Commit all that git does not ignore."""
        self.run("git", "init", "--quiet")
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", message)

    def copy_to(self, target: Path) -> "Project":
        """Copy all but the tracking store, whose artifacts lie at absolute paths."""
        shutil.copytree(self.root, target, ignore=shutil.ignore_patterns("mlflow.db", "mlruns"))
        return Project(target)


@contextlib.contextmanager
def own_environment() -> Iterator[None]:
    """Give what runs in this process an environment of its own: MLflow sets variables itself once it is connected."""
    from tagger.predict.mlflow_store import tracking_uri

    before = dict(os.environ)
    for name in before:
        if name.startswith(("MLFLOW_", "DVC_")):
            del os.environ[name]
    os.environ |= {"GIT_CEILING_DIRECTORIES": "/", "MLFLOW_DISABLE_TELEMETRY": "true"}
    tracking_uri.cache_clear()
    try:
        yield
    finally:
        if "mlflow" in sys.modules:
            sys.modules["mlflow"].set_tracking_uri(None)
        tracking_uri.cache_clear()
        os.environ.clear()
        os.environ.update(before)


def copy_files(root: Path, left_out: tuple[str, ...] = ("tests/", "docs/", "recorded/")) -> None:
    """Copy the files that git has, and new code, but not those that begin so; params are the recorded ones."""
    listing = ("git", "ls-files", "--exclude-standard")
    for options in (["--cached"], ["--others", "--", "tagger", "stages", "tests", "recorded"]):
        listed = subprocess.run([*listing, *options], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in listed.splitlines():
            if not name.startswith((*USERS, *left_out)) and (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, root / name)
    shutil.copyfile(PARAMS, root / "params.yaml")


def make_project(root: Path) -> Project:
    """Copy the project's files, shrink the network, and cut the corpus to its first sentences."""
    copy_files(root)
    project = Project(root)
    for old, new in TINY.items():
        project.edit("params.yaml", old, new)
    for split, rows in (("train", 80), ("dev", 20), ("test", 20)):
        keep_rows(root / f"data/raw/{split}.csv", rows)
    project.commit("start")
    return project


def keep_rows(path: Path, rows: int) -> None:
    """Cut a CSV to its header and its first rows."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[: rows + 1]), encoding="utf-8")


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that one worker of xdist makes for all of them; who wants it meanwhile waits."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder, made = base / name, base / f"{name}.made"
    with FileLock(base / f"{name}.lock"):
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the costly files: `--dist loadfile` gives the next one to the worker that is free."""
    items.sort(key=_turn)
    for item in items:
        if "finished" in getattr(item, "fixturenames", ()):
            item.add_marker("pipeline")


def _turn(item: pytest.Item) -> int:
    file = item.path.relative_to(ROOT / "tests").as_posix()
    return next((turn for turn, name in enumerate(COSTLY) if file.startswith(name)), len(COSTLY))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, database: Path) -> Project:
    """A project in which `dvc repro` has run. Tests only read it, also while other workers copy it."""

    def make(folder: Path) -> None:
        project = make_project(folder / "project")
        shutil.copyfile(database, project.root / "mlflow.db")
        project.run("dvc", "repro")
        project.commit("run")

    return Project(made_once(tmp_path_factory, "finished", make) / "project")


@pytest.fixture
def copy(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project, with its outputs and its DVC cache, to change."""
    return finished.copy_to(tmp_path / "project")


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the tables of MLflow and nothing else in it."""

    def make(folder: Path) -> None:
        with warnings.catch_warnings(action="ignore"):  # MLflow's own code uses what its libraries deprecate
            from mlflow.store.db.utils import _initialize_tables, create_sqlalchemy_engine

            engine = create_sqlalchemy_engine(f"sqlite:///{folder}/mlflow.db")
            _initialize_tables(engine)
            engine.dispose()

    return made_once(tmp_path_factory, "database", make) / "mlflow.db"


@pytest.fixture
def tracked(copy: Project, database: Path) -> Project:
    """A copy of the finished project with an empty tracking store: to create one takes seconds."""
    shutil.copyfile(database, copy.root / "mlflow.db")
    return copy
