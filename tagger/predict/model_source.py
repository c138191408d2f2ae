"""Finding a model in a folder or in MLflow's store, whose address is decided here."""

import logging
import os
import re
from functools import cache
from pathlib import Path

from tagger.core.common.errors import InputError
from tagger.core.common.paths import workspace

_MLFLOW_URI = re.compile(r"(models|runs|mlflow-artifacts):/")
_SQLITE = "sqlite:///"


def is_mlflow_uri(source: str) -> bool:
    """Say whether the source of a model is a URI of MLflow, not a folder."""
    return bool(_MLFLOW_URI.match(source))


def model_folder_of(source: str) -> Path:
    """Return the folder of a model. It is downloaded if the source is a URI such as `models:/lstm-tagger@champion`.

    Only files are downloaded: the code packed with the model is not run.

    Raises:
        InputError: MLflow has no such model, or it was not made by this pipeline.
    """
    if not is_mlflow_uri(source):
        return Path(source)
    uri = tracking_uri()
    database = Path(uri.removeprefix(_SQLITE))
    if uri.startswith(f"{_SQLITE}/") and not database.exists():  # MLflow would create it
        raise InputError(f"{source}: not found in MLflow: there is no database {database}")
    quieten()
    import mlflow
    from mlflow.exceptions import MlflowException

    mlflow.set_tracking_uri(uri)
    try:
        folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=source)) / "artifacts"
    except (MlflowException, OSError) as error:
        raise InputError(f"{source}: not found in MLflow: {mask(' '.join(str(error).split()))}") from None
    found = list(folder.glob("*/config.json"))
    if len(found) != 1:
        raise InputError(f"{source}: has {len(found)} model folders of this pipeline, expected one in its artifacts")
    return found[0].parent


@cache  # once connected, mlflow sets the environment variable itself
def tracking_uri() -> str:
    """Return the URI of the store; a relative path of an SQLite database starts at the main workspace."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", "") or f"{_SQLITE}mlflow.db"
    path = uri.removeprefix(_SQLITE)
    if path != uri and path and not path.startswith(("/", "file:", ":memory:")):
        return f"{_SQLITE}{workspace() / path}"
    return uri


def mask(text: str) -> str:
    """Hide the user and password in every address; a password may contain a slash or an @."""
    return re.sub(r"://(?!/)[^\s'\"]*@", "://***@", text)


def quieten() -> None:
    """Let MLflow give up on a dead server in seconds, not minutes, and print nothing that its errors say anyway."""
    for name, value in {
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    }.items():
        os.environ.setdefault(name, value)
    levels = {"mlflow": logging.WARNING, "alembic": logging.WARNING, "urllib3": logging.ERROR}
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.getLogger("mlflow.store").setLevel(logging.CRITICAL)  # it repeats what it raises
