"""The whole pipeline with real DVC and real MLflow, on a tiny corpus."""

import contextlib
import gzip
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from tagger.cli.commands import main
from tagger.core.common.errors import InputError
from tagger.core.network.model_folder import read_model
from tests.conftest import Project, own_environment

OUTPUTS = ("data/prepared", "data/predictions", "models", "metrics")
LOSSES = ("nll", "cross_entropy")
METRICS = [
    "accuracy",
    "macro_f1",
    "known_accuracy",
    "ambiguous_accuracy",
    "unknown_accuracy",
    "sentence_accuracy",
    "nll",
    "brier",
    "ece",
]
CHAMPION = """
import mlflow
client = mlflow.MlflowClient("sqlite:///mlflow.db")
print(client.get_model_version_by_alias("lstm-tagger", "champion").version, "@champion")
"""


LAST = {"report", "export"}


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_metrics_are_nested_under_the_loss(finished: Project) -> None:
    for loss in LOSSES:
        metrics = read_json(finished.root / f"metrics/evaluate/{loss}/1.json")
        assert list(metrics) == METRICS
        summary = read_json(finished.root / f"metrics/train/{loss}/1.json")
        assert summary["epochs"] == 3
        assert read_json(finished.root / "metrics/results.json")[loss] == metrics | summary  # one seed has no spread


def test_the_history_has_a_row_an_epoch(finished: Project) -> None:
    history = pd.read_csv(finished.root / "metrics/history/nll/1.csv")
    assert history["epoch"].tolist() == [1, 2, 3]


def test_the_probabilities_of_every_token_sum_to_one(finished: Project) -> None:
    tags = [entry for entry, _ in read_json(finished.root / "data/prepared/dictionaries/tags.json")["entries"]]
    rows = (finished.root / "data/raw/test.csv").read_text(encoding="utf-8").splitlines()[1:]
    for loss in LOSSES:
        table = pd.read_parquet(finished.root / f"data/predictions/{loss}/1.parquet")
        assert list(table) == ["sentence", "position", "word", "gold", "predicted", *(f"p_{tag}" for tag in tags)]
        assert table["sentence"].max() == len(rows)
        np.testing.assert_allclose(table.filter(like="p_").sum(axis=1), 1, atol=1e-5)


def test_the_reported_accuracy_is_that_of_the_predictions(finished: Project) -> None:
    table = pd.read_parquet(finished.root / "data/predictions/nll/1.parquet")
    metrics = read_json(finished.root / "metrics/evaluate/nll/1.json")
    assert metrics["accuracy"] == pytest.approx((table["gold"] == table["predicted"]).mean(), abs=1e-6)
    tags = pd.read_csv(finished.root / "metrics/tags/nll/1.csv")
    assert tags["support"].sum() == len(table)


def test_nll_and_cross_entropy_end_in_the_same_weights(finished: Project) -> None:
    weights = [(finished.root / f"models/{loss}/1/weights.safetensors").read_bytes() for loss in LOSSES]
    assert weights[0] == weights[1]


def test_the_losses_are_compared(finished: Project) -> None:
    comparison = read_json(finished.root / "metrics/compare.json")
    accuracies = [read_json(finished.root / f"metrics/evaluate/{loss}/1.json")["accuracy"] for loss in LOSSES]
    pair = comparison["pairs"][0]
    assert [pair["accuracy"]["first"], pair["accuracy"]["second"]] == accuracies
    assert (pair["same_tags"], pair["better"]) == (1, None)
    assert comparison["summary"].startswith("No difference between nll and cross_entropy: ")
    prepared = read_json(finished.root / "metrics/prepare.json")
    assert comparison["baseline"]["accuracy"] == prepared["test"]["baseline_accuracy"]


def test_the_losses_are_studied(finished: Project) -> None:
    study = read_json(finished.root / "metrics/losses.json")
    summary = read_json(finished.root / "metrics/train/nll/1.json")
    assert study["textbook"]["example"]["mean"] == 0.366985
    assert study["textbook"]["dev"]["mean"] == pytest.approx(summary["best_dev_loss"], abs=1e-5)
    assert study["comparison"]["rows"][0]["accuracy"] == summary["best_dev_accuracy"]
    difference = study["equality"]["largest_difference"]
    assert [difference["loss"], difference["gradient"], difference["weight"]] == [0, 0, 0]


def test_the_detail_is_of_the_model_that_was_evaluated(finished: Project) -> None:
    config = (finished.root / "models/nll/1/config.json").read_bytes()
    detail = read_json(finished.root / "metrics/detail/nll/1.json")
    assert detail["model"] == hashlib.sha256(config).hexdigest()
    assert detail["tokens"] == sum(row["tokens"] for row in detail["lengths"])


def test_dvc_plots_all_losses_together(copy: Project) -> None:
    shown = json.loads(copy.run("dvc", "plots", "show", "--json"))
    assert "errors" not in shown
    assert list(shown["data"]) == [
        "accuracy on dev",
        "loss on dev",
        "loss in training",
        "confusion matrix",
        "reliability",
        "F1 of each tag",
    ]
    for title, (plot,) in shown["data"].items():
        content = json.dumps(plot["content"])
        assert "<DVC_METRIC_" not in content
        assert title in content
        for loss in LOSSES:
            assert f'"loss": "{loss}"' in content


def test_another_model_than_the_evaluated_is_one_line(copy: Project) -> None:
    shutil.rmtree(copy.root / "models/nll/1")
    shutil.copytree(copy.root / "models/cross_entropy/1", copy.root / "models/nll/1")
    with pytest.raises(InputError) as caught:
        copy.run_here("report")
    assert str(caught.value) == "models/nll/1: is not the model that was evaluated; `dvc checkout` may bring it back"


def test_the_export_is_the_best_model(finished: Project) -> None:
    folder = finished.root / "models/export"
    verification = read_json(folder / "verification.json")
    table = pd.read_parquet(finished.root / "data/predictions/nll/1.parquet")
    assert (verification["tokens"], verification["different_tags"]) == (len(table), 0)
    config = read_json(folder / "config.json")
    assert config["trained"] == hashlib.sha256((finished.root / "models/nll/1/config.json").read_bytes()).hexdigest()
    metrics = read_json(finished.root / "metrics/evaluate/nll/1.json")
    card = (folder / "model_card.md").read_text(encoding="utf-8")
    assert f"| `accuracy` | {metrics['accuracy']:.4f} |" in card
    assert str(finished.root) not in card


@pytest.mark.slow
def test_in_a_fresh_clone_every_model_is_trained_and_the_champion_is_named(copy: Project) -> None:
    clone = Project(copy.root.parent / "clone")
    copy.run("git", "clone", "--quiet", ".", str(clone.root))
    assert clone.run("dvc", "repro").count("Running stage") == 6  # what the report writes is in git
    assert "@champion" in clone.run("python", "-c", CHAMPION)


def test_metrics_have_a_column_for_each_loss(copy: Project) -> None:
    shown = copy.run("dvc", "metrics", "show")
    assert "nll.accuracy" in shown
    assert "cross_entropy.macro_f1" in shown


def test_a_second_run_does_nothing(copy: Project) -> None:
    assert "Running stage" not in copy.run("dvc", "repro")


@pytest.mark.parametrize(
    ("old", "new", "stages"),
    [
        ("epochs: 3", "epochs: 4", {"train@nll-1", "train@cross_entropy-1", *LAST}),
        ("loss: best", "loss: nll", {"export"}),
        ("lowercase: true", "lowercase: false", {"prepare", *LAST}),
        ("word_dim: 8", "word_dim: 9", {"prepare", "train@nll-1", "train@cross_entropy-1", *LAST}),
        ("  seed: 1 ", "  seed: 2 ", {"prepare", *LAST}),
        ("- 1\n", "- 2\n- 1\n", {f"{stage}@{loss}-2" for stage in ("train", "evaluate") for loss in LOSSES} | LAST),
        ("test: data/raw/test.csv", "test: data/raw/dev.csv", {"prepare", *LAST}),
    ],
)
def test_a_changed_param_concerns_just_the_stages_that_read_it(
    copy: Project, old: str, new: str, stages: set[str]
) -> None:
    copy.edit("params.yaml", old, new)
    assert copy.changed_stages() == stages


def test_a_changed_test_file_does_not_train_again(copy: Project) -> None:
    test = copy.root / "data/raw/test.csv"
    test.write_text("".join(test.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")
    assert copy.changed_stages() == {"prepare"}
    assert "Running stage 'prepare'" in copy.run("dvc", "repro", "prepare")
    assert copy.changed_stages() == {"evaluate@nll-1", "evaluate@cross_entropy-1", "report", "export"}


@pytest.mark.slow
def test_running_again_by_force_gives_the_same_bytes(copy: Project) -> None:
    before = copy.contents(*OUTPUTS) | {"dvc.lock": (copy.root / "dvc.lock").read_bytes()}
    assert copy.run("dvc", "repro", "--force").count("Running stage") == 7
    assert copy.contents(*OUTPUTS) | {"dvc.lock": (copy.root / "dvc.lock").read_bytes()} == before


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.slow
def test_words_begin_with_pretrained_vectors_of_a_file_outside_the_repository(tracked: Project) -> None:
    file = tracked.root.parent / "vectors.txt.gz"
    file.write_bytes(gzip.compress(f"The {'0.5 ' * 8}\nnowhere {'1 ' * 8}\n. {'-2 ' * 8}\n".encode()))
    tracked.edit("params.yaml", "data/vectors/none.vec", str(file))
    tracked.edit("params.yaml", "learning_rate: 0.007", "learning_rate: 0.0000001")
    tracked.run("dvc", "repro", "prepare")
    tracked.run_here("train", "nll", "1")
    assert read_json(tracked.root / "metrics/prepare.json")["dictionary"]["words_with_vector"] == 2
    trained = read_model(tracked.root / "models/nll/1")
    for word, value in (("the", 0.5), (".", -2)):
        row = trained.model.word_embedding.weight[trained.dictionaries.words.ids[word]]
        torch.testing.assert_close(row, torch.full((8,), float(value)), rtol=0, atol=1e-3)
    assert str(file.parent) not in (tracked.root / "models/nll/1/config.json").read_text(encoding="utf-8")


def test_dev_and_test_are_split_off_the_training_file(copy: Project) -> None:
    copy.edit("params.yaml", "dev: data/raw/dev.csv", "dev: data/raw/train.csv")
    copy.edit("params.yaml", "test: data/raw/test.csv", "test: data/raw/train.csv")
    copy.run_here("prepare")
    survey = read_json(copy.root / "metrics/prepare.json")
    assert [survey[split]["sentences"] for split in ("train", "dev", "test")] == [65, 7, 8]


def test_predict_takes_the_export_and_the_model_of_mlflow(finished: Project, copy: Project) -> None:
    shutil.copyfile(finished.root / "mlflow.db", copy.root / "mlflow.db")  # which says where the models lie
    command = ("python", "-m", "tagger", "predict", "--format", "json", "The zorp ate 3 books .")
    by_folder = copy.run(*command)
    by_uri = copy.run(*command, "--model", "models:/lstm-tagger@champion")
    assert json.loads(by_folder)["words"] == ["The", "zorp", "ate", "3", "books", "."]
    assert json.loads(by_uri) == json.loads(by_folder)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_a_model_that_mlflow_does_not_have_is_one_line(tracked: Project) -> None:
    with pytest.raises(InputError) as caught, own_environment(), contextlib.chdir(tracked.root):
        main(["predict", "--model", "models:/nobody@champion", "a"], standalone_mode=False)
    assert str(caught.value).startswith("models:/nobody@champion: not found in MLflow")
    assert "\n" not in str(caught.value)


def test_results_lists_every_loss(finished: Project) -> None:
    printed = finished.run("python", "-m", "tagger", "results", "--all")
    lines = printed.partition("\n\nIn MLflow")[0].splitlines()
    assert lines[0].split() == METRICS
    assert [line.split()[0] for line in lines[1:4]] == ["nll", "cross_entropy", "baseline"]
    assert lines[5].startswith("No difference between nll and cross_entropy: ")
