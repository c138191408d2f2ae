"""Twenty kills at random moments of a training on the starter corpus: a quarter of an hour with each kind of store."""

import contextlib
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Project, copy_files
from tests.pipeline.test_servers import free_port, mlflow_server
from tests.processes import kill
from tests.stores import StoreView, check_complete, store_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3000),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]
KILLS = 20
EPOCHS = 6
OUTPUTS = ("data/prepared", "data/predictions", "models", "metrics")
REPRO = ("dvc", "repro")
REFUSED = {
    "dvc.lock' is invalid": "dvc.lock",
    "dvc.lock' validation failed": "dvc.lock",
    "Unable to read RWLock-file": ".dvc/tmp/rwlock",
}


def starter(root: Path) -> Project:
    """The project as it is, with one loss and half the epochs."""
    copy_files(root)
    project = Project(root)
    project.edit("params.yaml", "epochs: 12", f"epochs: {EPOCHS}")
    project.edit("params.yaml", "- nll\n", "")
    project.commit("start")
    return project


def start_and_kill(project: Project, after: float, whom: str, repro: tuple[str, ...]) -> bool:
    """Start the pipeline, kill -9 its stage, DVC, or both; return whether it was still at work then."""
    with project.start(*repro) as dvc:
        time.sleep(after)
        kill(dvc, whom)
        at_work = dvc.wait() != 0
        dvc.communicate()  # also waits for a stage that lives on
    return at_work


def run_again(project: Project, repro: tuple[str, ...]) -> str:
    """Run the pipeline; return which file of DVC's had to be removed first, as docs/experiments.md says.

    DVC writes these files in place. A kill in that moment leaves a part of one, which DVC may refuse.
    """
    with project.start(*repro) as dvc:
        printed = dvc.communicate()[0]
    if dvc.returncode == 0:
        return ""
    damaged = [file for words, file in REFUSED.items() if words in printed]
    assert damaged, printed
    (project.root / damaged[0]).unlink()
    project.run(*repro)
    return damaged[0]


def seconds_of(project: Project, *command: str) -> float:
    """Run a command; return how long it took."""
    start = time.monotonic()
    project.run(*command)
    return time.monotonic() - start


def lock_and_outputs(project: Project) -> dict[str, bytes]:
    """Return all that DVC has of a project.

    It adds to its .gitignore files and never takes a line back. Killed, it may leave a temporary file, and ignores it.
    """
    found = project.contents(*OUTPUTS) | {"dvc.lock": (project.root / "dvc.lock").read_bytes()}
    of_dvc = re.compile(r"(.*/)?(\.gitignore|\.[\w-]{22}\.tmp)")
    return {name: content for name, content in found.items() if not of_dvc.fullmatch(name)}


@contextlib.contextmanager
def tracked_on(where: str, project: Project) -> Iterator[tuple[tuple[str, ...], str]]:
    """Give the command that runs the pipeline with tracking in a `file` or on a `server`, and the URI of that store."""
    if where == "file":
        yield REPRO, f"sqlite:///{project.root}/mlflow.db"
    else:
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        with mlflow_server(f"sqlite:///{project.root.parent}/server.db", project.root.parent, port):
            yield ("env", f"MLFLOW_TRACKING_URI={address}", *REPRO), address


@pytest.mark.parametrize("where", ["file", "server"])
def test_twenty_kills_change_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str], where: str) -> None:
    seed = random.SystemRandom().randrange(1000)
    dice = random.Random(seed)
    undisturbed = starter(tmp_path / "undisturbed")
    duration = seconds_of(undisturbed, *REPRO)
    expected = lock_and_outputs(undisturbed)
    project = starter(tmp_path / "project")
    hit: list[str] = []
    executions = 0
    with tracked_on(where, project) as (repro, uri):
        while len(hit) < KILLS:
            executions += 1
            after, whom = dice.uniform(0, duration), dice.choice(("stage", "dvc", "both"))
            forget(project)
            at_work = start_and_kill(project, after, whom, repro)
            removed = run_again(project, repro)
            if at_work:
                hit.append(f"{whom} after {after:.1f} s" + f", in {removed}" * bool(removed))
            assert lock_and_outputs(project) == expected, f"seed {seed}: {hit}"
        with capsys.disabled():
            print(f"\nseed {seed}, {duration:.0f} s undisturbed: {', '.join(hit)}")
        store = StoreView(uri)
        runs = store.runs()
        assert len(runs) == len(store.groups()) == executions
        check_complete(store, runs, epochs=EPOCHS)


def forget(project: Project) -> None:
    """Go back to the start, but for MLflow's store."""
    for place in (*OUTPUTS, "dvc.lock", ".dvc/cache", ".dvc/tmp"):
        project.run("rm", "-rf", place)


@pytest.mark.parametrize("whom", ["stage", "both"])
def test_a_killed_temporary_experiment_goes_on(tmp_path: Path, whom: str) -> None:
    project = starter(tmp_path / "project")
    command = ("dvc", "exp", "run", "--temp", "-S", "seeds=[2]")
    with project.start(*command) as dvc:
        assert dvc.stdout is not None
        assert any("epoch 2/" in line for line in dvc.stdout)
        kill(dvc, whom)
        dvc.communicate()
    printed = project.run(*command, "--name", "again")
    assert re.search(r"resumed after epoch \d of 6", printed)
    store = store_of(project)
    (run,) = store.runs()
    assert run.info.run_name == "again/cross_entropy"
    check_complete(store, [run], epochs=EPOCHS)
