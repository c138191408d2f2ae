"""What could not be delivered is kept, and delivered when the store is back."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tagger.core.common import paths
from tagger.predict.mlflow_store import StoreAwayError, tracking_uri
from tagger.tracking import delivery
from tagger.tracking.delivery import deliver_waiting
from tagger.tracking.outbox import deliver_or_keep, find_waiting, keep
from tagger.tracking.record import Record
from tagger.tracking.runs import figures_of
from tagger.tracking.store import Store, connect
from tests.tracking.samples import artifacts, content, evaluated_record, runs_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
ALMOST = {"seeds": [1], "device": "", "arithmetic": "", "model": {}, "train": {}}  # and the section `export`
AWAY = StoreAwayError("MLflow: it is away")


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models take most of the time of a delivery, and test_delivery.py tests them."""
    monkeypatch.setattr(delivery, "log_model", lambda *_: None)


def record_of(loss: Any = "nll", identity: str | None = None) -> Record:
    return evaluated_record(loss, identity)


def move(store: Store, name: str) -> None:
    """Let the database be somewhere else: the store is away, or back."""
    if name == "away":
        Path("mlflow.db").rename("mlflow.db.away")
        Path("mlflow.db").write_text("no database", encoding="utf-8")
    else:
        Path("mlflow.db.away").replace("mlflow.db")


def folders() -> list[Path]:
    return sorted(paths.kept("outbox").iterdir())


def test_a_record_is_delivered_where_the_store_answers(store: Store) -> None:
    deliver_or_keep(record_of())
    assert len(runs_of(store)) == 1
    assert folders() == []
    assert not find_waiting()


def test_a_record_is_kept_while_the_store_is_away_and_delivered_by_the_next_one(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    move(store, "away")
    deliver_or_keep(record_of("nll"))
    captured = capsys.readouterr()
    (warning,) = captured.err.splitlines()
    assert captured.out == ""
    assert warning.startswith("warning: MLflow: sqlite:///")
    assert warning.endswith("; the record is kept, and `lstm-tagger sync` will log it")
    assert find_waiting()
    move(store, "back")
    deliver_or_keep(record_of("cross_entropy"))
    assert {run.data.tags["loss"] for run in runs_of(store)} == {"nll", "cross_entropy"}
    assert folders() == []
    assert not find_waiting()


def test_what_was_kept_gives_the_same_run_as_what_was_not(store: Store) -> None:
    record = record_of()
    keep(record, AWAY)
    assert deliver_waiting(store) == 1
    kept = content(store)
    for run in runs_of(store, ""):
        store.client.delete_run(run.info.run_id)
    deliver_or_keep(record)
    assert content(store) == kept


def test_records_are_delivered_in_the_order_in_which_they_were_kept(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for identity in ("c", "a", "b"):
        keep(record_of("cross_entropy", identity), AWAY)
    keep(record_of("nll", "d"), AWAY)
    delivered: list[str | None] = []
    monkeypatch.setattr(delivery, "deliver", lambda _, record: delivered.append(record.training))
    assert deliver_waiting(store) == 4
    assert delivered == ["c", "a", "b", "d"]
    assert deliver_waiting(store) == 0


def test_a_kept_record_needs_no_output(store: Store, workspace: Path) -> None:
    record = record_of()
    expected = {place: path.read_bytes() for place, path in record.files.items()}
    keep(record, AWAY)
    for name in ("models", "metrics", "data", "dvc.lock", "params.yaml"):
        shutil.rmtree(workspace / name) if (workspace / name).is_dir() else (workspace / name).unlink()
    (folder,) = folders()
    assert {place: (folder / "files" / place).read_bytes() for place in expected} == expected
    assert deliver_waiting(store) == 1
    (run,) = runs_of(store)
    assert figures_of(run).items() >= record.figures.items()
    logged = artifacts(store, run)
    assert {place for place in expected if not place.startswith("model/")} <= set(logged)


def test_a_later_change_of_an_output_changes_no_kept_record(store: Store) -> None:
    keep(record_of(), AWAY)
    before = paths.history_file("nll", 1).read_bytes()
    paths.history_file("nll", 1).write_text("epoch\n", encoding="utf-8")
    (folder,) = folders()
    assert (folder / "files/history/nll.csv").read_bytes() == before


def test_what_waits_for_another_store_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:secret@127.0.0.1:9")
    tracking_uri.cache_clear()
    keep(record_of(), AWAY)
    assert find_waiting()
    (folder,) = folders()
    assert "secret" not in (folder / "record.json").read_text(encoding="utf-8")
    assert json.loads((folder / "record.json").read_text(encoding="utf-8"))["store"] == "http://***@127.0.0.1:9"
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    tracking_uri.cache_clear()
    assert not find_waiting()
    assert deliver_waiting(connect()) == 0
    assert folders() == [folder]


def test_a_record_of_another_version_is_warned_about_and_left_alone(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(record_of(), AWAY)
    (folder,) = folders()
    path = folder / "record.json"
    kept = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(kept | {"group_files": {}}), encoding="utf-8")
    capsys.readouterr()
    assert deliver_waiting(store) == 0
    (warning,) = capsys.readouterr().err.splitlines()
    assert warning.startswith(f"warning: {path}: can't be logged: Extra inputs are not permitted; remove the folder")
    assert folders() == [folder]


def test_a_record_that_is_no_text_is_warned_about_and_left_alone(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(record_of(), AWAY)
    (folder,) = folders()
    (folder / "record.json").write_bytes(b'{"loss": "\xff"}')
    capsys.readouterr()
    assert deliver_waiting(store) == 0
    (warning,) = capsys.readouterr().err.splitlines()
    assert warning.startswith(f"warning: {folder}/record.json: can't be logged: Invalid JSON: ")


@pytest.mark.parametrize(
    "change",
    [
        {"datasets": {}},
        {"settings": {"seeds": 1}},
        {"settings": {"export": []}},
        {"settings": ALMOST | {"export": {"registered_model": "x"}}},
        {"files": {"history/gone.csv": "x"}},
        {"files": {"../../../../../../params.yaml": "x"}},
        {"files": {"/etc/passwd": "x"}},
        {"files": {"a\0b": "x"}},
    ],
)
def test_a_record_that_does_not_fit_its_files_is_warned_about_and_left_alone(
    change: dict[str, Any], workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(record_of(), AWAY)
    (folder,) = folders()
    kept = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    (folder / "record.json").write_text(json.dumps(kept | change), encoding="utf-8")
    capsys.readouterr()
    assert find_waiting() == []
    (warning,) = capsys.readouterr().err.splitlines()
    assert warning.startswith(f"warning: {folder}/record.json: can't be logged: ")
    assert folders() == [folder]


def test_a_record_keeps_no_secret_and_is_found(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = "postgresql://127.0.0.1:1/runs?user=u&password=s3cr3t"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    tracking_uri.cache_clear()
    keep(record_of(), AWAY)
    (folder,) = folders()
    assert "s3cr3t" not in (folder / "record.json").read_text(encoding="utf-8")
    assert [found for found, _ in find_waiting()] == [folder]


def test_a_folder_that_is_half_written_is_left_alone(store: Store) -> None:
    for name in (".1-nll.partial", "2-nll"):
        (paths.kept("outbox") / name).mkdir()
    (paths.kept("outbox") / ".1-nll.partial/record.json").write_text("{", encoding="utf-8")
    assert not find_waiting()
    assert deliver_waiting(store) == 0


def test_a_copy_that_breaks_off_leaves_nothing_that_waits(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*_: Any) -> None:
        raise KeyboardInterrupt

    record = record_of()
    monkeypatch.setattr(shutil, "copyfile", break_off)
    with pytest.raises(KeyboardInterrupt):
        keep(record, AWAY)
    assert folders() == []


def test_what_the_store_does_not_take_goes_on_waiting_with_all_after_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str | None] = []

    def take_one(_: Store, record: Record) -> None:
        if taken:
            raise StoreAwayError("enough")
        taken.append(record.training)

    for identity in ("a", "b", "c"):
        keep(record_of("nll", identity), AWAY)
    monkeypatch.setattr(delivery, "deliver", take_one)
    with pytest.raises(StoreAwayError, match="enough"):
        deliver_waiting(store)
    assert (taken, len(folders())) == (["a"], 2)
    deliver_or_keep(record_of("cross_entropy", "d"))
    trainings = [json.loads((folder / "record.json").read_text(encoding="utf-8"))["training"] for folder in folders()]
    assert trainings == ["b", "c", "d"]


def test_a_kill_between_delivery_and_removal_delivers_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(record_of(), AWAY)
    remove = shutil.rmtree

    def remove_half(folder: Any, **others: Any) -> None:
        if Path(folder).parent != paths.kept("outbox"):
            remove(folder, **others)
            return
        remove(folder / "files")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", remove_half)
        with pytest.raises(KeyboardInterrupt):
            deliver_waiting(store)
    before = content(store)
    assert deliver_waiting(store) == 0
    assert not find_waiting()
    assert content(store) == before
    assert len(runs_of(store)) == 1
