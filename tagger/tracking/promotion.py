"""Who is champion: an exported model takes the alias if it is not worse on the test split than the one that has it.

What was decided stays a tag of the version, so that nothing but a further run of `export` decides again. A champion
that was named by hand stays.
"""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from tagger.core.common.errors import InputError
from tagger.predict.model_source import model_folder_of
from tagger.predict.tagging import Tagger
from tagger.tracking.record import Record
from tagger.tracking.registry import CHAMPION, REGISTERED_MODEL, find_champion, find_version
from tagger.tracking.runs import TEST
from tagger.tracking.store import Store

DECISION = "promotion"  # tag of a version
ROUNDING = 1e-9  # of a difference of accuracies


class Decision(NamedTuple):
    """Whether a version becomes champion, and what speaks for it."""

    promoted: bool
    reason: str


def promote(store: Store, version: str, record: Record) -> None:
    """Decide whether the version of an exported model becomes champion, do it, and say so in one line.

    What was decided before stands, unless `export` has just run.
    """
    if not record.export_changed and _is_decided(store, version):
        return
    champion = find_champion(store)
    decision = _decide(store, version, champion, record)
    verb, holder = ("is", version) if decision.promoted else ("stays", champion)
    if decision.promoted:
        store.client.set_registered_model_alias(REGISTERED_MODEL, CHAMPION, version)
    outcome = "promoted" if decision.promoted else f"not promoted: version {champion}: {decision.reason}"
    store.client.set_model_version_tag(REGISTERED_MODEL, version, DECISION, outcome)
    print(f"models:/{REGISTERED_MODEL}@{CHAMPION} {verb} version {holder}: {decision.reason}")


def is_decided(store: Store, record: Record) -> bool:
    """Return whether the record's export is registered, and champion or known not to become it."""
    version = find_version(store, record)
    return version is not None and _is_decided(store, version)


def _is_decided(store: Store, version: str) -> bool:
    tags = store.client.get_model_version(REGISTERED_MODEL, version).tags
    return DECISION in tags or find_champion(store) == version


def _decide(store: Store, version: str, champion: str | None, record: Record) -> Decision:
    accuracy = record.figures["test_accuracy"]
    said = f"test accuracy {accuracy:.5f}"
    if champion in (None, version):
        return Decision(True, f"{said}, {'there was none before' if champion is None else 'as before'}")
    try:
        other, how = _accuracy_of(store, str(champion), record)
    except InputError as error:
        return Decision(True, f"{said}; version {champion} before it can't be measured: {error}")
    allowed = float(record.settings.get("export", {}).get("max_drop", 0))
    if accuracy >= other - allowed - ROUNDING:
        return Decision(True, f"{said}, version {champion} before it has {other:.5f}{how}")
    return Decision(
        False, f"test accuracy {other:.5f}{how}, version {version} has {accuracy:.5f}; export.max_drop is {allowed:g}"
    )


def _accuracy_of(store: Store, version: str, record: Record) -> tuple[float, str]:
    """Return the accuracy of a version on the record's test split, and where it was not known, that it was measured.

    Raises:
        InputError: the model can't be loaded.
    """
    from mlflow.exceptions import MlflowException

    run_id = store.client.get_model_version(REGISTERED_MODEL, version).run_id
    try:
        run = store.client.get_run(run_id) if run_id else None
    except MlflowException:
        run = None  # it was deleted
    if run and run.data.tags.get(TEST) == record.datasets["test"].digest and "test_accuracy" in run.data.metrics:
        return float(run.data.metrics["test_accuracy"]), ""
    tagger = Tagger(model_folder_of(f"models:/{REGISTERED_MODEL}/{version}"))
    return _measure(tagger, record.files[f"predictions/{record.loss}.parquet"]), " (measured now on this test split)"


def _measure(tagger: Tagger, predictions: Path) -> float:
    """Return the share of the words of a prediction table that get their gold tag, rounded as `evaluate` rounds."""
    table = pd.read_parquet(predictions, columns=["sentence", "word", "gold"])
    sentences = table.groupby("sentence", sort=False)["word"].agg(list)
    tags = [tag for tagged in tagger.tag(sentences) for tag in tagged.tags]
    return round(float((table["gold"].to_numpy() == tags).mean()), 6)
