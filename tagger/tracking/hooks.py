"""What the stages tell tracking. With `TAGGER_TRACKING=off` in the environment they tell nobody, and need no MLflow."""

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ReportView
from tagger.predict.export_folder import read_export_config
from tagger.runner.dvc_lock import read_lock_file
from tagger.train.trainer import Epoch

VARIABLE = "TAGGER_TRACKING"


class TrainingLog(Protocol):
    """What a training tells while it runs."""

    def log_epoch(self, epoch: Epoch) -> None:
        """Note an epoch that is done."""

    def finish(self) -> None:
        """Note what the stage has written."""


class NoLog:
    """Takes a training's news and forgets them."""

    def log_epoch(self, epoch: Epoch) -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""


def is_on() -> bool:
    """Return whether runs are tracked.

    Raises:
        InputError: the variable holds something else than on or off.
    """
    value = os.environ.get(VARIABLE, "on")
    if value not in ("on", "off"):
        raise InputError(f"{VARIABLE}: got {value!r}, expected on or off")
    return value == "on"


def open_training_run(loss: str, training: str, lock: str, history: list[Epoch]) -> AbstractContextManager[TrainingLog]:
    """Return the log of a training; the arguments are those of `TrainingRun`."""
    if not is_on():
        return nullcontext(NoLog())
    from tagger.tracking.training_run import TrainingRun

    return TrainingRun(loss, training, lock, history)


def track_evaluation(loss: str) -> None:
    """Log what `evaluate` has written; if DVC restored the model, its run may be missing and is made."""
    if not is_on():
        return
    from tagger.tracking.outbox import deliver_or_keep
    from tagger.tracking.record import Record

    deliver_or_keep(Record.of_outputs(loss).with_evaluation(EncodedSplit.load(paths.TEST)))


def track_report() -> None:
    """Log what `report` has written to the group, or groups, that the trainings belong to."""
    if not is_on():
        return
    from tagger.tracking.outbox import deliver_or_keep
    from tagger.tracking.record import Record

    for loss in read_params(ReportView).losses:
        deliver_or_keep(Record.of_outputs(loss).with_evaluation(EncodedSplit.load(paths.TEST)).with_report())


def track_export() -> None:
    """Log what `export` has found.

    If the content of the export has changed since `dvc.lock` was written, it is decided whether it becomes champion.
    """
    if not is_on():
        return
    from tagger.tracking.outbox import deliver_or_keep
    from tagger.tracking.record import Record

    locked = read_lock_file().get("export")
    changed = locked is None or not locked.wrote(paths.EXPORT)
    loss = read_export_config(paths.EXPORT).loss
    record = Record.of_outputs(loss).with_evaluation(EncodedSplit.load(paths.TEST))
    deliver_or_keep(record.with_export(changed=changed))
