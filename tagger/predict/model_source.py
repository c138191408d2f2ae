"""Finding a model in a folder, in MLflow's store or on the Hugging Face Hub."""

import re
from pathlib import Path

from tagger.core.common.errors import InputError
from tagger.core.common.paths import workspace
from tagger.predict.hub import SCHEME, fetch
from tagger.predict.mlflow_store import knock, mask, reporting, tracking_uri

_MLFLOW_URI = re.compile(r"(models|runs|mlflow-artifacts):/")


def is_mlflow_uri(source: str) -> bool:
    """Say whether the source of a model is a URI of MLflow, not a folder."""
    return bool(_MLFLOW_URI.match(source))


def model_folder_of(source: str) -> Path:
    """Return the folder of a model; that of `models:/lstm-tagger@champion` or `hf://owner/name` is downloaded.

    Only files are downloaded: the code packed with a model is not run.

    Raises:
        InputError: there is no such model, or it was not made by this pipeline.
        StoreAwayError: MLflow's store can't be read.
    """
    if source.startswith(SCHEME):
        return fetch(source)
    if not is_mlflow_uri(source):
        inside = workspace() / source  # of the project, for those who are in a folder below it
        return inside if inside.exists() and not Path(source).exists() else Path(source)
    uri = tracking_uri()
    with reporting():
        knock(uri, to_read=source)
        folder = _download(source, uri) / "artifacts"
    found = list(folder.glob("*/config.json"))
    if len(found) != 1:
        raise InputError(f"{source}: has {len(found)} model folders of this pipeline, expected one in its artifacts")
    return found[0].parent


def _download(source: str, uri: str) -> Path:
    import mlflow
    from mlflow.exceptions import MlflowException

    mlflow.set_tracking_uri(uri)
    mlflow.MlflowClient(uri).search_experiments(max_results=1)  # fails if the store does; later it is the model
    try:
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=source))
    except (MlflowException, OSError) as error:
        raise InputError(f"{source}: not found in MLflow: {mask(' '.join(str(error).split()))}") from None
