"""Registered models: a version a run."""

from pathlib import Path

import pytest

from tagger.errors import InputError
from tagger.model_folder import fingerprint
from tagger.tracking.registry import fetch_model, find_champion, log_model
from tagger.tracking.runs import open_run
from tagger.tracking.store import Store
from tests.tracking.samples import whole_record

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


def test_the_model_of_a_run_is_an_output_of_its_experiment_with_its_files(store: Store, workspace: Path) -> None:
    record = whole_record()
    run = open_run(store, record)
    assert log_model(store, run, record) == "1"
    assert log_model(store, run, record) == "1"
    (model,) = store.client.search_logged_models([store.experiment])
    assert model.source_run_id == run.info.run_id
    assert model.params["model.hidden"] == "200"
    assert Path(model.artifact_location.removeprefix("file://")).is_relative_to(workspace / "mlruns/lstm-tagger")
    (output,) = store.client.get_run(run.info.run_id).outputs.model_outputs
    assert output.model_id == model.model_id
    assert fingerprint(fetch_model("models:/lstm-tagger/1")) == record.model


def test_the_newest_version_of_a_run_counts(store: Store) -> None:
    record = whole_record()
    run = open_run(store, record)
    store.client.create_registered_model("lstm-tagger")
    for _ in range(10):
        store.client.create_model_version("lstm-tagger", f"file://{Path.cwd()}/models/nll", run.info.run_id)
    assert log_model(store, run, record) == "10"


def test_without_registered_models_there_is_no_champion(store: Store) -> None:
    assert find_champion(store) is None


def test_a_model_that_is_none_of_this_pipeline_is_one_line(store: Store) -> None:
    run = open_run(store, whole_record())
    store.client.log_text(run.info.run_id, "x", "other/artifacts/file.txt")
    with pytest.raises(InputError) as caught:
        fetch_model(f"runs:/{run.info.run_id}/other")
    assert str(caught.value) == (
        f"runs:/{run.info.run_id}/other: holds no model folder of this pipeline, expected one in its artifacts"
    )


@pytest.mark.parametrize("uri", ["models:/nobody@champion", "models:/nobody/1", "runs:/0123/model"])
def test_a_model_that_is_not_there_is_one_line_that_names_it(store: Store, uri: str) -> None:
    with pytest.raises(InputError) as caught:
        fetch_model(uri)
    assert str(caught.value).startswith(f"{uri}: not found in MLflow: ")
    assert "\n" not in str(caught.value)
