"""Which version is champion: an exported model takes the alias unless it is worse on the test split than its holder.

A tag of the version keeps the decision, so that only an export of other content is decided again. A champion that was
named by hand stays until then.
"""

from pathlib import Path

import pandas as pd

from tagger.core.common.errors import InputError
from tagger.predict.model_source import model_folder_of
from tagger.predict.tagging import Tagger
from tagger.tracking.record import Record
from tagger.tracking.registry import CHAMPION, REGISTERED_MODEL, find_champion
from tagger.tracking.runs import TEST
from tagger.tracking.store import Store

DECISION = "promotion"  # tag of a version
ROUNDING = 1e-9  # of a difference of accuracies


def promote(store: Store, version: str, record: Record) -> bool:
    """Decide whether the version of an exported model becomes champion, do it, and print the outcome in one line.

    An earlier decision stands, unless the export has just changed.

    Returns:
        Whether this was decided now.
    """
    champion = find_champion(store)
    tags = store.client.get_model_version(REGISTERED_MODEL, version).tags
    if not record.export_changed and (DECISION in tags or champion == version):
        return False
    promoted, reason = _decide(store, version, champion, record)
    if promoted:
        store.client.set_registered_model_alias(REGISTERED_MODEL, CHAMPION, version)
    outcome = "promoted" if promoted else f"not promoted: version {champion}: {reason}"
    store.client.set_model_version_tag(REGISTERED_MODEL, version, DECISION, outcome)
    holder = f"is version {version}" if promoted else f"stays version {champion}"
    print(f"models:/{REGISTERED_MODEL}@{CHAMPION} {holder}: {reason}")
    return True


def _decide(store: Store, version: str, champion: str | None, record: Record) -> tuple[bool, str]:
    """Return whether a version becomes champion, and why."""
    accuracy = record.figures["test_accuracy"]
    measured = f"test accuracy {accuracy:.5f}"
    if champion is None:
        return True, f"{measured}, there was none before"
    if champion == version:
        return True, f"{measured}, as before"
    try:
        other, how = _accuracy_of(store, champion, record)
    except InputError as error:
        return True, f"{measured}; version {champion} before it can't be measured: {error}"
    allowed = float(record.settings.get("export", {}).get("max_drop", 0))
    if accuracy >= other - allowed - ROUNDING:
        return True, f"{measured}, version {champion} before it has {other:.5f}{how}"
    return (
        False,
        f"test accuracy {other:.5f}{how}, version {version} has {accuracy:.5f}; export.max_drop is {allowed:g}",
    )


def _accuracy_of(store: Store, version: str, record: Record) -> tuple[float, str]:
    """Return the accuracy of a version on the record's test split, and a note if it had to be measured.

    Raises:
        InputError: the model can't be loaded.
    """
    from mlflow.exceptions import MlflowException

    run_id = store.client.get_model_version(REGISTERED_MODEL, version).run_id
    try:
        data = store.client.get_run(run_id).data if run_id else None
    except MlflowException:
        data = None  # the run was deleted
    if data and data.tags.get(TEST) == record.datasets["test"].digest and "test_accuracy" in data.metrics:
        return float(data.metrics["test_accuracy"]), ""
    tagger = Tagger(model_folder_of(f"models:/{REGISTERED_MODEL}/{version}"))
    return _measure(tagger, record.files[f"predictions/{record.loss}.parquet"]), " (measured now on this test split)"


def _measure(tagger: Tagger, predictions: Path) -> float:
    """Return the share of a prediction table's words that get their gold tag, rounded as `evaluate` rounds."""
    table = pd.read_parquet(predictions, columns=["sentence", "word", "gold"])
    sentences = table.groupby("sentence", sort=False)["word"].agg(list)
    tags = [tag for tagged in tagger.tag(sentences) for tag in tagged.tags]
    return round(float((table["gold"].to_numpy() == tags).mean()), 6)
