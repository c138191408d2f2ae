"""What a record gathers from the files of the pipeline."""

import json
import subprocess
from pathlib import Path

import pytest
import torch

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.params.schema import Training
from tagger.tracking.gather import add_training, begin_training, gather
from tagger.tracking.record import Point, Record, origin
from tests.tracking.samples import whole_record, write_lock_file

DICTIONARIES = ("words", "characters", "affixes", "tags", "lookup")


@pytest.fixture(autouse=True)
def folder(workspace: Path) -> Path:
    return workspace


def edit(old: str, new: str, file: str = "params.yaml") -> None:
    path = Path(file)
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


# Params


def test_the_params_are_those_of_the_lock_file_where_it_has_the_outputs() -> None:
    before = gather(Training("nll", 1)).params
    edit("hidden: 128", "hidden: 300")
    edit("lowercase: true", "lowercase: false")
    edit("loss: best", "loss: nll")
    edit("device: auto", "device: cpu")
    assert gather(Training("nll", 1)).params == before
    assert before["model.hidden"] == 128
    assert before["data.lowercase"] is True
    assert before["export.loss"] == "best"


def test_the_params_are_those_of_the_file_where_the_lock_file_has_other_outputs() -> None:
    edit("hidden: 128", "hidden: 300")
    paths.history_file("nll", 1).write_text("epoch,dev_loss\n1,0.5\n", encoding="utf-8")
    assert gather(Training("nll", 1)).params["model.hidden"] == 300
    assert gather(Training("cross_entropy", 1)).params["model.hidden"] == 128


def test_without_a_lock_file_the_params_are_those_of_the_file() -> None:
    Path("dvc.lock").unlink()
    edit("hidden: 128", "hidden: 300")
    assert gather(Training("nll", 1)).params["model.hidden"] == 300


def test_every_record_has_the_same_params_but_for_the_loss() -> None:
    nll, cross_entropy = gather(Training("nll", 1)).params, gather(Training("cross_entropy", 1)).params
    assert nll.keys() == cross_entropy.keys()
    assert {name for name in nll if nll[name] != cross_entropy[name]} == {"loss"}
    assert nll["losses"] == ["nll", "cross_entropy"]
    assert nll["train.adam_betas"] == [0.9, 0.9]


def test_a_training_that_starts_has_the_params_of_the_file() -> None:
    edit("hidden: 128", "hidden: 300")
    record = begin_training(Training("nll", 1), "identity")
    assert record.params["model.hidden"] == 300
    assert (record.training, record.model, record.points, record.figures, record.files) == (
        "identity",
        None,
        [],
        {},
        {},
    )


# Groups


@pytest.mark.parametrize(
    ("old", "new"),
    [("- cross_entropy\n", "- mse\n"), ("loss: best", "loss: nll"), ("test_share: 0.1", "test_share: 0.2")],
)
def test_what_concerns_no_training_leaves_the_group_alone(old: str, new: str) -> None:
    before = begin_training(Training("nll", 1), "a").group
    edit(old, new)
    assert begin_training(Training("nll", 1), "a").group == before


@pytest.mark.parametrize(("old", "new"), [("hidden: 128", "hidden: 129"), ("epochs: 12", "epochs: 13")])
def test_another_setting_is_another_group(old: str, new: str) -> None:
    before = begin_training(Training("nll", 1), "a").group
    edit(old, new)
    assert begin_training(Training("nll", 1), "a").group != before


def test_one_seed_is_a_group_and_several_are_another_to_which_more_may_come() -> None:
    def group(*seeds: int) -> str:
        edit("\nseeds: ", f"\nseeds: {list(seeds)}\nold: ")
        record = begin_training(Training("nll", seeds[-1]), "a")
        edit(f"\nseeds: {list(seeds)}\nold: ", "\nseeds: ")
        return record.group

    assert len({group(1), group(2), group(1, 2)}) == 3
    assert group(1, 2) == group(1, 2, 3) == group(4, 2)


def test_the_losses_of_one_setting_are_one_group() -> None:
    groups = {begin_training(Training("nll", 1), "a").group, begin_training(Training("cross_entropy", 1), "b").group}
    groups |= {gather(Training("nll", 1)).group, whole_record("cross_entropy").group}
    assert len(groups) == 1


def test_another_experiment_is_another_group(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = {begin_training(Training("nll", 1), "a").group}
    for name in ("wide", "deep"):
        monkeypatch.setenv("DVC_EXP_NAME", name)
        groups.add(begin_training(Training("nll", 1), "a").group)
    assert len(groups) == 3


@pytest.mark.parametrize("split", ["train", "dev"])
def test_another_corpus_is_another_group(split: str) -> None:
    before = begin_training(Training("nll", 1), "a").group
    first = EncodedSplit.load(paths.PREPARED / split).form_texts[0]
    edit(f'"{first}"', '"other"', f"data/prepared/{split}/form_texts.json")
    assert begin_training(Training("nll", 1), "a").group != before


def test_another_test_split_is_the_same_group() -> None:
    before = whole_record().group
    (paths.PREPARED / "other_test").rename(paths.PREPARED / "moved")
    paths.TEST.rename(paths.PREPARED / "other_test")
    (paths.PREPARED / "moved").rename(paths.TEST)
    assert whole_record().group == before


# Content


def test_the_whole_record_has_what_the_stages_wrote() -> None:
    record = whole_record()
    summary = json.loads(paths.summary_file("nll", 1).read_text(encoding="utf-8"))
    metrics = json.loads(paths.evaluation_file("nll", 1).read_text(encoding="utf-8"))
    expected = {name: value for name, value in summary.items() if value is not None}
    expected |= {f"test_{name}": value for name, value in metrics.items() if value is not None}
    assert record.figures == expected
    assert {place: path.as_posix() for place, path in (record.artifacts | record.below("model")).items()} == {
        "history/nll.csv": "metrics/history/nll/1.csv",
        **{f"dictionaries/{name}.json": f"data/prepared/dictionaries/{name}.json" for name in DICTIONARIES},
        # This model reads no affixes.
        **{f"model/{name}.json": f"models/nll/1/{name}.json" for name in {"config", *DICTIONARIES} - {"affixes"}},
        "model/weights.safetensors": "models/nll/1/weights.safetensors",
        "tags/nll.csv": "metrics/tags/nll/1.csv",
        "detail/nll.json": "metrics/detail/nll/1.json",
        "predictions/nll.parquet": "data/predictions/nll/1.parquet",
    }
    assert {name: dataset.source for name, dataset in record.datasets.items()} == {
        "train": "data/raw/train.csv",
        "dev": "data/raw/dev.csv",
        "test": "data/raw/test.csv",
    }
    for name, dataset in record.datasets.items():
        assert dataset.digest == EncodedSplit.load(paths.PREPARED / name).digest()
    assert len(record.model or "") == 64


def test_the_points_of_a_restored_training_come_from_its_history_without_times() -> None:
    paths.history_file("nll", 1).write_text("epoch,dev_loss,dev_accuracy\n1,inf,0.5\n2,0.25,0.75\n", encoding="utf-8")
    assert gather(Training("nll", 1)).points == [
        Point("dev_loss", float("inf"), 1, None),
        Point("dev_loss", 0.25, 2, None),
        Point("dev_accuracy", 0.5, 1, None),
        Point("dev_accuracy", 0.75, 2, None),
    ]


def test_the_points_of_a_training_of_this_machine_keep_their_times() -> None:
    point = Point("dev_loss", 0.5, 1, 1_700_000_000_000)
    record = begin_training(Training("nll", 1), "a")
    record.points = [point]
    add_training(record)
    assert record.points == [point]


def test_a_figure_that_is_none_is_left_out() -> None:
    edit('"best_dev_loss": ', '"best_dev_loss": null, "other": ', str(paths.summary_file("nll", 1)))
    figures = gather(Training("nll", 1)).figures
    assert "best_dev_loss" not in figures
    assert "other" in figures


@pytest.mark.parametrize(
    "missing", ["models/nll/1/config.json", "data/prepared/train/tags.npy", "data/prepared/dev/tag_names.json"]
)
def test_an_output_that_is_missing_is_a_mistake_of_the_user(missing: str) -> None:
    Path(missing).unlink()
    with pytest.raises(InputError, match=missing):
        gather(Training("nll", 1))


def test_the_export_counts_in_the_main_workspace_alone(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(whole_record().below("export")) >= {"export/config.json", "export/tagger.onnx", "export/tags.json"}
    monkeypatch.setenv("DVC_ROOT", str(workspace.parent))
    assert whole_record().below("export") == {}


# JSON


def test_a_record_is_the_same_after_json_infinite_values_too() -> None:
    record = whole_record().model_copy(
        update={
            "points": [Point("dev_loss", float("inf"), 1, 5), Point("dev_loss", -float("inf"), 2, None)],
            "figures": {"test_nll": float("inf"), "test_accuracy": 0.1 + 0.2},
            "ended": 7,
            "store": "sqlite:////mlflow.db",
            "experiment": "wïde",
        }
    )
    again = Record.model_validate_json(record.model_dump_json(indent=2))
    assert again == record
    assert again.params == record.params
    assert again.group == record.group


def test_a_value_that_is_no_number_is_so_after_json() -> None:
    record = begin_training(Training("nll", 1), "a").model_copy(update={"figures": {"x": float("nan")}})
    assert str(Record.model_validate_json(record.model_dump_json()).figures["x"]) == "nan"


# Tags


def git(*arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    return subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True).stdout.strip()


def test_outside_git_and_dvc_the_tags_name_loss_stage_and_workspace() -> None:
    record = begin_training(Training("nll", 1), "a")
    tags = {name: value for name, value in record.tags.items() if not name.startswith("training.")}
    assert tags == {"loss": "nll", "seed": "1", "dvc.stage": "train@nll-1", "workspace": origin()}
    assert record.experiment is None
    assert record.name == "nll"


def test_the_tags_name_the_commit_and_whether_a_file_has_changed_since() -> None:
    git("init", "--quiet")
    git("add", "params.yaml", "dvc.lock", "metrics")
    git("commit", "--quiet", "--message", "start")
    tags = begin_training(Training("nll", 1), "a").tags
    assert tags["git.commit"] == git("rev-parse", "HEAD")
    assert tags["git.dirty"] == "false"
    paths.history_file("nll", 1).write_text("what the pipeline writes", encoding="utf-8")
    edit("hidden: 128", "hidden: 300")
    write_lock_file()
    edit("hidden: 300", "hidden: 128")
    Path("new").write_text("git does not have it", encoding="utf-8")
    assert begin_training(Training("nll", 1), "a").tags["git.dirty"] == "false"
    edit("hidden: 128", "hidden: 300")
    assert begin_training(Training("nll", 1), "a").tags["git.dirty"] == "true"


def test_the_tags_name_the_experiment_of_dvc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_EXP_NAME", "wide")
    monkeypatch.setenv("DVC_EXP_BASELINE_REV", "0123456")
    record = begin_training(Training("nll", 1), "a")
    assert record.tags["dvc.experiment"] == "wide"
    assert record.tags["dvc.baseline"] == "0123456"
    assert record.name == "wide/nll"


def test_a_training_of_this_process_names_what_computes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagger.runner.machine.processor_name", lambda: "A processor")
    found = {
        name: value
        for name, value in begin_training(Training("nll", 1), "a").tags.items()
        if name.startswith("training.")
    }
    assert found == {
        "training.processor": "A processor",
        "training.instruction_set": torch.backends.cpu.get_cpu_capability(),
        "training.arithmetic": "portable",
        "training.torch": torch.__version__,
    }


def test_a_training_on_a_processor_that_portable_arithmetic_does_not_hold_for_is_native(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tagger.core.common.arithmetic.limits", lambda _device: "a processor without AVX2")
    assert begin_training(Training("nll", 1), "a").tags["training.arithmetic"] == "native"


def test_a_record_of_outputs_does_not_claim_that_this_machine_trained_them() -> None:
    assert not any(name.startswith("training.") for name in whole_record().tags)
