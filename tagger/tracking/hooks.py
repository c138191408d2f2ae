"""What the stages tell tracking: nothing, and they need no MLflow, if `TAGGER_TRACKING=off` is in the environment."""

import importlib.util
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ExportView, LossName
from tagger.predict.export_folder import ExportConfig
from tagger.runner.dvc_lock import read_lock_file
from tagger.train.trainer import Epoch

VARIABLE = "TAGGER_TRACKING"


class TrainingLog:
    """What a training tells while it runs. This class forgets it; `TrainingRun` logs it."""

    def log_epoch(self, epoch: Epoch) -> None:
        """Take an epoch that is done."""

    def finish(self) -> None:
        """Take the outputs that the stage has written."""


def open_training_run(
    loss: LossName, training: str, lock: str, history: list[Epoch]
) -> AbstractContextManager[TrainingLog]:
    """Return the log of a training; the arguments are those of `TrainingRun`."""
    if not _is_on():
        return nullcontext(TrainingLog())
    from tagger.tracking.training_run import TrainingRun

    return TrainingRun(loss, training, lock, history)


def track_evaluation(loss: LossName) -> None:
    """Log what `evaluate` has written. If DVC restored the model, its run may be missing, and is created."""
    _track([loss], "evaluate")


def track_report(losses: Sequence[LossName]) -> None:
    """Log what `report` has written about these losses to the group, or groups, of their trainings."""
    _track(losses, "evaluate", "report")
    if text := links():
        print(text)


def track_export() -> None:
    """Log what `export` has written, and a report that DVC skipped: git has its outputs, so a fresh clone needs none.

    Whether it becomes champion is decided again if its content, or `export.max_drop`, differs from that of `dvc.lock`.
    """
    _track([ExportConfig.read(paths.EXPORT).loss], "evaluate", "export")
    if _is_on():
        from tagger.tracking.sync import recorded_stages

        locked = read_lock_file()
        losses = [loss for loss in read_params(ExportView).losses if "report" in recorded_stages(loss, locked)]
        _track(losses, "evaluate", "report")


def links() -> str:
    """Return links to what MLflow shows of the models on the disk; empty if it has none of them, or can't be asked."""
    if not _is_on() or importlib.util.find_spec("mlflow") is None:
        return ""
    from tagger.tracking.links import links_text

    return links_text()


def _track(losses: Sequence[LossName], *stages: str) -> None:
    if not _is_on():
        return
    from tagger.tracking.gather import gather
    from tagger.tracking.outbox import deliver_or_keep

    for loss in losses:
        deliver_or_keep(gather(loss, stages, ran=True))


def _is_on() -> bool:
    """Return whether runs are tracked; raise InputError if the variable is neither on nor off."""
    value = os.environ.get(VARIABLE, "on")
    if value not in ("on", "off"):
        raise InputError(f"{VARIABLE}: got {value!r}, expected on or off")
    return value == "on"
