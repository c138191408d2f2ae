"""MLflow is made to hold what is on the disk, and nothing else."""

import shutil
from pathlib import Path

import pytest

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.params.schema import Training
from tagger.evaluate.evaluate_model import evaluate_model
from tagger.predict.mlflow_store import StoreAwayError
from tagger.tracking import delivery
from tagger.tracking.gather import begin_training
from tagger.tracking.hooks import track_export
from tagger.tracking.outbox import keep
from tagger.tracking.record import Record
from tagger.tracking.runs import figures_of, open_run
from tagger.tracking.store import Store
from tagger.tracking.sync import sync
from tests.tracking.samples import (
    STAGES,
    artifacts,
    content,
    export,
    groups_of,
    runs_of,
    whole_record,
    write_lock_file,
    write_report,
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
LEFT_OUT = "left out {}-1: its model or data differ from dvc.lock; run `dvc pull` or `dvc repro`"


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the logging of models and promotion, for tests that say nothing about them."""
    monkeypatch.setattr(delivery, "log_model", lambda *_: None)
    monkeypatch.setattr(delivery, "register_export", lambda *_: "1")
    monkeypatch.setattr(delivery, "describe_version", lambda *_: None)
    monkeypatch.setattr(delivery, "promote", lambda *_: False)


def watch_promotion(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets the loss of each record whose export may become champion."""
    named: list[str] = []

    def promote(store: Store, version: str, record: Record) -> bool:
        named.append(record.loss)
        return False

    monkeypatch.setattr(delivery, "promote", promote)
    return named


def report(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Write what the stage writes, and record it as DVC does; return the names of the files that are logged."""
    write_report((1,))
    reported = (paths.REPORT, paths.STUDY, paths.COMPARISON)
    outs = [path.as_posix() for path in reported]
    monkeypatch.setitem(STAGES, "report", (["losses", "seeds"], ["data/predictions"], outs))
    write_lock_file()
    return {path.name for path in reported}


def break_model() -> None:
    weights = paths.model_folder("nll", 1) / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")


def measure_on_the_other_split() -> None:
    """Do what `dvc repro prepare` does after the test corpus has changed."""
    shutil.rmtree(paths.TEST)
    shutil.copytree(paths.PREPARED / "other_test", paths.TEST)


def test_sync_restores_every_loss_and_does_nothing_the_second_time(store: Store) -> None:
    assert list(sync()) == ["restored nll", "restored cross_entropy"]
    before = content(store)
    assert (before["models"], before["versions"]) == (3, 1)  # two trained ones and the export of one
    assert [len(model) for model in before["champions"]] == [1]
    assert len(groups_of(store)) == 1
    for run, record in zip(runs_of(store), (whole_record("nll"), whole_record("cross_entropy")), strict=True):
        assert figures_of(run).items() >= record.figures.items()
        assert run.data.tags["restored"] == "true"
    ended = [run.info.end_time for run in runs_of(store, "")]
    assert list(sync()) == []
    assert content(store) == before
    assert [run.info.end_time for run in runs_of(store, "")] == ended


def test_sync_delivers_what_waits_and_closes_what_is_dead(store: Store, cheap: None) -> None:
    record = begin_training(Training("nll", 1), "a")
    open_run(store, record.model_copy(update={"tags": record.tags | {"training.lock": "dead"}}))
    for loss in ("nll", "cross_entropy"):
        keep(whole_record(loss), StoreAwayError("MLflow: it is away"))
    assert list(sync()) == ["logged 2 waiting records", "closed nll, whose process is dead"]
    keep(whole_record(), StoreAwayError("MLflow: it is away"))
    assert list(sync()) == ["logged 1 waiting record"]
    assert list(sync()) == []


@pytest.mark.parametrize(
    "change",
    [break_model, lambda: paths.summary_file("nll", 1).write_text("{}\n"), lambda: shutil.rmtree("models/nll/1")],
)
def test_a_training_that_is_not_that_of_the_lock_file_is_left_out(store: Store, cheap: None, change: object) -> None:
    assert callable(change)
    change()
    assert list(sync()) == [LEFT_OUT.format("nll"), "restored cross_entropy"]
    assert [run.data.tags["loss"] for run in runs_of(store)] == ["cross_entropy"]
    assert list(sync()) == [LEFT_OUT.format("nll")]


def test_without_a_lock_file_every_loss_is_left_out(store: Store, cheap: None) -> None:
    Path("dvc.lock").unlink()
    assert list(sync()) == [LEFT_OUT.format(loss) for loss in ("nll", "cross_entropy")]
    assert runs_of(store, "") == []


def test_an_evaluation_that_is_not_that_of_the_lock_file_is_left_out(store: Store, cheap: None) -> None:
    paths.evaluation_file("nll", 1).write_text('{"accuracy": 1.0}\n', encoding="utf-8")
    assert list(sync()) == ["restored nll", "restored cross_entropy"]
    metrics = {run.data.tags["loss"]: figures_of(run) for run in runs_of(store)}
    assert "test_accuracy" not in metrics["nll"]
    assert "test_accuracy" in metrics["cross_entropy"]
    evaluate_model(Training("nll", 1))
    assert list(sync()) == ["restored nll"]
    assert len(runs_of(store)) == 2


def test_the_figures_of_one_test_split_are_not_shown_as_those_of_another(store: Store, cheap: None) -> None:
    list(sync())
    before = content(store)
    measure_on_the_other_split()
    assert list(sync()) == []
    assert content(store) == before


def test_a_model_of_another_corpus_than_the_prepared_one_is_left_out(store: Store, cheap: None) -> None:
    shutil.rmtree(paths.DEV)
    shutil.copytree(paths.PREPARED / "other_test", paths.DEV)
    assert list(sync()) == [LEFT_OUT.format(loss) for loss in ("nll", "cross_entropy")]
    assert runs_of(store, "") == []


def test_the_exported_model_alone_may_become_champion(
    store: Store, cheap: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = watch_promotion(monkeypatch)
    export("cross_entropy")
    write_lock_file()
    list(sync())
    assert named == ["cross_entropy"]


def test_a_report_that_came_with_git_goes_to_the_group_once(
    store: Store, cheap: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(sync())
    (group,) = groups_of(store)
    assert artifacts(store, group) == {}
    names = report(monkeypatch)
    assert list(sync()) == ["restored nll", "restored cross_entropy"]  # their tables get marks
    assert artifacts(store, group).keys() == names | {"probabilities.json"}
    assert list(sync()) == []


def test_a_report_that_dvc_skipped_is_logged_with_the_export(
    store: Store, cheap: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    export()
    track_export()
    (group,) = groups_of(store)
    assert artifacts(store, group) == {}
    names = report(monkeypatch)
    track_export()
    assert artifacts(store, group).keys() == names | {"probabilities.json"}
    assert list(sync()) == []


def test_an_export_that_is_not_that_of_the_lock_file_names_no_champion(
    store: Store, cheap: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = watch_promotion(monkeypatch)
    export("cross_entropy")
    list(sync())
    assert named == []


def test_sync_says_why_the_store_does_not_answer(store: Store) -> None:
    Path("mlflow.db").write_text("no database", encoding="utf-8")
    with pytest.raises(StoreAwayError, match="file is not a database"):
        list(sync())


def test_a_split_that_is_damaged_leaves_its_models_out(store: Store, cheap: None) -> None:
    (paths.TRAIN / "tags.npy").unlink()
    assert list(sync()) == [LEFT_OUT.format(loss) for loss in ("nll", "cross_entropy")]


def test_a_mistake_of_the_user_is_no_fault_of_the_store(store: Store) -> None:
    params = Path("params.yaml")
    params.write_text(params.read_text(encoding="utf-8").replace("dropout: 0.4", "dropout: 4"), encoding="utf-8")
    with pytest.raises(InputError, match=r"^params.yaml:\d+: model.dropout: got 4") as caught:
        list(sync())
    assert not isinstance(caught.value, StoreAwayError)
