"""Finding a model in a folder or in MLflow's store."""

import re
from pathlib import Path

from tagger.core.common.errors import InputError
from tagger.predict.mlflow_store import SQLITE, knock, mask, reporting, tracking_uri

_MLFLOW_URI = re.compile(r"(models|runs|mlflow-artifacts):/")


def is_mlflow_uri(source: str) -> bool:
    """Say whether the source of a model is a URI of MLflow, not a folder."""
    return bool(_MLFLOW_URI.match(source))


def model_folder_of(source: str) -> Path:
    """Return the folder of a model. It is downloaded if the source is a URI such as `models:/lstm-tagger@champion`.

    Only files are downloaded: the code packed with the model is not run.

    Raises:
        InputError: MLflow has no such model, or it was not made by this pipeline.
        StoreAwayError: MLflow's store can't be read.
    """
    if not is_mlflow_uri(source):
        return Path(source)
    uri = tracking_uri()
    _refuse_no_database(source, uri)
    with reporting():
        knock(uri, to_write=False)
        folder = _download(source, uri) / "artifacts"
    found = list(folder.glob("*/config.json"))
    if len(found) != 1:
        raise InputError(f"{source}: has {len(found)} model folders of this pipeline, expected one in its artifacts")
    return found[0].parent


def _refuse_no_database(source: str, uri: str) -> None:
    """Raise InputError for a database that MLflow would create, or fill with its tables, without our lock."""
    if not uri.startswith(f"{SQLITE}/"):
        return
    database = Path(uri.removeprefix(SQLITE).partition("?")[0])
    if not database.exists() or not database.stat().st_size:
        raise InputError(f"{source}: not found in MLflow: there is no database {database}, or it is empty")


def _download(source: str, uri: str) -> Path:
    import mlflow
    from mlflow.exceptions import MlflowException

    mlflow.set_tracking_uri(uri)
    mlflow.MlflowClient(uri)  # fails if the store is damaged; whatever fails later concerns the model
    try:
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=source))
    except (MlflowException, OSError) as error:
        raise InputError(f"{source}: not found in MLflow: {mask(' '.join(str(error).split()))}") from None
