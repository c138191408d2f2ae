"""The run of a training, while it trains and after it broke off."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tagger.core.common import paths
from tagger.core.params.schema import Training
from tagger.predict.mlflow_store import StoreAwayError, tracking_uri
from tagger.runner.locks import hold
from tagger.tracking import delivery
from tagger.tracking.delivery import deliver_waiting
from tagger.tracking.gather import gather
from tagger.tracking.outbox import find_waiting, keep
from tagger.tracking.runs import figures_of
from tagger.tracking.store import Store
from tagger.tracking.training_run import TrainingRun
from tagger.train.trainer import Epoch
from tests.tracking.samples import groups_of, runs_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
ENDED = 1_700_000_000_000
NAMES = (
    "learning_rate",
    "train/loss",
    "dev/loss",
    "dev/accuracy",
    "seconds",
    "tokens_per_second",
)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models take most of the time of a delivery, and test_delivery.py tests them."""
    monkeypatch.setattr(delivery, "log_model", lambda *_: None)


class Clock:
    """The time that the run reads: it goes on when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("tagger.tracking.training_run.time.monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def writes(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[list[tuple[str, int]]]:
    """Return a list that gets the names and steps of each write of metrics."""
    from mlflow import MlflowClient

    seen: list[list[tuple[str, int]]] = []
    log_batch = MlflowClient.log_batch

    def watched(self: Any, run_id: str, metrics: Any = (), **others: Any) -> Any:
        if metrics:
            seen.append([(metric.key, metric.step) for metric in metrics])
        return log_batch(self, run_id, metrics=metrics, **others)

    monkeypatch.setattr(MlflowClient, "log_batch", watched)
    return seen


def epoch(number: int) -> Epoch:
    return Epoch(number, 0.01, 1 / number, 2 / number, 0.5, 1.5, 1000.0, ENDED + number)


def start(identity: str = "a", history: tuple[Epoch, ...] = ()) -> TrainingRun:
    return TrainingRun(Training("nll", 1), identity, f"lock-{identity}", list(history))


def the_run(store: Store) -> Any:
    (run,) = runs_of(store)
    return run


def steps(store: Store, name: str = "dev/loss") -> list[int]:
    return [point.step for point in store.client.get_metric_history(the_run(store).info.run_id, name)]


def break_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the store take no metrics any more."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    def refuse(*_: Any, **__: Any) -> None:
        raise MlflowException("the store is dead")

    for name in ("log_batch", "set_tag", "set_terminated", "create_run", "update_run", "search_runs"):
        monkeypatch.setattr(MlflowClient, name, refuse)


# Logging


def test_an_epoch_is_one_write_of_all_its_metrics(store: Store, clock: Clock, writes: list[Any]) -> None:
    with start() as run:
        for number in (1, 2, 3):
            clock.now += 10
            run.log_epoch(epoch(number))
    assert writes == [[(name, number) for name in NAMES] for number in (1, 2, 3)]
    history = store.client.get_metric_history(the_run(store).info.run_id, "dev/loss")
    assert [(point.step, point.value, point.timestamp) for point in history] == [
        (number, 2 / number, ENDED + number) for number in (1, 2, 3)
    ]


def test_quick_epochs_go_together(store: Store, clock: Clock, writes: list[Any]) -> None:
    with start() as run:
        for number in range(1, 101):
            clock.now += 0.04
            run.log_epoch(epoch(number))
        assert 3 <= len(writes) <= 5
        run.finish()
    assert steps(store) == list(range(1, 101))


def test_many_epochs_are_written_in_the_portions_that_mlflow_takes(store: Store, clock: Clock) -> None:
    history = [epoch(number) for number in range(1, 701)]
    with start(history=tuple(history)) as run:
        run.finish()
    assert steps(store) == list(range(1, 701))


def test_a_run_has_its_params_and_data_from_the_start(store: Store) -> None:
    with start():
        run = the_run(store)
        assert run.info.status == "RUNNING"
        assert run.data.params["model.hidden"] == "128"
        assert {given.dataset.name for given in run.inputs.dataset_inputs} == {"train", "dev"}
        assert run.data.tags["training.lock"] == "lock-a"


def test_a_run_names_what_trained_it_and_its_group_does_not(store: Store) -> None:
    with start() as run:
        run.finish()
    assert the_run(store).data.tags["training.arithmetic"] == "portable"
    (group,) = groups_of(store)
    assert not any(name.startswith("training.") for name in group.data.tags)


def test_a_training_that_ends_has_a_finished_run_with_its_outputs(store: Store) -> None:
    with start() as run:
        run.log_epoch(epoch(1))
        run.log_epoch(epoch(2))
        run.finish()
    done = the_run(store)
    assert (done.info.status, done.info.end_time) == ("FINISHED", ENDED + 2)
    summary = json.loads(paths.summary_file("nll", 1).read_text(encoding="utf-8"))
    assert figures_of(done)["best_epoch"] == summary["best_epoch"]
    assert steps(store) == [1, 2]
    assert "restored" not in done.data.tags
    assert len(groups_of(store)) == 1


# Ending early


@pytest.mark.parametrize("wanted", ["true", "false"])
def test_the_load_of_the_machine_is_logged_if_the_environment_asks_for_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    monkeypatch.setenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", wanted)
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.01")
    with start() as run:
        run.log_epoch(epoch(1))
        while wanted == "true" and not any(name.startswith("system/") for name in the_run(store).data.metrics):
            time.sleep(0.05)
    logged = [name for name in the_run(store).data.metrics if name.startswith("system/")]
    assert bool(logged) == (wanted == "true")
    if logged:
        before = len(steps(store, logged[0]))
        with start(history=(epoch(1),)):  # goes on
            while len(steps(store, logged[0])) == before:
                time.sleep(0.05)
        assert (found := steps(store, logged[0])) == [*range(len(found))]
    assert "SystemMetricsMonitor" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError, "FAILED"), (SystemExit, "KILLED"), (KeyboardInterrupt, "KILLED")],
)
def test_a_training_that_breaks_off_ends_its_run_and_keeps_its_epochs(
    store: Store, clock: Clock, error: type[BaseException], status: str
) -> None:
    def train() -> None:
        with start() as run:
            run.log_epoch(epoch(1))
            run.log_epoch(epoch(2))  # too quick after the first: written at the end
            raise error

    with pytest.raises(error):
        train()
    assert the_run(store).info.status == status
    assert steps(store) == [1, 2]
    assert not find_waiting()


def test_a_training_that_goes_on_has_the_same_run(store: Store) -> None:
    first = start()
    first.log_epoch(epoch(1))
    with pytest.raises(KeyboardInterrupt), first:
        raise KeyboardInterrupt
    before = the_run(store)
    with start(history=(epoch(1), epoch(2))) as again:  # the second was saved, and not logged before the kill
        assert the_run(store).info.status == "RUNNING"
        again.log_epoch(epoch(3))
        again.finish()
    done = the_run(store)
    assert (done.info.run_id, done.info.status) == (before.info.run_id, "FINISHED")
    assert done.info.start_time == before.info.start_time
    for name in NAMES:
        assert steps(store, name) == [1, 2, 3]


def test_a_training_that_was_killed_by_force_goes_on_as_if_it_had_not_ended(store: Store) -> None:
    with hold("lock-a", "a training"):
        start()  # its process dies
    with hold("lock-a", "a training"):
        start(history=(epoch(1),))
        assert (the_run(store).info.status, the_run(store).info.end_time) == ("RUNNING", None)


def test_a_training_of_which_all_epochs_were_run_before_ends_when_the_last_did(store: Store) -> None:
    with start(history=(epoch(1), epoch(2))) as run:
        run.finish()
    assert the_run(store).info.end_time == ENDED + 2


def test_another_training_has_a_run_of_its_own(store: Store) -> None:
    for identity in ("a", "b"):
        with start(identity) as run:
            run.finish()
    assert len(runs_of(store)) == 2


def test_a_training_that_was_killed_by_force_is_closed_by_the_next_one(store: Store) -> None:
    start("a")  # its process dies
    start("b")
    assert [run.info.status for run in runs_of(store)] == ["KILLED", "RUNNING"]


def test_a_training_that_was_killed_before_its_first_epoch_was_saved_is_closed_too(store: Store) -> None:
    with hold("key", "a training"):
        TrainingRun(Training("nll", 1), "a", "key", [])  # its process dies: no checkpoint knows the identity
    with hold("key", "a training"):
        TrainingRun(Training("nll", 1), "b", "key", [])
        assert [run.info.status for run in runs_of(store)] == ["KILLED", "RUNNING"]


# A store that is away


def garble() -> None:
    Path("mlflow.db").rename("mlflow.db.away")
    Path("mlflow.db").write_text("no database", encoding="utf-8")


def test_a_training_does_not_start_while_the_store_is_away(store: Store) -> None:
    garble()
    with pytest.raises(StoreAwayError, match="file is not a database"):
        start()


def test_a_training_does_not_start_while_the_store_takes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///file:{Path.cwd()}/mlflow.db?mode=ro&uri=true")
    tracking_uri.cache_clear()
    with pytest.raises(StoreAwayError, match="attempt to write a readonly database"):
        start()


def test_a_training_starts_with_a_warning_where_something_waits_already(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(gather(Training("cross_entropy", 1)), StoreAwayError("MLflow: it is away"))
    garble()
    capsys.readouterr()
    with start() as run:
        (warning,) = capsys.readouterr().err.splitlines()
        assert warning.startswith("warning: MLflow: sqlite:///")
        assert warning.endswith("training continues, because earlier records are already waiting")
        run.log_epoch(epoch(1))
        run.log_epoch(epoch(2))
        run.finish()
    Path("mlflow.db.away").replace("mlflow.db")
    assert deliver_waiting(store) == 2
    (nll,) = runs_of(store, "tags.loss = 'nll'")
    assert (nll.info.status, nll.info.end_time) == ("FINISHED", ENDED + 2)
    assert [point.step for point in store.client.get_metric_history(nll.info.run_id, "dev/loss")] == [1, 2]
    assert nll.data.tags["training"] == "a"
    assert "restored" not in nll.data.tags


def test_what_waits_is_delivered_before_a_training_begins(store: Store) -> None:
    keep(gather(Training("cross_entropy", 1)), StoreAwayError("MLflow: it is away"))
    with start():
        assert not find_waiting()
        assert [run.data.tags["loss"] for run in runs_of(store)] == ["cross_entropy", "nll"]


def test_a_store_that_dies_in_the_middle_is_one_warning_and_all_is_delivered_later(
    store: Store, clock: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with start() as run:
        clock.now += 10
        run.log_epoch(epoch(1))
        with monkeypatch.context() as patched:
            break_store(patched)
            for number in (2, 3, 4):
                clock.now += 10
                run.log_epoch(epoch(number))
            (warning,) = capsys.readouterr().err.splitlines()
            assert warning.endswith("the store is dead; training continues, and missing data will be logged later")
            run.finish()
            (kept,) = capsys.readouterr().err.splitlines()
            assert kept.endswith("the record is kept, and `lstm-tagger sync` will log it")
    assert find_waiting()
    assert steps(store) == [1]
    assert deliver_waiting(store) == 1
    assert (the_run(store).info.status, the_run(store).info.end_time) == ("FINISHED", ENDED + 4)
    for name in NAMES:
        assert steps(store, name) == [1, 2, 3, 4]


def test_a_store_that_dies_before_an_error_hides_it_not(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start()
    run.log_epoch(epoch(1))
    break_store(monkeypatch)
    run.log_epoch(epoch(2))
    with pytest.raises(ValueError, match="own"), run:
        raise ValueError("own")
    assert not find_waiting()


def test_a_training_that_joins_a_group_leaves_its_name(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for loss, commit in (("nll", "a" * 40), ("cross_entropy", "b" * 40)):
        monkeypatch.setattr("tagger.tracking.gather._git", lambda *_, commit=commit: commit)
        TrainingRun(Training(loss, 1), f"training of {loss}", "lock", [])
    (group,) = groups_of(store)
    assert group.info.run_name == "repro aaaaaaa+"
    assert group.data.tags["git.commit"] == "a" * 40
