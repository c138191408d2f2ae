"""Names of metrics in MLflow, whose charts are grouped by what stands before a slash.

The pipeline's files, `compare` and older runs have names without one: `test_accuracy` is `test/accuracy` in MLflow.
"""

_SECTIONS = {  # of names that don't begin with it
    "learning_rate": "train",
    "seconds": "train",
    "tokens_per_second": "train",
    "epochs": "train",
    "parameters": "model",
}
_BEGINNINGS = {"train": "train", "dev": "dev", "test": "test", "export": "export", "best": "model"}


def in_mlflow(name: str) -> str:
    """Return the name that a metric of the pipeline's files has in MLflow; that of a group is `<loss>.<metric>`."""
    if "." in name:
        loss, _, metric = name.partition(".")
        return f"{metric.replace('_', ' ')}/{loss}"
    first, _, rest = name.partition("_")
    section = _SECTIONS.get(name) or (rest and _BEGINNINGS.get(first))
    return f"{section}/{name if name in _SECTIONS else rest}" if section else name


def in_files(name: str) -> str:
    """Return the name that a training's metric has in the pipeline's files."""
    section, slash, rest = name.partition("/")
    if not slash or rest in _SECTIONS:
        return rest or name
    return f"{'best' if section == 'model' else section}_{rest}"


def split_of(name: str) -> str:
    """Return the split that a metric of the pipeline's files is about: train, dev or test."""
    words = set(name.split("_"))
    if words & {"test", "export"}:
        return "test"
    return "dev" if words & {"dev", "epoch"} else "train"
