"""Models in MLflow: the one that each training logs, and the registered one, whose versions are exports."""

from typing import TYPE_CHECKING

from tagger.tracking.packed_model import model_parts
from tagger.tracking.record import EXPORTED, TRAINED, Record, digest_of
from tagger.tracking.store import Store

if TYPE_CHECKING:
    from mlflow.entities import Run

REGISTERED_MODEL = "lstm-tagger"
CHAMPION = "champion"
CONTENT = "content.sha256"  # tag of a logged model and of a version


def log_model(store: Store, run: "Run", record: Record) -> None:
    """Log the trained model of a record, unless the run has it: `runs:/<id>/model`."""
    _log(store, run, record, TRAINED)


def register_export(store: Store, run: "Run", record: Record) -> str:
    """Log and register the export of a record, unless it is registered already; return its version."""
    version = find_version(store, record)
    if version is not None:
        return version
    import mlflow

    logged = _log(store, run, record, EXPORTED)
    tags = {CONTENT: digest_of(record.below(EXPORTED))}
    return str(mlflow.register_model(f"models:/{logged}", REGISTERED_MODEL, tags=tags).version)


def find_version(store: Store, record: Record) -> str | None:
    """Return the newest version that holds the export of a record, whichever run it came from; None without any."""
    condition = f"name = '{REGISTERED_MODEL}' and tags.`{CONTENT}` = '{digest_of(record.below(EXPORTED))}'"
    versions = [int(version.version) for version in store.client.search_model_versions(condition)]
    return str(max(versions)) if versions else None


def find_champion(store: Store) -> str | None:
    """Return the version that has the alias `champion`, if there is one."""
    registered = store.client.search_registered_models(f"name = '{REGISTERED_MODEL}'")
    versions = [model.aliases[CHAMPION] for model in registered if CHAMPION in model.aliases]
    return str(versions[0]) if versions else None


def _log(store: Store, run: "Run", record: Record, name: str) -> str:
    """Log a model folder of the record under its name, unless the run has it; return the id of the logged model."""
    import mlflow.pyfunc
    from mlflow.entities import LoggedModelStatus
    from mlflow.models import Model

    files = record.below(name)
    content = digest_of(files)
    condition = f"source_run_id = '{run.info.run_id}' AND name = '{name}'"
    for model in store.client.search_logged_models([store.experiment], condition):
        if model.tags.get(CONTENT, content) == content:
            if model.status == LoggedModelStatus.READY:
                return str(model.model_id)
            store.client.delete_logged_model(model.model_id)  # from an interrupted delivery
    # Model.log would put it into the default experiment, whose artifacts lie in the folder where the database was made.
    params = {param: str(value) for param, value in record.params.items()}
    model = store.client.create_logged_model(
        store.experiment, name, run.info.run_id, tags={CONTENT: content}, params=params
    )
    # What mlflow.pyfunc.log_model calls, which can log to the active run only.
    Model.log(
        artifact_path=None,
        model_id=model.model_id,
        flavor=mlflow.pyfunc,
        run_id=run.info.run_id,
        **model_parts(next(iter(files.values())).parent),
    )
    return str(model.model_id)
