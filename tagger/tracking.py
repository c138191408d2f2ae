"""MLflow: one run for each training, that training, evaluation and export write to.

No run id stands in any file: a run carries its loss and the fingerprint of its model as tags, and the later stages find
it by them. mlflow takes seconds to import, so this module imports it when a run begins.
"""

import importlib.metadata
import json
import logging
import os
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from filelock import FileLock

from tagger import paths
from tagger.encoding import EncodedSplit
from tagger.errors import InputError
from tagger.model_folder import fingerprint
from tagger.params import LossName
from tagger.params_file import flatten_params
from tagger.scoring import most_probable

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, Run

    from tagger.exporting import Agreement
    from tagger.training import Epoch

EXPERIMENT = "lstm-tagger"
REGISTERED_MODEL = "lstm-tagger"
CHAMPION = "champion"
TABLE_TOKENS = 2000  # of the test split, in the table that the UI shows
TABLE_FILE = "probabilities.json"
MODEL_REQUIREMENTS = ("mlflow", "numpy", "pandas", "pydantic", "pyyaml", "safetensors", "scikit-learn", "torch")
TAG_LOSS, TAG_MODEL, TAG_TEST = "loss", "model.sha256", "test.digest"


class TrainingRun:
    """The MLflow run of a training that is under way."""

    def __init__(self, loss: LossName) -> None:
        self._loss = loss

    def log_epoch(self, epoch: "Epoch") -> None:
        """Log the metrics of an epoch, in one write."""
        import mlflow

        metrics = {
            "train_loss": epoch.train_loss,
            "dev_loss": epoch.dev_loss,
            "dev_accuracy": epoch.dev_accuracy,
            "learning_rate": epoch.learning_rate,
            "tokens_per_second": epoch.tokens_per_second,
            "seconds": epoch.seconds,
        }
        mlflow.log_metrics(metrics, step=epoch.number)

    def log_outputs(self) -> None:
        """Log what the stage wrote, register the model, and tag the run with its fingerprint."""
        _log_training_outputs(self._loss)


@contextmanager
def track_training(loss: LossName, train: EncodedSplit, dev: EncodedSplit) -> Iterator[TrainingRun]:
    """Start the run of a training; it ends FINISHED, or FAILED with the error that ended the block."""
    import mlflow

    experiment = _connect()
    with mlflow.start_run(experiment_id=experiment, run_name=_run_name(loss), tags=_origin_tags(loss)) as run:
        _log_params(loss)
        mlflow.MlflowClient().log_inputs(run.info.run_id, [_dataset(train, "train"), _dataset(dev, "dev")])
        yield TrainingRun(loss)


def track_evaluation(
    loss: LossName,
    test: EncodedSplit,
    metrics: dict[str, float | None],
    predictions: pd.DataFrame,
    confusion_picture: "Figure",
) -> None:
    """Log the test metrics, tables and the picture to the run of the model that was evaluated."""
    import mlflow

    run = _run_of_model(loss, test)
    run_id = run.info.run_id
    client = mlflow.MlflowClient()
    client.set_tag(run_id, TAG_TEST, test.digest())
    for name, value in metrics.items():
        if value is not None:
            client.log_metric(run_id, f"test_{name}", value)
    client.log_inputs(run_id, [_dataset(test, "test")])
    client.log_artifact(run_id, str(paths.tags_file(loss)), "tags")
    client.log_artifact(run_id, str(paths.predictions_file(loss)), "predictions")
    client.log_figure(run_id, confusion_picture, "confusion.png")
    _log_table(client, run, predictions)


def track_export(loss: LossName, test: EncodedSplit, agreement: "Agreement") -> None:
    """Give the registered version of the exported model the alias `champion`.

    An experiment in a temporary folder does not export to the workspace, and so leaves the alias alone.

    Raises:
        InputError: the registry has no version of the run's model.
    """
    import mlflow

    run_id = _run_of_model(loss, test).info.run_id
    client = mlflow.MlflowClient()
    client.set_tag(run_id, "exported", "true")
    client.log_metric(run_id, "export_largest_difference", agreement.largest_difference)
    versions = client.search_model_versions(f"name = '{REGISTERED_MODEL}' and run_id = '{run_id}'")
    if not versions:
        raise InputError(
            f"MLflow: the model {REGISTERED_MODEL!r} has no version of run {run_id}, expected one; "
            f"`dvc repro --force train@{loss}` registers it"
        )
    if Path.cwd() != _workspace():
        return
    newest = max(versions, key=lambda version: int(version.version))
    client.set_registered_model_alias(REGISTERED_MODEL, CHAMPION, newest.version)
    print(f"models:/{REGISTERED_MODEL}@{CHAMPION} is version {newest.version}")


def fetch_model(uri: str) -> Path:
    """Return the model folder inside a model of MLflow's, such as `models:/lstm-tagger@champion`.

    Raises:
        InputError: there is no such model, or it was not made by this pipeline.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        _connect()
        # Only the files are fetched; nothing of the model's own code is run.
        folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri)) / "artifacts"
    except (MlflowException, OSError) as error:
        raise InputError(f"{uri}: not found in MLflow: {' '.join(str(error).split())}") from None
    found = list(folder.glob("*/config.json"))
    if len(found) != 1:
        raise InputError(f"{uri}: holds no model folder of this pipeline, expected one in its artifacts")
    return found[0].parent


def _connect() -> str:
    """Point MLflow at the store of the main workspace; return the id of the experiment.

    DVC runs some experiments in temporary folders that it deletes, so every path is absolute and below the workspace
    that DVC names. `MLFLOW_TRACKING_URI` and `MLFLOW_EXPERIMENT_NAME` in the environment win.

    Raises:
        InputError: the experiment was deleted.
    """
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow

    for name in ("mlflow", "alembic"):  # which tell of every table of a new database
        logging.getLogger(name).setLevel(logging.WARNING)
    root = _workspace()
    own_store = "MLFLOW_TRACKING_URI" not in os.environ
    if own_store:
        mlflow.set_tracking_uri(f"sqlite:///{root}/mlflow.db")
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
    # Two processes that create one new database at the same time break it.
    lock = root / ".dvc" / "tmp" / "mlflow.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        experiment = mlflow.get_experiment_by_name(name)
        if experiment is not None and experiment.lifecycle_stage == "deleted":
            raise InputError(
                f"MLflow: the experiment {name!r} is deleted, expected it active; "
                f"`mlflow experiments restore -x {experiment.experiment_id}` brings it back"
            )
        if experiment is None:
            location = (root / "mlruns" / name).as_uri() if own_store else None
            # Or the UI takes it for one about language models and hides the training runs.
            kind = {"mlflow.experimentKind": "custom_model_development"}
            return str(mlflow.create_experiment(name, artifact_location=location, tags=kind))
    return str(experiment.experiment_id)


def _workspace() -> Path:
    """Return the root of the main workspace, also in an experiment that DVC runs elsewhere."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()


def _run_of_model(loss: LossName, test: EncodedSplit) -> "Run":
    """Return the run that trained the model on the disk, without opening it again: its duration is the training's.

    A run that was measured on another test split keeps its figures: then another one is made as below.

    DVC may have restored the model from its cache into a workspace whose store has no such run: then a run is made from
    the outputs of the training and marked as restored.
    """
    import mlflow

    experiment = _connect()
    model = fingerprint(paths.model_folder(loss))
    found = mlflow.MlflowClient().search_runs(
        [experiment],
        filter_string=f"tags.`{TAG_MODEL}` = '{model}' and tags.`{TAG_LOSS}` = '{loss}'",
        order_by=["attributes.start_time DESC"],
    )
    for run in found:
        if run.data.tags.get(TAG_TEST, test.digest()) == test.digest():
            return run
    tags = _origin_tags(loss) | {"restored": "true"}
    with mlflow.start_run(experiment_id=experiment, run_name=_run_name(loss), tags=tags) as restored:
        _log_params(loss)
        for row in pd.read_csv(paths.history_file(loss)).to_dict(orient="records"):
            step = int(row.pop("epoch"))
            mlflow.log_metrics({str(name): float(value) for name, value in row.items()}, step=step)
        _log_training_outputs(loss)
    return restored


def _log_training_outputs(loss: LossName) -> None:
    import mlflow

    folder = paths.model_folder(loss)
    summary = json.loads(paths.summary_file(loss).read_text(encoding="utf-8"))[loss]
    mlflow.log_metrics({name: value for name, value in summary.items() if value is not None})
    mlflow.log_artifact(str(paths.history_file(loss)), "history")
    mlflow.log_artifacts(str(paths.DICTIONARIES), "dictionaries")
    _log_model(folder)
    mlflow.set_tag(TAG_MODEL, fingerprint(folder))


def _log_model(folder: Path) -> None:
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types.schema import Array, ColSpec, DataType, Schema

    text, number = DataType.string, DataType.double
    signature = ModelSignature(
        inputs=Schema([ColSpec(text, "sentence")]),
        outputs=Schema(
            [ColSpec(Array(text), "words"), ColSpec(Array(text), "tags"), ColSpec(Array(number), "probabilities")]
        ),
    )
    mlflow.pyfunc.log_model(
        name="model",
        python_model=str(Path(__file__).with_name("pyfunc.py")),
        artifacts={"model": str(folder)},
        code_paths=[str(Path(__file__).parent)],
        signature=signature,
        input_example=pd.DataFrame({"sentence": ["The dog ate the book"]}),
        pip_requirements=[f"{name}=={importlib.metadata.version(name)}" for name in MODEL_REQUIREMENTS],
        registered_model_name=REGISTERED_MODEL,
    )


def _log_params(loss: LossName) -> None:
    """Log the whole of `params.yaml`, so that every run has the same keys."""
    import mlflow

    mlflow.log_params({"loss": loss} | flatten_params())
    mlflow.log_artifact("params.yaml")


def _dataset(split: EncodedSplit, name: str) -> "DatasetInput":
    """Describe a split by its file and the digest of what was read from it."""
    from mlflow.data.dataset_source_registry import resolve_dataset_source
    from mlflow.data.meta_dataset import MetaDataset
    from mlflow.entities import DatasetInput, InputTag
    from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

    with warnings.catch_warnings(action="ignore", category=UserWarning):  # two of its classes fit a local path
        source = resolve_dataset_source(str(flatten_params()[f"data.{name}"]))
    dataset = MetaDataset(source, name=name, digest=split.digest())
    return DatasetInput(dataset._to_mlflow_entity(), [InputTag(MLFLOW_DATASET_CONTEXT, name)])


def _log_table(client: "MlflowClient", run: "Run", predictions: pd.DataFrame) -> None:
    """Log whole sentences from the start of the test split, the same ones for every loss."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    if any(artifact.path == TABLE_FILE for artifact in client.list_artifacts(run.info.run_id)):
        # log_table would append to the table of an earlier evaluation of the same model.
        get_artifact_repository(run.info.artifact_uri).delete_artifacts(TABLE_FILE)
    head = predictions.head(TABLE_TOKENS)
    if len(predictions) > TABLE_TOKENS:
        whole = head[head["sentence"] < predictions["sentence"].iloc[TABLE_TOKENS]]
        head = whole if len(whole) else head
    table = head.copy()
    # The UI lines runs up by the first column and shows the second; the others can be chosen there.
    tokens = head["sentence"].astype(str) + "." + head["position"].astype(str) + " " + head["word"]
    table.insert(0, "token", tokens)
    table.insert(1, "probabilities", most_probable(head, 3))
    client.log_table(run.info.run_id, table, TABLE_FILE)


def _origin_tags(loss: LossName) -> dict[str, str]:
    """Say what a run comes from: git, DVC and the loss."""
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!dvc.lock", ":!metrics")
    tags = {
        TAG_LOSS: loss,
        "git.commit": _git("rev-parse", "HEAD"),
        "git.dirty": None if changed is None else str(bool(changed)).lower(),  # what the pipeline itself writes aside
        "dvc.stage": os.environ.get("DVC_STAGE"),
        "dvc.experiment": os.environ.get("DVC_EXP_NAME"),
        "dvc.baseline": os.environ.get("DVC_EXP_BASELINE_REV"),
    }
    return {name: value for name, value in tags.items() if value}


def _run_name(loss: LossName) -> str:
    experiment = os.environ.get("DVC_EXP_NAME")
    return f"{experiment}/{loss}" if experiment else loss


def _git(*arguments: str) -> str | None:
    """Return what git prints, none outside a repository."""
    try:
        answer: Any = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return str(answer.stdout).strip()
