"""Names of metrics in MLflow, which groups charts by the part before a slash.

The pipeline's files and `compare` have names without slashes: `test_accuracy` is `test/accuracy` in MLflow.
"""

import re

GROUPS = "dev|export|test|train"  # in the order of the UI, where metrics without a group come last


def in_mlflow(name: str) -> str:
    """Return the name that a metric of the pipeline's files has in MLflow; that of a group is `<loss>.<metric>`."""
    loss, dot, metric = name.partition(".")
    return f"{metric.replace('_', ' ')}/{loss}" if dot else re.sub(rf"^({GROUPS})_", r"\1/", name)


def in_files(name: str) -> str:
    """Return the name that a training's metric has in the pipeline's files."""
    return re.sub(rf"^({GROUPS})/", r"\1_", name)


def split_of(name: str) -> str:
    """Return the split that a metric of the pipeline's files is about: train, dev or test."""
    words = set(name.split("_"))
    if words & {"test", "export"}:
        return "test"
    return "dev" if words & {"dev", "epoch"} else "train"
