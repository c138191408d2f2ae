"""Bringing MLflow up to date with the outbox and the outputs on disk."""

from collections.abc import Iterator

from tagger.core.common import paths
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ExportView
from tagger.runner.dvc_lock import read_lock_file
from tagger.tracking.delivery import deliver, deliver_waiting
from tagger.tracking.gather import gather, recorded_stages
from tagger.tracking.runs import close_abandoned_runs
from tagger.tracking.store import connect


def sync() -> Iterator[str]:
    """Deliver waiting records, close runs whose process is dead, rebuild missing runs; yield a line for each action.

    Raises StoreAwayError if the store does not answer, InputError if an output is damaged.
    """
    store = connect()
    if waited := deliver_waiting(store):
        yield f"logged {waited} waiting {'record' if waited == 1 else 'records'}"
    for name in close_abandoned_runs(store):
        yield f"closed {name}, whose process is dead"
    locked = read_lock_file()
    for training in read_params(ExportView).trainings:
        if stages := recorded_stages(training, locked):
            record = gather(training, stages)
            if deliver(store, record):
                yield f"restored {record.name}"
        elif f"train@{training}" in locked or paths.model_folder(*training).exists():
            yield f"left out {training}: its model or data differ from dvc.lock; run `dvc pull` or `dvc repro`"
