"""Finding a model in a folder, in MLflow's store or on the Hugging Face Hub."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tagger.core.common.errors import InputError
from tagger.core.common.paths import workspace
from tagger.predict.hub import SCHEME, fetch
from tagger.predict.mlflow_store import LIMIT_OF_FILES, knock, mask, reporting, tracking_uri


def is_mlflow_uri(source: str) -> bool:
    """Return whether the source of a model is an MLflow URI."""
    return source.startswith(("models:/", "runs:/", "mlflow-artifacts:/"))


@contextmanager
def model_folder_of(source: str) -> Iterator[Path]:
    """Give the folder of a model for the block; that of `models:/lstm-tagger@champion` or `hf://owner/name` is fetched.

    Only files are downloaded: the code packed with a model is not run. Raises InputError if there is no such model, or
    it was not made by this pipeline. Raises StoreAwayError if MLflow's store can't be read.
    """
    if source.startswith(SCHEME):
        yield fetch(source)
        return
    if not is_mlflow_uri(source):
        inside = workspace() / source  # of the project, for those who are in a folder below it
        yield inside if inside.exists() and not Path(source).exists() else Path(source)
        return
    with tempfile.TemporaryDirectory() as scratch:
        with reporting(LIMIT_OF_FILES):
            import mlflow
            from mlflow.exceptions import MlflowException

            uri = tracking_uri()
            knock(uri, to_read=source)
            mlflow.set_tracking_uri(uri)
            mlflow.MlflowClient(uri).search_experiments(max_results=1)  # fails if the store does; later it is the model
            try:
                folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=source, dst_path=scratch))
            except (MlflowException, OSError) as error:
                raise InputError(f"{source}: not found in MLflow: {' '.join(mask(str(error)).split())}") from None
        found = list(folder.glob("artifacts/*/config.json"))
        if len(found) != 1:
            raise InputError(
                f"{source}: has {len(found)} model folders of this pipeline, expected one in its artifacts"
            )
        yield found[0].parent
