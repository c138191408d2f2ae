"""What the runs in MLflow hold after `dvc repro`, and that they are found again."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tagger.core.common.errors import InputError
from tagger.tracking.metric_names import in_mlflow
from tagger.tracking.runs import figures_of
from tests.conftest import Project, keep_rows

# MLflow's own code uses what its libraries deprecate.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
LOSSES = ("nll", "cross_entropy")


@pytest.fixture(scope="module")
def client(finished: Project) -> Iterator[Any]:
    """A client of the store that `mlflow ui` opens without arguments in the project's folder."""
    import mlflow

    uri = f"sqlite:///{finished.root}/mlflow.db"
    mlflow.set_tracking_uri(uri)
    yield mlflow.MlflowClient(uri)
    mlflow.set_tracking_uri(None)


@pytest.fixture(scope="module")
def runs(client: Any) -> dict[str, Any]:
    experiment = client.get_experiment_by_name("lstm-tagger")
    found = client.search_runs([experiment.experiment_id], "tags.loss LIKE '%'")
    assert len(found) == len(LOSSES)
    return {run.data.tags["loss"]: run for run in found}


def artifacts(client: Any, run: Any, folder: str | None = None) -> set[str]:
    found: set[str] = set()
    for item in client.list_artifacts(run.info.run_id, folder):
        found |= artifacts(client, run, item.path) if item.is_dir else {item.path}
    return found


def test_there_is_one_finished_run_a_loss(runs: dict[str, Any]) -> None:
    assert {loss: run.info.status for loss, run in runs.items()} == dict.fromkeys(LOSSES, "FINISHED")
    assert {run.info.run_name for run in runs.values()} == set(LOSSES)


def test_the_params_have_the_same_keys_and_differ_in_the_loss_alone(runs: dict[str, Any]) -> None:
    nll, cross_entropy = (runs[loss].data.params for loss in LOSSES)
    assert {"seed", "data.train", "model.hidden", "train.epochs", "loss"} <= set(nll)
    assert {key for key in nll.keys() | cross_entropy.keys() if nll.get(key) != cross_entropy.get(key)} == {"loss"}


def test_every_epoch_has_its_metrics(runs: dict[str, Any], client: Any) -> None:
    names = ("train_loss", "dev_loss", "dev_accuracy", "learning_rate", "tokens_per_second", "seconds")
    for run in runs.values():
        for name in names:
            assert [value.step for value in client.get_metric_history(run.info.run_id, in_mlflow(name))] == [1, 2, 3]


def test_the_metrics_are_those_of_the_files(runs: dict[str, Any], finished: Project) -> None:
    for loss, run in runs.items():
        evaluation = json.loads((finished.root / f"metrics/evaluate/{loss}/1.json").read_text(encoding="utf-8"))
        for name, value in evaluation.items():
            assert figures_of(run)[f"test_{name}"] == value
        summary = json.loads((finished.root / f"metrics/train/{loss}/1.json").read_text(encoding="utf-8"))
        for name, value in summary.items():
            assert figures_of(run)[name] == value


def test_the_tags_say_what_a_run_comes_from(runs: dict[str, Any], finished: Project) -> None:
    start = finished.run("git", "rev-parse", "HEAD^").strip()
    for loss, run in runs.items():
        assert run.data.tags["git.commit"] == start
        assert run.data.tags["git.dirty"] == "false"
        assert run.data.tags["dvc.stage"] == f"train@{loss}-1"


def test_the_data_sets_are_logged_with_their_digests(runs: dict[str, Any]) -> None:
    digests = [
        {given.dataset.name: given.dataset.digest for given in run.inputs.dataset_inputs} for run in runs.values()
    ]
    assert set(digests[0]) == {"train", "dev", "test"}
    assert len(set(digests[0].values())) == 3
    assert digests[0] == digests[1]


def test_the_artifacts_are_complete(runs: dict[str, Any], client: Any) -> None:
    for loss, run in runs.items():
        assert artifacts(client, run) == {
            "params.yaml",
            f"history/{loss}.csv",
            f"tags/{loss}.csv",
            f"detail/{loss}.json",
            "probabilities.json",
            f"predictions/{loss}.parquet",
            *(f"dictionaries/{name}.json" for name in ("words", "characters", "affixes", "tags", "lookup")),
        }


def test_the_group_of_both_holds_the_report_and_their_best_figures(runs: dict[str, Any], client: Any) -> None:
    (parent,) = {run.data.tags["mlflow.parentRunId"] for run in runs.values()}
    group = client.get_run(parent)
    assert group.info.status == "FINISHED"
    assert artifacts(client, group) == {"report.html", "losses.json", "compare.json", "probabilities.json"}
    assert group.data.metrics == {
        in_mlflow(f"{loss}.{name}"): figures_of(run)[name]
        for loss, run in runs.items()
        for name in ("best_dev_accuracy", "test_accuracy")
    }
    assert group.data.params == {name: value for name, value in runs["nll"].data.params.items() if name != "loss"}


def test_the_table_of_probabilities_has_the_same_columns_and_tokens_for_every_loss(
    runs: dict[str, Any], client: Any
) -> None:
    tables = [
        client.load_table(run.info.experiment_id, "probabilities.json", [run.info.run_id]) for run in runs.values()
    ]
    assert list(tables[0]) == list(tables[1])
    assert list(tables[0])[:5] == ["token", "probabilities", "sentence", "position", "word"]
    assert tables[0]["token"].tolist() == tables[1]["token"].tolist()
    assert tables[0]["token"].is_unique
    assert 0 < len(tables[0]) <= 2000


def test_no_output_of_dvc_holds_a_run_id(runs: dict[str, Any], finished: Project) -> None:
    contents = finished.contents("data", "models", "metrics") | {"lock": (finished.root / "dvc.lock").read_bytes()}
    for run in runs.values():
        assert not [name for name, content in contents.items() if run.info.run_id.encode() in content]


def test_the_exported_model_is_the_champion(runs: dict[str, Any], client: Any) -> None:
    version = client.get_model_version_by_alias("lstm-tagger", "champion")
    assert version.run_id == runs["nll"].info.run_id
    assert len(client.search_model_versions("name = 'lstm-tagger'")) == 1


def test_the_logged_model_takes_sentences_and_gives_tags_and_probabilities(runs: dict[str, Any]) -> None:
    import mlflow

    model = mlflow.pyfunc.load_model("models:/lstm-tagger@champion")
    answer = model.predict(pd.DataFrame({"sentence": ["The zorp ate the book .", "", ["Why", "?"]]}))
    assert list(answer) == ["words", "tags", "probabilities"]
    assert answer["words"].tolist() == [["The", "zorp", "ate", "the", "book", "."], [], ["Why", "?"]]
    assert [len(tags) for tags in answer["tags"]] == [len(values) for values in answer["probabilities"]] == [6, 0, 2]
    assert model.input_example is not None


def test_a_restored_training_gets_one_run_in_the_store_that_the_user_names(copy: Project, database: Path) -> None:
    uri = f"sqlite:///{copy.root}/own.db"
    shutil.copyfile(database, copy.root / "own.db")
    copy.run_here("evaluate", "nll", "1", uri=uri)
    copy.run_here("export", uri=uri)
    assert not (copy.root / "mlflow.db").exists()
    tables = read_tables(copy.root)
    copy.run_here("evaluate", "nll", "1", uri=uri)
    assert read_tables(copy.root) == tables
    assert len(tables) == 3  # the export brings the report on both losses: a table for each, and one for the group
    import mlflow

    runs = mlflow.MlflowClient(uri).search_runs(["1"], "tags.loss LIKE '%'", order_by=["tags.loss DESC"])
    restored = [(run.data.tags["loss"], run.data.tags["restored"]) for run in runs]
    assert restored == [("nll", "true"), ("cross_entropy", "true")]
    assert {"best_dev_accuracy", "dev_loss", "test_accuracy"} <= set(figures_of(runs[0]))
    champion = mlflow.MlflowClient(uri).get_model_version_by_alias("lstm-tagger", "champion")
    assert champion.run_id == runs[0].info.run_id
    keep_rows(copy.root / "data/raw/test.csv", 10)
    copy.run_here("prepare")
    copy.run_here("evaluate", "nll", "1", uri=uri)
    kept, other = sorted(
        mlflow.MlflowClient(uri).search_runs(["1"], "tags.loss = 'nll'"), key=lambda run: run.info.start_time
    )
    assert kept.data.metrics == runs[0].data.metrics
    assert other.data.tags["test.digest"] != kept.data.tags["test.digest"]
    assert other.data.tags["model.sha256"] == kept.data.tags["model.sha256"]


def test_a_deleted_experiment_is_one_line_that_says_how_to_restore_it(tracked: Project) -> None:
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{tracked.root}/mlflow.db")
    client.delete_experiment(client.create_experiment("lstm-tagger"))
    with pytest.raises(InputError) as caught:
        tracked.run_here("export")
    said = "MLflow: the experiment 'lstm-tagger' is deleted, expected it active; `mlflow experiments restore -x 1`"
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def read_tables(root: Path) -> dict[str, int]:
    """Return the number of rows of each run's table of probabilities."""
    return {
        str(path): len(json.loads(path.read_text(encoding="utf-8"))["data"])
        for path in (root / "mlruns").rglob("probabilities.json")
    }
