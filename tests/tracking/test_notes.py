"""The texts and links that MLflow shows of a workspace's runs and models."""

import json
from pathlib import Path

import pytest

from tagger.core.common import paths
from tagger.predict.mlflow_store import tracking_uri
from tagger.tracking import delivery
from tagger.tracking.delivery import deliver
from tagger.tracking.hooks import links
from tagger.tracking.record import COMPARED, OF_GROUP, Record
from tagger.tracking.store import Store, connect
from tests.tracking.samples import LOSSES, evaluated_record, groups_of, runs_of, whole_record

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
NOTE = "mlflow.note.content"
VIEW = "mlflow.sharedViewState.losses"


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes most of the time of a delivery."""
    for name in ("log_model", "register_export", "describe_version"):
        monkeypatch.setattr(delivery, name, lambda *_: None)
    monkeypatch.setattr(delivery, "promote", lambda *_: False)


def compared(record: Record, summary: str = "No difference.") -> Record:
    """Return the record with the files of a report on both losses."""
    pairs = [{"first": loss, "accuracy": {"first": 0.75}} for loss in LOSSES]
    report = Path("compare.json")
    report.write_text(json.dumps({"summary": summary, "pairs": pairs}))
    files = {f"{OF_GROUP}/compare.json": report}
    files |= {f"{COMPARED}/{loss}.parquet": paths.predictions_file(loss, 1) for loss in LOSSES}
    return record.model_copy(update={"files": record.files | files})


def note_of_experiment(store: Store) -> str:
    return str(store.client.get_experiment(store.experiment).tags.get(NOTE, ""))


def test_a_group_says_the_verdict_and_where_to_look(store: Store, cheap: None) -> None:
    for loss in LOSSES:
        deliver(store, evaluated_record(loss))
    (group,) = groups_of(store)
    assert group.data.tags[NOTE].startswith("One training for each loss")
    deliver(store, compared(evaluated_record()))
    deliver(store, evaluated_record())  # without the report
    (group,) = groups_of(store)
    assert group.data.tags[NOTE].startswith("No difference.\n\nOne training for each loss")
    assert "[probabilities](#/experiments/1/runs?" in group.data.tags[NOTE]
    assert group.info.run_id in group.data.tags[NOTE]
    assert note_of_experiment(store).startswith("**Right on test: nll 75.00 %, cross_entropy 75.00 %** · [losses](#/")


def test_a_group_and_its_losses_show_the_same_tokens(store: Store, cheap: None) -> None:
    for loss in LOSSES:
        deliver(store, compared(evaluated_record(loss)))
    runs = [*groups_of(store), *runs_of(store)]
    tables = [store.client.load_table(store.experiment, "probabilities.json", [run.info.run_id]) for run in runs]
    assert len(tables) == 3
    assert all(table["token"].tolist() == tables[0]["token"].tolist() for table in tables)
    assert {"gold", *LOSSES} <= set(tables[0])
    assert {given.dataset.name for given in runs[0].inputs.dataset_inputs} == {"train", "dev", "test"}
    before = [run.data.tags for run in runs]
    assert not deliver(store, compared(evaluated_record()))
    assert [run.data.tags for run in [*groups_of(store), *runs_of(store)]] == before


def test_a_text_that_someone_edited_stays_and_ours_is_kept_up_to_date(store: Store, cheap: None) -> None:
    deliver(store, compared(evaluated_record()))
    deliver(store, compared(evaluated_record(), "They differ."))
    (group,) = groups_of(store)
    assert group.data.tags[NOTE].startswith("They differ.")
    store.client.set_tag(group.info.run_id, NOTE, "mine")
    store.client.set_experiment_tag(store.experiment, NOTE, "ours")
    deliver(store, compared(evaluated_record()))
    assert groups_of(store)[0].data.tags[NOTE] == "mine"
    assert note_of_experiment(store) == "ours"


def test_a_text_names_the_commit_that_made_the_run_whatever_is_checked_out_now(store: Store, cheap: None) -> None:
    for commit in ("a" * 40, "b" * 40):
        record = compared(evaluated_record())
        record.tags["git.commit"] = commit
        deliver(store, record)
    for run in (*groups_of(store), *runs_of(store)):
        assert "at commit `aaaaaaa`" in run.data.tags[NOTE]


def test_the_experiment_speaks_of_the_newest_group(store: Store, cheap: None) -> None:
    old = compared(evaluated_record())
    new = old.model_copy(update={"experiment": "wide", "started": old.started + 1000})
    deliver(store, new)
    deliver(store, old)
    newest = next(group for group in groups_of(store) if group.info.run_name == "wide")
    assert newest.info.run_id in note_of_experiment(store)


def test_every_model_says_how_it_was_made_and_is_used(store: Store) -> None:
    deliver(store, whole_record())
    (run,) = runs_of(store)
    names = {model.name: model.model_id for model in store.client.search_logged_models([store.experiment])}
    assert set(names) == {"nll-trained", "nll-export"}
    assert f"predict --model models:/{names['nll-trained']} " in run.data.tags[NOTE]
    assert "`dvc repro train@nll-1`" in run.data.tags[NOTE]
    registered = store.client.get_registered_model("lstm-tagger").description
    assert "models:/lstm-tagger@champion" in registered
    version = store.client.get_model_version("lstm-tagger", "1").description
    assert "loss `nll`, exported by `dvc repro export`" in version
    assert "models:/lstm-tagger/1" in version
    store.client.update_model_version("lstm-tagger", "1", "mine")
    deliver(store, whole_record())
    assert store.client.get_model_version("lstm-tagger", "1").description == "mine"


def test_every_metric_of_a_model_names_its_split_once(store: Store) -> None:
    for loss in LOSSES:
        deliver(store, whole_record(loss))
    deliver(store, whole_record())
    found = store.client.search_logged_models(
        [store.experiment], "metrics.`test/accuracy` >= 0", datasets=[{"dataset_name": "test"}]
    )
    assert sorted(model.name for model in found) == ["cross_entropy-trained", "nll-trained"]
    digests = whole_record().digests
    for model in found:
        rows = [(metric.key, metric.step) for metric in model.metrics]
        assert len(set(rows)) == len(rows)
        assert {("dev/loss", 1), ("dev/loss", 2), ("train/loss", 1), ("test/nll", 0), ("best_epoch", 0)} <= set(rows)
        assert all(digests[metric.dataset_name] == metric.dataset_digest for metric in model.metrics)
    (exported,) = (
        model for model in store.client.search_logged_models([store.experiment]) if model.name == "nll-export"
    )
    assert not exported.metrics
    given = {given.dataset.name: given for given in runs_of(store)[0].inputs.dataset_inputs}
    assert json.loads(given["test"].dataset.profile)["sentences"] == 5
    assert {tag.key: tag.value for tag in given["test"].tags}["dvc.md5"].endswith(".dir")


def test_an_experiment_without_the_view_gets_it(store: Store) -> None:
    store.client.delete_experiment_tag(store.experiment, VIEW)
    store.client.set_experiment_tag(store.experiment, "mlflow.experiment.primaryMetric.name", "mine")
    tags = connect().client.get_experiment(store.experiment).tags
    state = json.loads(json.loads(tags[VIEW])["state"])
    assert "metrics.`test/accuracy`" in state["selectedColumns"]
    assert tags["mlflow.experiment.primaryMetric.name"] == "mine"


def test_links_lead_to_the_runs_of_the_models_on_the_disk(
    store: Store, cheap: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert links() == ""
    deliver(store, evaluated_record())
    (group,) = groups_of(store)
    printed = links().splitlines()
    assert [line.split()[0] for line in printed[1:]] == ["losses", "probabilities", "curves"]
    assert all("http://127.0.0.1:5000/#/experiments/1/runs?" in line for line in printed[1:])
    assert group.info.run_id in printed[2]
    monkeypatch.setenv("TAGGER_TRACKING", "off")
    assert links() == ""


def test_no_link_is_shown_and_no_database_made_if_there_is_none(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///none.db")
    tracking_uri.cache_clear()
    assert links() == ""
    assert not Path("none.db").exists()
