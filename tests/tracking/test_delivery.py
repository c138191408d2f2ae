"""A delivery can be repeated any number of times, and nothing is there twice or missing."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tagger.core.common import paths
from tagger.core.params.schema import Training
from tagger.evaluate.evaluate_model import evaluate_model
from tagger.predict.mlflow_store import StoreAwayError, tracking_uri
from tagger.tracking import delivery
from tagger.tracking.delivery import deliver
from tagger.tracking.gather import gather
from tagger.tracking.record import Point, Record
from tagger.tracking.runs import figures_of, log_points, open_run
from tagger.tracking.store import Store, connect
from tests.tracking.samples import artifacts, content, evaluated_record, groups_of, runs_of, whole_record

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

RUN_WRITES = (
    "create_run",
    "log_batch",
    "update_run_info",
    "log_inputs",
    "log_outputs",
    "create_logged_model",
    "delete_logged_model",
    "finalize_logged_model",
    "set_logged_model_tags",
    "set_tag",
)
MODEL_WRITES = (
    "create_registered_model",
    "create_model_version",
    "set_registered_model_alias",
    "update_registered_model",
    "update_model_version",
)
FILE_WRITES = ("log_artifact", "log_artifacts")


@pytest.fixture(autouse=True)
def _plain_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes most of the time of a delivery, and test_confusion_picture.py tests it."""


class Weak:
    """A store that breaks off at each of its writes, when this is made for the first time: before it, or after."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, after: bool) -> None:
        from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
        from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        self.seen: list[str] = []
        self._after = after
        for kind, names in (
            (SqlAlchemyStore, RUN_WRITES),
            (Registry, MODEL_WRITES),
            (LocalArtifactRepository, FILE_WRITES),
        ):
            for name in names:
                self._weaken(monkeypatch, kind, name)

    def _weaken(self, monkeypatch: pytest.MonkeyPatch, kind: Any, name: str) -> None:
        from mlflow.exceptions import MlflowException

        write = getattr(kind, name)

        def weak(*arguments: Any, **named: Any) -> Any:
            what = f"{name} {' '.join(_describe((*arguments[1:], *named.values())))}".strip()
            is_new = what not in self.seen
            if is_new:
                self.seen.append(what)
            if is_new and not self._after:
                raise MlflowException(what)
            answer = write(*arguments, **named)
            if is_new:
                raise MlflowException(what)
            return answer

        monkeypatch.setattr(kind, name, weak)


def _describe(arguments: tuple[Any, ...]) -> Iterator[str]:
    """Name what is written, ids and times left out."""
    for value in arguments:
        if isinstance(value, list):
            yield from _describe(tuple(value))
        elif type(value).__name__ in ("Metric", "Param", "RunTag"):
            yield value.key
        elif isinstance(value, str) and value in (
            "nll",
            "model",
            "export",
            "repro without git",
            "FINISHED",
            "champion",
        ):
            yield value
        elif isinstance(value, str | Path) and "/" in str(value):
            yield re.sub(r"\bm-\w{32}", "", Path(value).name)


def deliver_to(record: Record, name: str, database: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    shutil.copyfile(database, name)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{name}")
    tracking_uri.cache_clear()
    store = connect()
    deliver(store, record)
    return store


def training(record: Record, identity: str = "a") -> Record:
    """Return the record that a training of this machine delivers at its end."""
    points = [point._replace(time=1_700_000_000_000 + point.step) for point in record.points]
    return record.model_copy(update={"training": identity, "points": points, "ended": 1_800_000_000_000})


def with_infinite_loss(record: Record) -> Record:
    infinite = [Point("dev_loss", float("inf"), step, None) for step in (1, 2)]
    return record.model_copy(
        update={"points": [point for point in record.points if point.name != "dev_loss"] + infinite}
    )


def ids(store: Store) -> dict[str, list[Any]]:
    """Return what only a second run, model or version would change."""
    return {
        "runs": [run.info.run_id for run in runs_of(store, "")],
        "times": [(run.info.start_time, run.info.end_time) for run in runs_of(store)],
        "models": [model.model_id for model in store.client.search_logged_models([store.experiment])],
        "versions": [int(version.version) for version in store.client.search_model_versions("name = 'lstm-tagger'")],
    }


def break_off_everywhere(store: Store, record: Record, weak: Weak) -> None:
    """Deliver a record again and again, until no write breaks off any more."""
    for _ in range(100):
        before = len(weak.seen)
        try:
            deliver(store, record)
        except StoreAwayError:
            assert len(weak.seen) > before
        else:
            return
    raise AssertionError("no delivery came to its end")


@pytest.mark.parametrize("kind", ["restored", "trained"])
def test_a_delivery_that_is_made_twice_changes_nothing(store: Store, kind: str) -> None:
    record, again = (with_infinite_loss(whole_record()) for _ in range(2))  # gathered at two times
    if kind == "trained":
        record, again = training(record), training(again)
    deliver(store, record)
    first, first_ids = content(store), ids(store)
    (run,) = runs_of(store)
    assert (len(first_ids["models"]), len(first_ids["versions"])) == (2, 1)  # the trained one and its export
    assert [{name: int(version) for name, version in model.items()} for model in first["champions"]] == [
        {"champion": 1}
    ]
    assert run.info.status == "FINISHED"
    assert [point.step for point in store.client.get_metric_history(run.info.run_id, "dev/loss")] == [1, 2]
    deliver(store, again)
    assert content(store) == first
    assert ids(store) == first_ids


@pytest.mark.parametrize("after", [False, True])
def test_a_delivery_that_breaks_off_anywhere_ends_in_the_same_content(
    store: Store, database: Path, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = whole_record()
    with monkeypatch.context() as patched:
        weak = Weak(patched, after=after)
        break_off_everywhere(store, record, weak)
    assert {what.split()[0] for what in weak.seen} >= {*RUN_WRITES, *MODEL_WRITES, *FILE_WRITES} - {
        "delete_logged_model",
        "set_logged_model_tags",  # MLflow's own, about the model's versions: nothing is lost if it fails
    }
    found = content(store)
    assert found == content(deliver_to(record, "undisturbed.db", database, monkeypatch))
    assert found["versions"] == len(runs_of(store)) == len(groups_of(store)) == 1
    assert found["models"] == 2


def test_a_training_that_is_delivered_keeps_the_times_of_its_epochs(store: Store) -> None:
    record = training(gather(Training("nll", 1)))
    run = open_run(store, record)
    log_points(store, run, record.points[:3])  # the store went away after these
    deliver(store, record)
    for name in ("learning_rate", "train/loss", "dev/loss", "dev/accuracy"):
        history = store.client.get_metric_history(run.info.run_id, name)
        assert [(value.step, value.timestamp) for value in history] == [(1, 1_700_000_000_001), (2, 1_700_000_000_002)]
    (now,) = runs_of(store)
    assert (now.info.run_id, now.info.end_time) == (run.info.run_id, 1_800_000_000_000)
    assert now.data.tags["model.sha256"] == record.model
    assert "restored" not in now.data.tags


def test_an_evaluation_goes_to_the_run_of_the_training_and_leaves_its_epochs_alone(store: Store) -> None:
    deliver(store, training(gather(Training("nll", 1))))
    before = store.client.get_metric_history(runs_of(store)[0].info.run_id, "dev/loss")
    deliver(store, whole_record())
    (run,) = runs_of(store)
    assert store.client.get_metric_history(run.info.run_id, "dev/loss") == before
    assert figures_of(run)["test_accuracy"] == whole_record().figures["test_accuracy"]
    assert {given.dataset.name for given in run.inputs.dataset_inputs} == {"train", "dev", "test"}
    assert run.data.tags["training"] == "a"
    assert "restored" not in run.data.tags
    assert (len(ids(store)["models"]), ids(store)["versions"]) == (2, [1])


def test_the_group_shows_the_figures_of_each_loss(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "log_model", lambda *_: None)
    nll, cross_entropy = (evaluated_record(loss) for loss in ("nll", "cross_entropy"))
    deliver(store, nll)
    deliver(store, cross_entropy)
    (group,) = groups_of(store)
    assert group.data.metrics == {
        "best dev accuracy/nll": nll.figures["best_dev_accuracy"],
        "test accuracy/nll": nll.figures["test_accuracy"],
        "best dev accuracy/cross_entropy": cross_entropy.figures["best_dev_accuracy"],
        "test accuracy/cross_entropy": cross_entropy.figures["test_accuracy"],
    }
    assert group.info.status == "FINISHED"
    assert {run.data.tags["mlflow.parentRunId"] for run in runs_of(store)} == {group.info.run_id}


def test_a_run_that_was_measured_on_another_test_split_keeps_its_figures(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "log_model", lambda *_: None)
    first = evaluated_record()
    deliver(store, first)
    (before,) = runs_of(store)
    shutil.rmtree(paths.TEST)
    shutil.copytree(paths.PREPARED / "other_test", paths.TEST)
    evaluate_model(Training("nll", 1))
    second = evaluated_record()
    assert second.figures["test_nll"] != first.figures["test_nll"]
    deliver(store, second)
    kept, other = runs_of(store)
    assert kept.data.to_dictionary() == before.data.to_dictionary()
    assert kept.info.run_id == before.info.run_id
    assert figures_of(other)["test_nll"] == second.figures["test_nll"]
    assert other.data.tags["test.digest"] != kept.data.tags["test.digest"]
    assert other.data.tags["model.sha256"] == kept.data.tags["model.sha256"]
    assert len(groups_of(store)) == 2


def test_the_table_is_that_of_the_last_evaluation(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "log_model", lambda *_: None)
    record = evaluated_record()
    deliver(store, record)
    predictions = pd.read_parquet(paths.predictions_file("nll", 1))
    predictions.iloc[::-1].to_parquet(paths.predictions_file("nll", 1))
    deliver(store, record)
    (run,) = runs_of(store)
    table = store.client.load_table(store.experiment, "probabilities.json", [run.info.run_id])
    assert list(table["word"]) == list(predictions["word"].iloc[::-1])
    assert set(artifacts(store, run)) >= {"params.yaml", "history/nll.csv", "predictions/nll.parquet"}


def test_a_later_stage_leaves_the_files_of_the_evaluation_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "log_model", lambda *_: None)
    record = evaluated_record()
    deliver(store, record)
    (run,) = runs_of(store)
    detail = Path(run.info.artifact_uri.removeprefix("file://")) / "detail/nll.json"
    detail.write_bytes(b"as it was")
    deliver(store, record.model_copy(update={"figures": record.figures | {"export_largest_difference": 0.0}}))
    assert detail.read_bytes() == b"as it was"
    assert "export_largest_difference" in figures_of(runs_of(store)[0])


def test_a_run_whose_group_was_deleted_is_delivered(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "log_model", lambda *_: None)
    deliver(store, training(gather(Training("nll", 1))))
    (group,) = groups_of(store)
    store.client.delete_run(group.info.run_id)
    deliver(store, evaluated_record())
    (run,) = runs_of(store)
    assert "test_accuracy" in figures_of(run)


def test_an_export_that_was_deleted_from_the_registry_is_registered_again(store: Store) -> None:
    deliver(store, whole_record())
    store.client.delete_registered_model("lstm-tagger")
    assert deliver(store, whole_record())
    assert not deliver(store, whole_record())
    assert store.client.get_model_version_by_alias("lstm-tagger", "champion").run_id == runs_of(store)[0].info.run_id
    assert (len(ids(store)["models"]), len(ids(store)["versions"])) == (2, 1)


def test_a_delivery_says_whether_its_run_lacked_anything(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    trained, evaluated, exported = (
        gather(Training("nll", 1)),
        evaluated_record(),
        whole_record(),
    )
    for record in (trained, evaluated, exported):
        assert deliver(store, record)
        for again in (trained, record):
            assert not deliver(store, again)
    (run,) = runs_of(store)
    store.client.update_run(run.info.run_id, status="KILLED")
    assert deliver(store, trained)
    assert runs_of(store)[0].info.status == "FINISHED"
