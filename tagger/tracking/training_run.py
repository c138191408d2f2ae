"""The run of a training in progress, as the training sees it."""

import sys
import time
from contextlib import AbstractContextManager, suppress

from tagger.core.params.schema import Training
from tagger.predict.mlflow_store import StoreAwayError
from tagger.tracking.gather import add_training, begin_training
from tagger.tracking.mlflow_process import ask
from tagger.tracking.outbox import deliver_or_keep, find_waiting
from tagger.tracking.record import LOCK, Point
from tagger.train.trainer import Epoch

PAUSE = 1.0  # seconds at least between two writes: epochs of a tiny corpus go together


class TrainingRun(AbstractContextManager["TrainingRun"]):
    """Logs a training to its run. If the store goes away, the training continues, and what is missing comes later."""

    def __init__(self, of: Training, training: str, lock: str, history: list[Epoch]) -> None:
        """Open the run; a training that resumes has one already.

        The process holds the lock of this name while it trains. A kill may have kept epochs of the history from being
        logged.

        Raises StoreAwayError if the store is away before anything was trained. If earlier records wait for it already,
        this is no news, and a warning is enough.
        """
        self._record = begin_training(of, training)
        self._record.tags[LOCK] = lock
        self._logged = 0  # of the record's points
        self._written = 0.0  # when, in seconds
        self._open = False
        for epoch in history:
            self._add(epoch)
        try:
            ask("open_training", self._record)
            self._open = True
        except StoreAwayError as error:
            if not find_waiting():
                raise
            print(f"warning: {error}; training continues, because earlier records are already waiting", file=sys.stderr)

    def log_epoch(self, epoch: Epoch) -> None:
        """Log the metrics of an epoch, in one write at most."""
        self._add(epoch)
        if time.monotonic() - self._written >= PAUSE:
            self._write()

    def finish(self) -> None:
        """Log what the stage wrote, and end the run; keep all of it in the outbox while the store is away."""
        add_training(self._record)
        deliver_or_keep(self._record)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """End the run as KILLED after a signal, as FAILED after an error."""
        if error is not None:
            self._write()
        if self._open:
            status = "FAILED" if isinstance(error, Exception) else "KILLED"
            with suppress(StoreAwayError):
                ask("end_training", status if error is not None else None)

    def _add(self, epoch: Epoch) -> None:
        values = epoch._asdict()
        step, ended = values.pop("number"), values.pop("ended")
        self._record.points += [Point(name, value, step, ended) for name, value in values.items() if value is not None]
        self._record.ended = ended

    def _write(self) -> None:
        if not self._open:
            return
        try:
            ask("log", self._record.points[self._logged :])
        except StoreAwayError as error:
            print(f"warning: {error}; training continues, and missing data will be logged later", file=sys.stderr)
            self._open = False
        self._logged = len(self._record.points)
        self._written = time.monotonic()
