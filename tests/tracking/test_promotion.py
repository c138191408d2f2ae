"""An exported model becomes champion if it is for the same task and not worse, and that is decided once."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tagger.core.common import paths
from tagger.core.common.files import new_folder, write_json
from tagger.core.corpus.encoded_split import encode
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.core.params.schema import Training
from tagger.evaluate.evaluate_model import evaluate_model
from tagger.predict.mlflow_store import StoreAwayError
from tagger.predict.tagging import Tagger
from tagger.tracking import delivery, registry
from tagger.tracking.delivery import deliver
from tagger.tracking.gather import gather
from tagger.tracking.hooks import track_export
from tagger.tracking.outbox import keep
from tagger.tracking.record import Dataset, Record, digest_of
from tagger.tracking.registry import find_champion
from tagger.tracking.store import Store
from tagger.tracking.sync import sync
from tagger.train.trainer import write_outputs
from tests.samples import PLAIN, data_of, random_corpus, run, trainer_of
from tests.tracking.samples import LOSSES, export, whole_record, write_lock_file

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
COMPARED = "test accuracy of versions 2 and 1:"


@pytest.fixture(autouse=True)
def _light_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the bare model folder and log no other file: that takes seconds, and other tests do it."""

    def register_export(store: Store, run: Any, record: Record) -> str:
        content, name = digest_of(record.below("export")), record.registered_model
        found = store.client.search_model_versions(f"name = '{name}' and tags.`content.sha256` = '{content}'")
        if found:
            return str(found[0].version)
        if not store.client.search_registered_models(f"name = '{name}'"):
            store.client.create_registered_model(name)
        source = Path(f"models_of/{name}/{content}").absolute()
        shutil.copytree(paths.EXPORT, source / "artifacts/export")
        made = store.client.create_model_version(
            name, source.as_uri(), run.info.run_id, tags={"content.sha256": content}
        )
        return str(made.version)

    monkeypatch.setattr(delivery, "log_model", lambda *_: None)
    monkeypatch.setattr(delivery, "register_export", register_export)


def exported(loss: str, accuracy: float | None = None, *, changed: bool = True, max_drop: float = 0) -> Record:
    """Export, and return the record; a given accuracy replaces the one on the test split."""
    export(loss)
    record = gather(Training(loss, 1), ["evaluate", "export"])
    record.export_changed = changed
    record.settings["export"] |= {"max_drop": max_drop}
    if accuracy is not None:
        record.figures["test_accuracy"] = accuracy
    return record


def decision(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().out.splitlines() if "@champion" in line]


def tag_of(store: Store, version: str) -> str | None:
    tags: dict[str, str] = store.client.get_model_version("lstm-tagger", version).tags
    return tags.get("promotion")


def measure_on_the_other_split() -> None:
    shutil.rmtree(paths.TEST)
    shutil.copytree(paths.PREPARED / "other_test", paths.TEST)
    for loss in LOSSES:
        evaluate_model(Training(loss, 1))


def test_the_first_one_is_champion(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    deliver(store, exported("nll", 0.5))
    assert decision(capsys) == [
        "models:/lstm-tagger@champion is version 1: test accuracy 0.50000 on data/raw/test.csv, there was none before"
    ]
    assert (find_champion(store, "lstm-tagger"), tag_of(store, "1")) == ("1", "promoted")
    deliver(store, exported("nll", 0.5))
    assert decision(capsys) == [
        "models:/lstm-tagger@champion is version 1: test accuracy 0.50000 on data/raw/test.csv, as before"
    ]
    deliver(store, exported("nll", 0.5, changed=False))
    assert decision(capsys) == []


@pytest.mark.parametrize(
    ("accuracy", "max_drop", "line"),
    [
        (0.91, 0, "is version 2: {} 0.91000 and 0.90000 on data/raw/test.csv"),
        (0.90, 0, "is version 2: {} 0.90000 and 0.90000 on data/raw/test.csv"),
        (0.89, 0.01, "is version 2: {} 0.89000 and 0.90000 on data/raw/test.csv"),
        (0.0, 1, "is version 2: {} 0.00000 and 0.90000 on data/raw/test.csv"),
        (0.89999, 0, "stays version 1: {} 0.89999 and 0.90000 on data/raw/test.csv; export.max_drop is 0"),
        (0.8899, 0.01, "stays version 1: {} 0.88990 and 0.90000 on data/raw/test.csv; export.max_drop is 0.01"),
    ],
)
def test_a_model_that_is_worse_than_allowed_does_not_become_champion(
    store: Store, accuracy: float, max_drop: float, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(store, exported("nll", 0.9))
    deliver(store, exported("cross_entropy", accuracy, max_drop=max_drop))
    assert decision(capsys)[1:] == [f"models:/lstm-tagger@champion {line.format(COMPARED)}"]
    assert find_champion(store, "lstm-tagger") == ("2" if line.startswith("is") else "1")
    assert (tag_of(store, "2") == "promoted") == line.startswith("is")


def test_a_model_that_was_turned_down_is_delivered_and_asks_no_more(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(store, exported("nll", 0.9))
    worse = exported("cross_entropy", 0.8, changed=False)
    assert deliver(store, worse)
    assert len(decision(capsys)) == 2
    assert not deliver(store, worse)
    assert decision(capsys) == []
    deliver(store, exported("cross_entropy", 0.8, max_drop=0.5))  # `export` again, with a new limit
    assert find_champion(store, "lstm-tagger") == "2"


def test_a_champion_that_was_named_by_hand_stays_until_the_next_export(store: Store) -> None:
    deliver(store, exported("nll", 0.8))
    deliver(store, exported("cross_entropy", 0.9))
    store.client.set_registered_model_alias("lstm-tagger", "champion", "1")
    again = exported("cross_entropy", 0.9, changed=False)
    assert not deliver(store, again)
    assert find_champion(store, "lstm-tagger") == "1"
    deliver(store, exported("cross_entropy", 0.9))
    assert find_champion(store, "lstm-tagger") == "2"


def test_sync_decides_once(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    path = paths.evaluation_file("cross_entropy", 1)
    metrics = json.loads(path.read_text(encoding="utf-8"))
    write_json(path, metrics | {"accuracy": 0.0})
    write_lock_file()
    assert list(sync()) == ["restored nll", "restored cross_entropy"]
    export("cross_entropy")
    write_lock_file()
    capsys.readouterr()
    assert list(sync()) == ["restored cross_entropy"]
    (line,) = decision(capsys)
    assert line.startswith("models:/lstm-tagger@champion stays version 1: ")
    assert find_champion(store, "lstm-tagger") == "1"
    assert list(sync()) == []
    assert decision(capsys) == []


def test_the_stage_decides_anew_only_if_the_content_of_the_export_has_changed(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    track_export()
    export("cross_entropy")
    track_export()
    write_lock_file()
    by_hand = "1" if find_champion(store, "lstm-tagger") == "2" else "2"
    store.client.set_registered_model_alias("lstm-tagger", "champion", by_hand)
    capsys.readouterr()
    export("cross_entropy")  # it runs again, and writes the same
    track_export()
    assert (decision(capsys), find_champion(store, "lstm-tagger")) == ([], by_hand)
    store.client.delete_registered_model_alias("lstm-tagger", "champion")
    export("nll")
    track_export()
    assert decision(capsys)[0].endswith(", there was none before")
    assert find_champion(store, "lstm-tagger") == "1"


def test_a_new_limit_lets_a_version_that_was_turned_down_become_champion(store: Store) -> None:
    deliver(store, exported("nll", 0.999))
    export("cross_entropy")
    track_export()
    write_lock_file()
    assert find_champion(store, "lstm-tagger") == "1"
    text = Path("params.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(text.replace("max_drop: 0 ", "max_drop: 1 "), encoding="utf-8")
    track_export()
    assert find_champion(store, "lstm-tagger") == "2"


def test_the_accuracy_of_a_champion_is_known_even_if_its_run_is_in_the_trash(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(store, exported("nll", 0.9))
    store.client.delete_run(store.client.get_model_version("lstm-tagger", "1").run_id)
    deliver(store, exported("cross_entropy", 0.8))
    assert decision(capsys)[-1].startswith(
        f"models:/lstm-tagger@champion stays version 1: {COMPARED} 0.80000 and 0.90000 on "
    )


OTHER_SPLIT = "the test split of version 1"


def test_a_champion_of_another_test_split_is_measured_on_this_one_and_the_new_model_on_that_one(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(store, exported("nll"))
    here = whole_record("nll").figures["test_accuracy"]
    measure_on_the_other_split()
    there = whole_record("nll").figures["test_accuracy"]
    capsys.readouterr()
    deliver(store, exported("cross_entropy"))
    assert decision(capsys) == [
        f"models:/lstm-tagger@champion is version 2: {COMPARED} {there:.5f} and {there:.5f} on data/raw/test.csv "
        f"and {here:.5f} and {here:.5f} on {OTHER_SPLIT}"
    ]


@pytest.mark.parametrize(
    ("measured", "line"),  # the new model and the champion, on this split and on that of the champion
    [
        (
            [0.95, 0.9, 0.8, 0.8],
            "is version 2: {} 0.95000 and 0.90000 on data/raw/test.csv and 0.80000 and 0.80000 on {}",
        ),
        (
            [0.95, 0.9, 0.3, 0.8],
            "stays version 1: {} 0.95000 and 0.90000 on data/raw/test.csv and 0.30000 and 0.80000 on {}",
        ),
        (
            [0.95, 0.96, 1, 0.8],
            "stays version 1: {} 0.95000 and 0.96000 on data/raw/test.csv and 1.00000 and 0.80000 on {}",
        ),
    ],
)
def test_a_model_of_another_corpus_must_be_no_worse_on_both_test_splits(
    store: Store,
    measured: list[float],
    line: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deliver(store, exported("nll", 0.9))
    measure_on_the_other_split()
    monkeypatch.setattr(registry, "_measure", lambda *_: measured.pop(0))
    deliver(store, exported("cross_entropy"))
    said = decision(capsys)[1]
    assert said.startswith(f"models:/lstm-tagger@champion {line.format(COMPARED, OTHER_SPLIT)}")
    advice = "; export.max_drop is 0; export.registered_model gives another task a name of its own"
    assert said.endswith(advice) == line.startswith("stays")
    assert measured == []


def test_a_champion_trained_on_other_words_is_measured_once_if_the_test_split_has_the_same(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(store, exported("nll"))
    measured = [1, 0.5]
    monkeypatch.setattr(registry, "_measure", lambda *_: measured.pop(0))
    record = exported("cross_entropy")
    record.datasets["test"] = Dataset("mine.csv", "depends on the words of train", {}, None)
    deliver(store, record)
    assert decision(capsys)[1].endswith(f"is version 2: {COMPARED} 1.00000 and 0.50000 on mine.csv")


def test_a_champion_whose_test_split_is_gone_stays(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    deliver(store, exported("nll"))
    (path,) = Path("mlruns").rglob("predictions/nll.parquet")
    path.unlink()
    measure_on_the_other_split()
    deliver(store, exported("cross_entropy"))
    said = decision(capsys)[1]
    assert said.startswith(
        "models:/lstm-tagger@champion stays version 1: version 2 can't be measured on the test split of version 1: "
    )


def train_for_another_task() -> None:
    """Train cross_entropy on such sentences with other tags."""
    train, dev, test = (
        [Sentence(words, tuple(f"B-{tag}" for tag in tags)) for words, tags in random_corpus(amount, seed)]
        for amount, seed in ((12, 1), (6, 2), (5, 3))
    )
    data = data_of(train, dev)
    for path, split in (
        (paths.TRAIN, data.train),
        (paths.DEV, data.dev),
        (paths.TEST, encode(test, data.dictionaries)),
    ):
        with new_folder(path) as folder:
            split.save(folder)
    trainer = trainer_of(data, PLAIN, {"epochs": 1}, "cross_entropy")
    run(trainer)
    write_outputs(trainer)
    evaluate_model(Training("cross_entropy", 1))


def test_a_model_with_other_tags_does_not_compete(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    deliver(store, exported("nll", 0.5))
    train_for_another_task()
    deliver(store, exported("cross_entropy", 1.0, max_drop=1))
    assert decision(capsys)[1] == (
        "models:/lstm-tagger@champion stays version 1: the tags of version 2 differ "
        "(ADJ, ADV, B-ADJ, B-ADV, B-NAME, ...); export.registered_model gives another task a name of its own"
    )
    assert find_champion(store, "lstm-tagger") == "1"


def test_another_registered_model_has_a_champion_of_its_own(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    deliver(store, exported("nll", 0.9))
    record = exported("cross_entropy", 0.1)
    record.settings["export"]["registered_model"] = "second"
    deliver(store, record)
    assert decision(capsys)[1].startswith("models:/second@champion is version 1: test accuracy 0.10000 on ")
    assert (find_champion(store, "lstm-tagger"), find_champion(store, "second")) == ("1", "1")


def test_a_version_that_no_run_measured_is_measured(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store.client.create_registered_model("lstm-tagger")
    shutil.copytree(paths.model_folder("nll", 1), "foreign/artifacts/nll")
    store.client.create_model_version("lstm-tagger", Path("foreign").absolute().as_uri())
    store.client.set_registered_model_alias("lstm-tagger", "champion", "1")
    record = exported("cross_entropy")
    table = pd.read_parquet(paths.predictions_file("cross_entropy", 1))
    accuracy = registry._measure(Tagger(paths.model_folder("nll", 1)), table)
    assert accuracy == pytest.approx(whole_record("nll").figures["test_accuracy"])
    deliver(store, record)
    assert f" and {accuracy:.5f} on data/raw/test.csv" in decision(capsys)[0]


def test_a_champion_that_can_t_be_loaded_stays_unless_its_accuracy_is_known(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    store.client.create_registered_model("lstm-tagger")
    Path("foreign").mkdir()
    store.client.create_model_version("lstm-tagger", Path("foreign").absolute().as_uri())
    store.client.set_registered_model_alias("lstm-tagger", "champion", "1")
    deliver(store, exported("nll", 0.5))
    (line,) = decision(capsys)
    assert line.startswith(
        "models:/lstm-tagger@champion stays version 1: it can't be loaded and may be for another task than version 2: "
    )
    assert line.endswith(", and MLflow's UI gives the alias to another version")
    store.client.set_registered_model_alias("lstm-tagger", "champion", "2")
    shutil.rmtree("models_of")
    deliver(store, exported("cross_entropy", 0.6))
    assert find_champion(store, "lstm-tagger") == "3"


def test_an_export_that_waited_for_the_store_is_decided_when_it_is_delivered(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(store, exported("nll", 0.9))
    keep(exported("cross_entropy", 0.95), StoreAwayError("MLflow: it is away"))
    capsys.readouterr()
    lines = list(sync())
    assert lines[0] == "logged 1 waiting record"
    assert decision(capsys)[0].startswith(f"models:/lstm-tagger@champion is version 2: {COMPARED} 0.95000 and ")


def test_the_export_of_a_temporary_folder_decides_nothing(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "workspace", lambda: Path("/elsewhere"))
    export("cross_entropy")
    record = gather(Training("nll", 1), ["evaluate", "export"])
    assert record.below("export") == {}
    assert not record.export_changed
