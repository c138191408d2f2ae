"""The calls of the stages to tracking; with `TAGGER_TRACKING=off` they do nothing and need no MLflow."""

import importlib.util
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.network.model_folder import fingerprint
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ExportView, Training
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
    of: Training, training: str, lock: str, history: list[Epoch]
) -> AbstractContextManager[TrainingLog]:
    """Return the log of a training; the arguments are those of `TrainingRun`."""
    if not _is_on():
        return nullcontext(TrainingLog())
    from tagger.tracking.training_run import TrainingRun

    return TrainingRun(of, training, lock, history)


def track_evaluation(of: Training) -> None:
    """Log what `evaluate` has written. If DVC restored the model, its run may be missing, and is created."""
    _track([of], "evaluate")


def track_report(trainings: Sequence[Training]) -> None:
    """Log what `report` has written about these trainings to their group, or groups."""
    _track(trainings, "evaluate", "report")
    if text := links():
        print(text)


def track_export() -> None:
    """Log what `export` has written, and a report that DVC skipped: git has its outputs, so a fresh clone needs none.

    Whether it becomes champion is decided again if its content, or `export.max_drop`, differs from that of `dvc.lock`.
    """
    trainings, exported = read_params(ExportView).trainings, ExportConfig.read(paths.EXPORT)
    of_loss = [each for each in trainings if each.loss == exported.loss]
    chosen = [each for each in of_loss if fingerprint(paths.model_folder(*each)) == exported.trained]
    _track(chosen[:1], "evaluate", "export")
    if _is_on():
        from tagger.tracking.sync import recorded_stages

        locked = read_lock_file()
        reported = [each for each in trainings if "report" in recorded_stages(each, locked)]
        _track(reported, "evaluate", "report")


def links() -> str:
    """Return links to the models on disk in MLflow's UI; empty if it has none of them or does not answer."""
    if not _is_on() or importlib.util.find_spec("mlflow") is None:
        return ""
    from tagger.tracking.links import links_text

    return links_text()


def _track(trainings: Sequence[Training], *stages: str) -> None:
    if not _is_on():
        return
    from tagger.tracking.gather import gather
    from tagger.tracking.outbox import deliver_or_keep

    for training in trainings:
        deliver_or_keep(gather(training, stages, ran=True))


def _is_on() -> bool:
    """Return whether runs are tracked; raise InputError if the variable is neither on nor off."""
    value = os.environ.get(VARIABLE, "on")
    if value not in ("on", "off"):
        raise InputError(f"{VARIABLE}: got {value!r}, expected on or off")
    return value == "on"
