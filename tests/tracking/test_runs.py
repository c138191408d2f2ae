"""Runs are found by what they hold, grouped by execution, and closed when their process is dead."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tagger.core.params.schema import Training
from tagger.runner.locks import hold, is_held
from tagger.tracking import runs
from tagger.tracking.gather import begin_training, gather
from tagger.tracking.record import Dataset, Record
from tagger.tracking.runs import close_abandoned_runs, find_run, open_run, resume_run
from tagger.tracking.store import Store, connect
from tests.tracking.samples import groups_of, runs_of, whole_record

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
ROOT = Path(__file__).parents[2]


def training(loss: Any = "nll", identity: str = "a", **changes: Any) -> Record:
    """Return the record of a training that starts."""
    return begin_training(Training(loss, 1), identity).model_copy(update=changes)


def status(store: Store, run: Any) -> str:
    return str(store.client.get_run(run.info.run_id).info.status)


# Finding


def test_a_training_is_found_by_its_identity_alone(store: Store) -> None:
    run = open_run(store, training(identity="a"))
    assert run.data.tags["training"] == "a"
    found = find_run(store, training(identity="a", experiment="renamed"))
    assert found is not None
    assert found.info.run_id == run.info.run_id
    assert find_run(store, training(identity="b")) is None


def test_opening_a_run_again_makes_no_other(store: Store) -> None:
    record = training()
    assert open_run(store, record).info.run_id == open_run(store, record).info.run_id
    assert len(runs_of(store)) == len(groups_of(store)) == 1


def test_a_model_is_found_by_its_fingerprint_and_loss(store: Store) -> None:
    record = gather(Training("nll", 1))
    assert find_run(store, record) is None
    run = open_run(store, record)
    found = find_run(store, record)
    assert found is not None
    assert found.info.run_id == run.info.run_id
    assert find_run(store, record.model_copy(update={"model": "0" * 64})) is None
    assert find_run(store, gather(Training("cross_entropy", 1))) is None


def test_the_newest_run_of_a_model_is_found(store: Store) -> None:
    record = gather(Training("nll", 1))
    for identity, started in (("a", 1_000), ("b", 3_000), ("c", 2_000)):
        run = open_run(store, training(identity=identity, started=started))
        store.client.set_tag(run.info.run_id, "model.sha256", record.model)
    found = find_run(store, record)
    assert found is not None
    assert found.data.tags["training"] == "b"


def test_a_run_that_was_measured_on_another_test_split_is_not_found(store: Store) -> None:
    record = whole_record()
    run = open_run(store, record)
    store.client.set_tag(run.info.run_id, "model.sha256", record.model)
    assert find_run(store, record) is not None  # measured on none yet
    store.client.set_tag(run.info.run_id, "test.digest", record.datasets["test"].digest)
    assert find_run(store, record) is not None
    assert find_run(store, gather(Training("nll", 1))) is not None
    other = record.model_copy(update={"datasets": record.datasets | {"test": Dataset("other.csv", "other", {}, None)}})
    assert find_run(store, other) is None


def test_a_deleted_run_is_not_found(store: Store) -> None:
    run = open_run(store, training())
    store.client.delete_run(run.info.run_id)
    assert find_run(store, training()) is None


# Groups


def test_a_run_has_the_name_the_tags_and_the_group_of_its_record(store: Store) -> None:
    record = training(experiment="wide")
    run = open_run(store, record)
    (group,) = groups_of(store)
    assert run.info.run_name == "wide/nll"
    assert run.info.status == "RUNNING"
    assert run.data.tags.items() >= record.tags.items()
    assert run.data.tags["mlflow.parentRunId"] == group.info.run_id
    assert run.data.tags["group"] == group.data.tags["group"] == record.group
    assert "restored" not in run.data.tags
    assert (group.info.run_name, group.info.status) == ("wide", "FINISHED")
    assert "loss" not in group.data.tags
    assert group.data.params == {name: str(value) for name, value in record.params.items() if name != "loss"}


@pytest.mark.parametrize(
    ("tags", "name"),
    [
        ({}, "repro without git"),
        ({"git.commit": "0123456789", "git.dirty": "false"}, "repro 0123456"),
        ({"git.commit": "0123456789", "git.dirty": "true"}, "repro 0123456+"),
    ],
)
def test_a_group_is_named_by_the_commit(store: Store, tags: dict[str, str], name: str) -> None:
    record = training()
    open_run(store, record.model_copy(update={"tags": record.tags | tags}))
    assert [group.info.run_name for group in groups_of(store)] == [name]


def test_the_losses_of_an_execution_join_one_group_and_the_next_execution_opens_another(store: Store) -> None:
    order = [("nll", "a"), ("cross_entropy", "b"), ("nll", "c"), ("cross_entropy", "d")]
    parents = [
        open_run(store, training(loss, identity, started=1_000 * number)).data.tags["mlflow.parentRunId"]
        for number, (loss, identity) in enumerate(order, start=1)
    ]
    assert parents == [parents[0]] * 2 + [parents[2]] * 2
    assert parents[0] != parents[2]
    assert len(groups_of(store)) == 2


def test_other_settings_have_groups_of_their_own(store: Store) -> None:
    for number, experiment in enumerate((None, "wide", "deep")):
        open_run(store, training(identity=str(number), experiment=experiment))
    assert len(groups_of(store)) == 3


def test_a_deleted_group_is_not_joined(store: Store) -> None:
    open_run(store, training("nll", "a"))
    (group,) = groups_of(store)
    store.client.delete_run(group.info.run_id)
    run = open_run(store, training("cross_entropy", "b"))
    assert run.data.tags["mlflow.parentRunId"] != group.info.run_id


def test_no_other_process_makes_a_group_while_one_is_looked_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[bool] = []
    make = runs._open_group

    def watched(*arguments: Any) -> Any:
        held.append(is_held("mlflow"))
        return make(*arguments)

    monkeypatch.setattr(runs, "_open_group", watched)
    open_run(store, training())
    assert held == [True]
    assert not is_held("mlflow")


OPEN = """
import sys
from tagger.core.params.schema import Training
from tagger.tracking.gather import begin_training
from tagger.tracking.runs import open_run
from tagger.tracking.store import connect
print("ready", flush=True)
sys.stdin.readline()
store = connect()
for number in range(4):
    record = begin_training(Training(sys.argv[1], 1), f"{sys.argv[1]}-{number}")
    open_run(store, record.model_copy(update={"experiment": str(number)}))
"""


@pytest.mark.slow  # that the lock is held is seen in test_store.py
def test_two_processes_that_start_at_the_same_time_make_one_database_and_one_group(workspace: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, loss],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for loss in ("nll", "cross_entropy")
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        assert (process.communicate()[0], process.returncode) == ("", 0)
    store = connect()
    assert len(runs_of(store)) == 8
    assert len(groups_of(store)) == 4


# Going on


def test_a_training_that_goes_on_in_another_experiment_takes_its_name(store: Store) -> None:
    record = training(experiment="first")
    run = open_run(store, record)
    store.client.set_terminated(run.info.run_id, "KILLED")
    tags = {**record.tags, "dvc.experiment": "second", "git.commit": "0123456789"}
    again = record.model_copy(update={"experiment": "second", "tags": tags})
    resume_run(store, run, again)
    (now,) = runs_of(store)
    (group,) = groups_of(store)
    assert (now.info.run_id, now.info.run_name, now.info.status) == (run.info.run_id, "second/nll", "RUNNING")
    assert now.data.tags.items() >= tags.items()
    assert (group.info.run_name, group.data.tags["dvc.experiment"]) == ("second", "second")
    assert "loss" not in group.data.tags


# Closing


def locked(identity: str, lock: str, **changes: str) -> Record:
    record = training(identity=identity)
    return record.model_copy(update={"tags": record.tags | {"training.lock": lock, **changes}})


def test_runs_whose_process_is_dead_are_closed_as_killed(store: Store) -> None:
    dead, alive = open_run(store, locked("a", "dead")), open_run(store, locked("b", "alive"))
    with hold("alive", "a training"):
        assert close_abandoned_runs(store) == ["nll"]
        assert close_abandoned_runs(store) == []
        assert (status(store, dead), status(store, alive)) == ("KILLED", "RUNNING")
    assert close_abandoned_runs(store) == ["nll"]
    assert status(store, alive) == "KILLED"


def test_runs_of_other_workspaces_and_runs_of_others_are_not_closed(store: Store) -> None:
    other = open_run(store, locked("a", "dead", workspace="elsewhere:/home/user/project"))
    nothing = open_run(store, training(identity="b"))  # without a lock nobody knows
    foreign = store.client.create_run(store.experiment)
    assert close_abandoned_runs(store) == []
    assert {status(store, run) for run in (other, nothing, foreign)} == {"RUNNING"}


def test_runs_that_have_ended_stay_as_they_are(store: Store) -> None:
    run = open_run(store, locked("a", "dead"))
    for ended in ("FINISHED", "FAILED", "KILLED"):
        store.client.set_terminated(run.info.run_id, ended)
        assert close_abandoned_runs(store) == []
        assert status(store, run) == ended


@pytest.mark.parametrize("name", ["it's", 'a"b', 'it\'s "so"', "100%", "a_b", "ü\\ö"])
def test_a_workspace_of_any_name_closes_its_own_runs(
    store: Store, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = open_run(store, locked("a", "dead"))
    (tmp_path / name).mkdir()
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / name))
    assert close_abandoned_runs(store) == []
    own = open_run(store, locked("b", "dead"))
    assert close_abandoned_runs(store) == ["nll"]
    assert (status(store, run), status(store, own)) == ("RUNNING", "KILLED")
