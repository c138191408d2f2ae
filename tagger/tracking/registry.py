"""Models in MLflow: those logged by trainings, and the registered model, whose versions are exports.

A logged model is a model folder packed so that MLflow can load it anywhere, an export without torch.
"""

import importlib.metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
import pandas as pd
from mlflow.entities import LoggedModelOutput, LoggedModelStatus, Run
from mlflow.exceptions import MlflowException
from mlflow.models import Model, infer_signature
from mlflow.utils import requirements_utils

from tagger.core.common.errors import InputError
from tagger.core.common.rounding import six_places
from tagger.predict.export_folder import is_export
from tagger.predict.tagging import Tagger
from tagger.tracking.record import EXPORTED, TRAINED, Record, digest_of
from tagger.tracking.runs import TEST, figures_of
from tagger.tracking.store import Store

# Otherwise MLflow lists the modules of every installed package, to check versions that come from there: 1.5 seconds.
requirements_utils._MODULES_TO_PACKAGES = {}
CHAMPION = "champion"
CONTENT = "content.sha256"  # tag of a logged model and of a version
DECISION = "promotion"  # tag of a version
ROUNDING = 1e-9  # of a difference of accuracies
MOST_TAGS = 5  # named in a line
ADVICE = "export.registered_model gives another task a name of its own"
BY_HAND = f"{ADVICE}, and MLflow's UI gives the alias to another version"
REQUIREMENTS = ("mlflow", "numpy", "pandas", "pydantic")
KINDS = {TRAINED: "trained", EXPORTED: "export"}  # of models, by the folder of a record: the ends of their names
OF_AN_EXPORT = ("onnx", "onnxruntime")
OF_A_TRAINED_MODEL = ("safetensors", "torch")


def log_model(store: Store, run: Run, record: Record, kind: str) -> str:
    """Log a model folder of the record, unless the run has it; return the id of the logged model."""
    name, files = f"{record.loss}-{KINDS[kind]}", record.below(kind)
    content = digest_of(files)
    for model in store.client.search_logged_models([store.experiment], f"source_run_id = '{run.info.run_id}'"):
        if model.name == name and model.tags.get(CONTENT) == content:
            if model.status == LoggedModelStatus.READY:
                return str(model.model_id)
            store.client.delete_logged_model(model.model_id)  # from an interrupted delivery
    # Model.log would put it into the default experiment, whose artifacts lie in the folder where the database was made.
    params = {param: str(value) for param, value in record.params.items()}
    model = store.client.create_logged_model(
        store.experiment, name, run.info.run_id, {CONTENT: content}, params, model_type=KINDS[kind]
    )
    # As mlflow.pyfunc.log_model, which logs to the active run only, and loads the model to try it.
    store.client.log_outputs(run.info.run_id, [LoggedModelOutput(model.model_id, step=0)])
    described = Model(model.artifact_location, run.info.run_id, model_uuid=model.model_id, model_id=model.model_id)
    with TemporaryDirectory() as scratch:
        packed = Path(scratch) / "model"
        mlflow.pyfunc.save_model(packed, mlflow_model=described, **model_parts(next(iter(files.values())).parent))
        store.client.log_model_artifacts(model.model_id, str(packed))
    store.client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    return str(model.model_id)


def register_export(store: Store, run: Run, record: Record) -> str:
    """Return the newest version with the export of a record, from any run; if there is none, log and register it."""
    content = digest_of(record.below(EXPORTED))
    condition = f"name = '{record.registered_model}' and tags.`{CONTENT}` = '{content}'"
    if found := store.client.search_model_versions(condition):
        return str(max(int(version.version) for version in found))
    logged = log_model(store, run, record, EXPORTED)
    return str(mlflow.register_model(f"models:/{logged}", record.registered_model, tags={CONTENT: content}).version)


def find_champion(store: Store, name: str) -> str | None:
    """Return the version of a registered model that has the alias `champion`, if there is one."""
    registered = store.client.search_registered_models(f"name = '{name}'")
    versions = [model.aliases[CHAMPION] for model in registered if CHAMPION in model.aliases]
    return str(versions[0]) if versions else None


def model_parts(folder: Path) -> dict[str, Any]:
    """Return the arguments with which MLflow's pyfunc flavor packs a model folder."""
    requirements = REQUIREMENTS + (OF_AN_EXPORT if is_export(folder) else OF_A_TRAINED_MODEL)
    output = pd.DataFrame({"words": [["The", "dog"]], "tags": [["DET", "NOUN"]], "probabilities": [[0.9, 0.8]]})
    here = Path(__file__).parent
    return {
        "python_model": str(here / "pyfunc.py"),
        "artifacts": {"model": str(folder)},
        "code_paths": [str(here.parent)],
        # No inputs: AnyType would fit a string or a list of words, but with a schema MLflow makes a table of every
        # request first, and then takes neither lists of several lengths nor a list or an array in a program.
        "signature": infer_signature(model_output=output),
        "input_example": pd.DataFrame({"sentence": ["The dog ate the book"]}),
        "pip_requirements": [f"{name}=={importlib.metadata.version(name)}" for name in requirements],
    }


def promote(store: Store, version: str, record: Record) -> bool:
    """Decide whether a version becomes champion, apply and print the decision; return whether it was made now.

    The version must have the tags of the present champion, and be no worse on the test split and on the one that the
    champion was measured on. The decision is recorded in a tag of the version and holds until the export changes, as
    does a champion chosen by hand.
    """
    name = record.registered_model
    champion = find_champion(store, name)
    tags = store.client.get_model_version(name, version).tags
    if not record.export_changed and (DECISION in tags or champion == version):
        return False
    promoted, reason = _decide(store, version, champion, record)
    if promoted:
        store.client.set_registered_model_alias(name, CHAMPION, version)
    outcome = "promoted" if promoted else f"not promoted: version {champion}: {reason}"
    store.client.set_model_version_tag(name, version, DECISION, outcome)
    holder = f"is version {version}" if promoted else f"stays version {champion}"
    print(f"models:/{name}@{CHAMPION} {holder}: {reason}")
    return True


def _decide(store: Store, version: str, champion: str | None, record: Record) -> tuple[bool, str]:
    """Return whether a version becomes champion, and why."""
    name, test, accuracy = record.registered_model, record.datasets["test"], record.figures["test_accuracy"]
    measured = f"test accuracy {accuracy:.5f} on {test.source}"
    if champion in (None, version):
        return True, f"{measured}, {'as before' if champion else 'there was none before'}"
    run = _run_of(store, name, champion)
    known = figures_of(run).get("test_accuracy") if run and run.data.tags.get(TEST) == test.digest else None
    if known is not None:
        accuracies = {test.source: (accuracy, known)}
    else:
        new = Tagger(next(iter(record.below(EXPORTED).values())).parent)
        try:
            old = Tagger.load(f"models:/{name}/{champion}")
        except InputError as error:
            return False, f"it can't be loaded and may be for another task than version {version}: {error}; {BY_HAND}"
        if other := sorted(set(new.tag_names) ^ set(old.tag_names)):
            tags = ", ".join(other[:MOST_TAGS]) + (", ..." if len(other) > MOST_TAGS else "")
            return False, f"the tags of version {version} differ ({tags}); {ADVICE}"
        try:
            splits = {test.source: _gold(record.files[f"predictions/{record.loss}.parquet"])}
            if run:
                path = store.client.download_artifacts(run.info.run_id, f"predictions/{run.data.tags['loss']}.parquet")
                if not (table := _gold(path)).equals(splits[test.source]):
                    splits[f"the test split of version {champion}"] = table
        except (MlflowException, OSError, KeyError) as error:
            reason = " ".join(str(error).split())
            return False, f"version {version} can't be measured on the test split of version {champion}: {reason}"
        accuracies = {split: (_measure(new, table), _measure(old, table)) for split, table in splits.items()}
    promoted = all(own >= other - record.max_drop - ROUNDING for own, other in accuracies.values())
    compared = " and ".join(f"{own:.5f} and {other:.5f} on {split}" for split, (own, other) in accuracies.items())
    reason = f"test accuracy of versions {version} and {champion}: {compared}"
    if not promoted:
        reason += f"; export.max_drop is {record.max_drop:g}" + (f"; {ADVICE}" if len(accuracies) > 1 else "")
    return promoted, reason


def _run_of(store: Store, name: str, version: str) -> Run | None:
    """Return the run that a version came from, in any experiment, even if deleted; None if there is none."""
    run_id = store.client.get_model_version(name, version).run_id
    try:
        return store.client.get_run(run_id) if run_id else None
    except MlflowException:
        return None


def _gold(predictions: Path | str) -> pd.DataFrame:
    """Return the words of a prediction table and their gold tags."""
    return pd.read_parquet(predictions, columns=["sentence", "word", "gold"])


def _measure(tagger: Tagger, table: pd.DataFrame) -> float:
    """Return the share of words that get their gold tag, rounded as `evaluate` rounds."""
    sentences = table.groupby("sentence", sort=False)["word"].agg(list)
    tags = [tag for tagged in tagger.tag(sentences) for tag in tagged.tags]
    return six_places(float((table["gold"] == tags)[table["gold"].notna()].mean()))
