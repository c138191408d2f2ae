"""What the stages after `train` log, to the runs of the models that they are about."""

from collections.abc import Iterable

from tagger import paths
from tagger.encoding import EncodedSplit
from tagger.params import LossName
from tagger.tracking.outbox import deliver_or_keep
from tagger.tracking.record import Record


def track_evaluation(loss: LossName) -> None:
    """Log what `evaluate` has written; where DVC had restored the model, its run may be missing and is made."""
    deliver_or_keep(Record.of_outputs(loss).with_evaluation(EncodedSplit.load(paths.TEST)))


def track_report(losses: Iterable[LossName]) -> None:
    """Log what `report` has written to the group, or groups, that the trainings belong to."""
    for loss in losses:
        deliver_or_keep(Record.of_outputs(loss).with_evaluation(EncodedSplit.load(paths.TEST)).with_report())


def track_export(loss: LossName) -> None:
    """Log what `export` has found; the exported model becomes champion if it is not worse than the present one."""
    deliver_or_keep(Record.of_outputs(loss).with_evaluation(EncodedSplit.load(paths.TEST)).with_export(ran=True))
