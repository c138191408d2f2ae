"""The names of metrics in MLflow and in files."""

import pytest

from tagger.tracking.metric_names import in_files, in_mlflow, split_of


@pytest.mark.parametrize(
    ("name", "shown", "split"),
    [
        ("train_loss", "train/loss", "train"),
        ("learning_rate", "learning_rate", "train"),
        ("dev_accuracy", "dev/accuracy", "dev"),
        ("best_dev_accuracy", "best_dev_accuracy", "dev"),
        ("best_train_loss", "best_train_loss", "train"),
        ("best_epoch", "best_epoch", "dev"),
        ("test_macro_f1", "test/macro_f1", "test"),
        ("export_largest_difference", "export/largest_difference", "test"),
    ],
)
def test_a_metric_has_a_section_in_mlflow_and_a_split(name: str, shown: str, split: str) -> None:
    assert in_mlflow(name) == in_mlflow(shown) == shown
    assert in_files(shown) == in_files(name) == name
    assert split_of(name) == split


def test_the_metrics_of_a_group_stand_together() -> None:
    assert in_mlflow("nll.test_accuracy") == "test accuracy/nll"
    assert in_mlflow("cross_entropy.best_dev_accuracy") == "best dev accuracy/cross_entropy"


@pytest.mark.parametrize("name", ["f1", "my_metric", "system/cpu_utilization_percentage"])
def test_a_metric_of_others_keeps_its_name(name: str) -> None:
    assert in_mlflow(name) == name
