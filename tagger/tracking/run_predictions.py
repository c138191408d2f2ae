"""The predictions of runs on their test splits."""

from tempfile import TemporaryDirectory

import pandas as pd
from mlflow.exceptions import MlflowException

from tagger.core.common.errors import InputError
from tagger.predict.mlflow_store import reporting
from tagger.tracking.runs import GROUP_RUN, PARENT, search
from tagger.tracking.store import connect


@reporting()
def predictions_of(name: str) -> dict[str, dict[int, pd.DataFrame]]:
    """Return the prediction table of each training of the newest run of a name, by loss and seed.

    The run may be a group, a loss that holds several seeds, or a training.

    Raises:
        StoreAwayError: the store does not answer.
        InputError: there is no such run, or it has no training, or one that was not evaluated.
    """
    store = connect(to_write=False)
    if "'" in name or not (named := search(store, f"attributes.run_name = '{name}'")):
        raise InputError(f"MLflow: no run is named {name!r}; expected a name shown by `compare` or `mlflow ui`")
    above = named[0].info.run_id
    below = [run for tag in (PARENT, GROUP_RUN) for run in search(store, f"tags.`{tag}` = '{above}'")]
    tables: dict[str, dict[int, pd.DataFrame]] = {}
    # A group has no loss, and what holds several seeds of a loss has no seed.
    trainings = [run for run in below or named[:1] if "loss" in run.data.tags and "seed" in run.data.params]
    if not trainings:
        raise InputError(f"MLflow: {name}: has no trainings, expected an execution that trained a model")
    for run in trainings:
        loss = run.data.tags["loss"]
        with TemporaryDirectory() as folder:
            try:
                path = store.client.download_artifacts(run.info.run_id, f"predictions/{loss}.parquet", folder)
            except (MlflowException, OSError):
                raise InputError(
                    f"MLflow: {run.info.run_name}: has no predictions, expected an evaluated run"
                ) from None
            tables.setdefault(loss, {})[int(run.data.params["seed"])] = pd.read_parquet(path)
    return {loss: dict(sorted(tables[loss].items())) for loss in sorted(tables)}
