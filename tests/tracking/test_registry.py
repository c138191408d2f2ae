"""The model that a training logs, and the registered one, with one version per export."""

from pathlib import Path

import pytest

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.network.model_folder import fingerprint
from tagger.predict.model_source import model_folder_of
from tagger.predict.tagging import Tagger
from tagger.tracking.record import digest_of
from tagger.tracking.registry import find_champion, log_model, register_export
from tagger.tracking.runs import open_run
from tagger.tracking.store import Store
from tests.tracking.samples import whole_record

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


def requirements(folder: Path) -> set[str]:
    """Return the packages that a model of MLflow's says it needs."""
    lines = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return {line.partition("==")[0] for line in lines}


def test_the_model_of_a_run_is_an_output_of_its_experiment_with_its_files(store: Store, workspace: Path) -> None:
    record = whole_record()
    run = open_run(store, record)
    log_model(store, run, record, "model")
    log_model(store, run, record, "model")
    (model,) = store.client.search_logged_models([store.experiment])
    assert model.source_run_id == run.info.run_id
    assert model.params["model.hidden"] == "128"
    assert Path(model.artifact_location.removeprefix("file://")).is_relative_to(workspace / "mlruns/lstm-tagger")
    (output,) = store.client.get_run(run.info.run_id).outputs.model_outputs
    assert output.model_id == model.model_id
    with model_folder_of(f"runs:/{run.info.run_id}/nll-trained") as folder:
        assert fingerprint(folder) == record.model
        assert "torch" in requirements(folder.parents[1])
    assert store.client.search_registered_models() == []


def test_a_version_holds_the_export_and_needs_no_torch(store: Store) -> None:
    record = whole_record()
    run = open_run(store, record)
    log_model(store, run, record, "model")
    assert register_export(store, run, record) == "1"
    with model_folder_of("models:/lstm-tagger/1") as folder:
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
            path.name: path.read_bytes() for path in paths.EXPORT.iterdir()
        }
        assert requirements(folder.parents[1]) == {"mlflow", "numpy", "onnx", "onnxruntime", "pandas", "pydantic"}
    version = store.client.get_model_version("lstm-tagger", "1")
    assert version.run_id == run.info.run_id
    outputs = store.client.get_run(run.info.run_id).outputs.model_outputs
    assert len(outputs) == len(store.client.search_logged_models([store.experiment])) == 2


def test_the_same_export_is_registered_once_and_another_one_again(store: Store) -> None:
    record = whole_record()
    run = open_run(store, record)
    assert register_export(store, run, record) == "1"
    assert register_export(store, run, whole_record()) == "1"
    other = open_run(store, whole_record(training="again"))  # the same bytes
    assert register_export(store, other, record) == "1"
    paths.MODEL_CARD.write_text("Another licence", encoding="utf-8")
    assert register_export(store, run, whole_record()) == "2"
    assert register_export(store, run, whole_record()) == "2"
    with model_folder_of("models:/lstm-tagger/2") as folder:
        assert (folder / paths.MODEL_CARD.name).read_text(encoding="utf-8") == "Another licence"


def test_the_newest_version_of_an_export_counts(store: Store) -> None:
    record = whole_record()
    run = open_run(store, record)
    tags = {"content.sha256": digest_of(record.below("export"))}
    store.client.create_registered_model("lstm-tagger")
    for _ in range(10):
        store.client.create_model_version("lstm-tagger", f"file://{Path.cwd()}/models/export", tags=tags)
    assert register_export(store, run, record) == "10"


def test_a_trained_model_that_was_registered_before_is_still_used(store: Store) -> None:
    record = whole_record()
    run = open_run(store, record)
    log_model(store, run, record, "model")
    (logged,) = store.client.search_logged_models([store.experiment])
    store.client.create_registered_model("lstm-tagger")
    store.client.create_model_version("lstm-tagger", logged.artifact_location, run.info.run_id)
    (found,) = Tagger.load("models:/lstm-tagger/1").tag(["the dog"])
    (expected,) = Tagger("models/export").tag(["the dog"])
    assert found.tags == expected.tags
    assert register_export(store, run, record) == "2"


def test_without_registered_models_there_is_no_champion(store: Store) -> None:
    assert find_champion(store, "lstm-tagger") is None


def test_a_model_that_is_none_of_this_pipeline_is_one_line(store: Store) -> None:
    run = open_run(store, whole_record())
    store.client.log_text(run.info.run_id, "x", "other/artifacts/file.txt")
    with pytest.raises(InputError) as caught:
        Tagger.load(f"runs:/{run.info.run_id}/other")
    assert str(caught.value) == (
        f"runs:/{run.info.run_id}/other: has 0 model folders of this pipeline, expected one in its artifacts"
    )


def test_a_model_that_was_read_leaves_nothing_behind(
    store: Store, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = whole_record()
    run = open_run(store, record)
    log_model(store, run, record, "model")
    register_export(store, run, record)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    before = sorted(workspace.rglob("*"))
    for source in (f"runs:/{run.info.run_id}/nll-trained", "models:/lstm-tagger/1"):
        assert Tagger.load(source).tag_names
    assert (list(scratch.iterdir()), sorted(workspace.rglob("*"))) == ([], before)


@pytest.mark.parametrize("uri", ["models:/nobody@champion", "models:/nobody/1", "runs:/0123/model"])
def test_a_model_that_is_not_there_is_one_line_that_names_it(store: Store, uri: str) -> None:
    with pytest.raises(InputError) as caught:
        Tagger.load(uri)
    assert str(caught.value).startswith(f"{uri}: not found in MLflow: ")
    assert "\n" not in str(caught.value)
