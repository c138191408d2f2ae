"""The registered model: a version a training, and the alias `champion` on one of them."""

import importlib.metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from tagger.errors import InputError
from tagger.tracking.record import Record
from tagger.tracking.store import Store, connect

if TYPE_CHECKING:
    from mlflow.entities import Run

REGISTERED_MODEL = "lstm-tagger"
CHAMPION = "champion"
REQUIREMENTS = ("mlflow", "numpy", "pandas", "pydantic", "pyyaml", "safetensors", "scikit-learn", "torch")
PACKAGE = Path(__file__).parent.parent


def log_model(store: Store, run: "Run", record: Record) -> str:
    """Log and register the model of a record, unless the run has it; return its version."""
    version = find_version(store, run)
    if version is not None:
        return version
    import mlflow
    from mlflow.entities import LoggedModelStatus

    logged = store.client.search_logged_models([store.experiment], f"source_run_id = '{run.info.run_id}'")
    ready = [model.model_id for model in logged if model.status == LoggedModelStatus.READY]
    if not ready:
        for model in logged:  # of deliveries that broke off
            store.client.delete_logged_model(model.model_id)
        ready = [_log_files(store, run, record)]
    return str(mlflow.register_model(f"models:/{ready[0]}", REGISTERED_MODEL).version)


def _log_files(store: Store, run: "Run", record: Record) -> str:
    """Log the model as an output of the run; return its id."""
    import mlflow.pyfunc
    from mlflow.models import Model

    folder = next(path.parent for place, path in record.files.items() if place.startswith("model/"))
    # Model.log would put it into the default experiment, whose artifacts lie where the database was made.
    params = {name: str(value) for name, value in record.params.items()}
    model = store.client.create_logged_model(store.experiment, "model", run.info.run_id, params=params)
    # What mlflow.pyfunc.log_model calls, which can't be given a run that is not the active one.
    Model.log(
        artifact_path=None,
        model_id=model.model_id,
        flavor=mlflow.pyfunc,
        run_id=run.info.run_id,
        **model_parts(folder),
    )
    return str(model.model_id)


def model_parts(folder: Path) -> dict[str, Any]:
    """Return what MLflow's pyfunc flavor packs of a model folder."""
    from mlflow.models import ModelSignature
    from mlflow.types.schema import Array, ColSpec, DataType, Schema

    text, number = DataType.string, DataType.double
    # MLflow knows no type for "a string or a list of strings": the model itself says what it takes.
    signature = ModelSignature(
        outputs=Schema(
            [ColSpec(Array(text), "words"), ColSpec(Array(text), "tags"), ColSpec(Array(number), "probabilities")]
        ),
    )
    return {
        "python_model": str(PACKAGE / "pyfunc.py"),
        "artifacts": {"model": str(folder)},
        "code_paths": [str(PACKAGE)],
        "signature": signature,
        "input_example": pd.DataFrame({"sentence": ["The dog ate the book"]}),
        "pip_requirements": [f"{name}=={importlib.metadata.version(name)}" for name in REQUIREMENTS],
    }


def find_champion(store: Store) -> str | None:
    """Return the version that has the alias `champion`."""
    registered = store.client.search_registered_models(f"name = '{REGISTERED_MODEL}'")
    versions = [model.aliases[CHAMPION] for model in registered if CHAMPION in model.aliases]
    return str(versions[0]) if versions else None


def fetch_model(uri: str) -> Path:
    """Return the model folder inside a model of MLflow's, such as `models:/lstm-tagger@champion`.

    Raises:
        InputError: there is no such model, or it was not made by this pipeline.
    """
    connect()
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        # Only the files are fetched; nothing of the model's own code is run.
        folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri)) / "artifacts"
    except (MlflowException, OSError) as error:
        raise InputError(f"{uri}: not found in MLflow: {' '.join(str(error).split())}") from None
    found = list(folder.glob("*/config.json"))
    if len(found) != 1:
        raise InputError(f"{uri}: holds no model folder of this pipeline, expected one in its artifacts")
    return found[0].parent


def find_version(store: Store, run: "Run") -> str | None:
    """Return the newest version of a run's model."""
    condition = f"name = '{REGISTERED_MODEL}' and run_id = '{run.info.run_id}'"
    versions = [int(version.version) for version in store.client.search_model_versions(condition)]
    return str(max(versions)) if versions else None
