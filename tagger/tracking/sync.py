"""Making MLflow hold all that the outbox and the outputs on the disk do."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tagger.core.common import paths
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ExportView, LossName
from tagger.predict.export_folder import read_export_config
from tagger.runner.dvc_lock import LockedStage, read_lock_file
from tagger.tracking.delivery import deliver, is_delivered
from tagger.tracking.outbox import deliver_waiting
from tagger.tracking.record import Record
from tagger.tracking.runs import close_abandoned_runs
from tagger.tracking.store import connect, reporting


def sync() -> Iterator[str]:
    """Deliver what waits, close runs whose process is dead, rebuild missing runs; yield a line for each thing done.

    Raises:
        StoreAwayError: the store does not answer.
        InputError: an output is damaged.
    """
    store = connect()
    waited = deliver_waiting(store)
    if waited:
        yield f"delivered what waited: {waited} {'record' if waited == 1 else 'records'}"
    with reporting():
        for name in close_abandoned_runs(store):
            yield f"closed {name}, whose process is dead"
        locked = read_lock_file()
        for loss in read_params(ExportView).losses:
            record = _gather(loss, locked)
            if record is None and (f"train@{loss}" in locked or paths.model_folder(loss).exists()):
                yield f"left out {loss}: its model or data are not those of dvc.lock; `dvc pull` or `repro` mends it"
            elif record is not None and not is_delivered(store, record):
                deliver(store, record)
                yield f"restored {record.name}"


def _gather(loss: LossName, locked: Mapping[str, LockedStage]) -> Record | None:
    """Return the record of a loss with all that its stages have written, none where the model is not theirs.

    What `prepare` has renewed since is not what the model was trained or measured on.
    """
    train, evaluate = locked.get(f"train@{loss}"), locked.get(f"evaluate@{loss}")
    if train is None or not train.wrote(paths.summary_file(loss), paths.history_file(loss), paths.model_folder(loss)):
        return None
    if not train.read(paths.DICTIONARIES, paths.TRAIN, paths.DEV):
        return None
    record = Record.of_outputs(loss)
    if evaluate is None or not evaluate.wrote(*_evaluation_files(loss)):
        return record
    if not evaluate.read(paths.TEST, paths.model_folder(loss)):
        return record
    record = record.with_evaluation(EncodedSplit.load(paths.TEST))
    report = locked.get("report")
    if report is not None and report.wrote(paths.REPORT, paths.STUDY, paths.COMPARISON):
        record = record.with_report()
    export = locked.get("export")
    if export is None or not export.wrote(paths.EXPORT) or read_export_config(paths.EXPORT).trained != record.model:
        return record
    return record.with_export()


def _evaluation_files(loss: LossName) -> tuple[Path, ...]:
    return (
        paths.evaluation_file(loss),
        paths.detail_file(loss),
        paths.tags_file(loss),
        paths.predictions_file(loss),
    )
