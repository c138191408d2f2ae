"""The run of a training that is under way."""

import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tagger.core.params.schema import LossName
from tagger.tracking.delivery import log_points, log_start
from tagger.tracking.outbox import deliver_or_keep, deliver_waiting, is_waiting
from tagger.tracking.record import Point, Record
from tagger.tracking.runs import LOCK, close_abandoned_runs, find_run, open_run, resume_run
from tagger.tracking.store import Store, StoreAwayError, connect, reporting

if TYPE_CHECKING:
    from mlflow.entities import Run

    from tagger.train.trainer import Epoch

PAUSE = 1.0  # seconds at least between two writes: epochs of a tiny corpus go together


class TrainingRun:
    """Logs a training to its run. A store that dies does not disturb it: what is missing is delivered later."""

    def __init__(self, loss: LossName, training: str, lock: str, history: "list[Epoch]") -> None:
        """Open the run, again where the training goes on.

        Args:
            loss: is trained.
            training: the identity of the training.
            lock: is held as long as this process trains.
            history: the epochs so far, which a kill may have kept from being logged.

        Raises:
            StoreAwayError: the store is away, before anything was trained. Where earlier records wait for it already,
                its being away is no news, and a warning is enough.
        """
        record = Record.of_training(loss, training)
        self._record = record.model_copy(update={"tags": record.tags | {LOCK: lock}})
        self._points = [point for epoch in history for point in _points(epoch)]
        self._logged = 0  # of the points
        self._written = 0.0
        self._ended = history[-1].ended if history else None
        self._connection: tuple[Store, Run] | None = None
        try:
            self._connection = self._open()
        except StoreAwayError as error:
            if not is_waiting():
                raise
            print(f"warning: {error}; training goes on, for earlier records wait for it already", file=sys.stderr)

    def log_epoch(self, epoch: "Epoch") -> None:
        """Log the metrics of an epoch, in one write at most."""
        self._points += _points(epoch)
        self._ended = epoch.ended
        if time.monotonic() - self._written >= PAUSE:
            self._write()

    def finish(self) -> None:
        """Log what the stage wrote, and end the run; keep it all in the outbox while the store is away."""
        update = {"points": self._points, "ended": self._ended}
        deliver_or_keep(self._record.model_copy(update=update).with_training_outputs())

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the run as KILLED after a signal, as FAILED after an error."""
        if error is None:
            return
        self._write()
        if self._connection is not None:
            store, run = self._connection
            with suppress(StoreAwayError), reporting():
                store.client.set_terminated(run.info.run_id, "FAILED" if isinstance(error, Exception) else "KILLED")

    def _open(self) -> "tuple[Store, Run]":
        store = connect()
        deliver_waiting(store)
        with reporting():
            close_abandoned_runs(store, self._record)
            earlier = find_run(store, self._record)
            run = earlier or open_run(store, self._record)
            if earlier is not None:
                resume_run(store, run, self._record)
            log_start(store, run, self._record)
        return store, run

    def _write(self) -> None:
        if self._connection is None:
            return
        try:
            with reporting():
                log_points(*self._connection, self._points[self._logged :])
        except StoreAwayError as error:
            print(f"warning: {error}; training goes on, and what is missing is logged later", file=sys.stderr)
            self._connection = None
        self._logged = len(self._points)
        self._written = time.monotonic()


def _points(epoch: "Epoch") -> list[Point]:
    """Return the metrics of an epoch."""
    values = epoch._asdict()
    step, ended = values.pop("number"), values.pop("ended")
    return [Point(name, value, step, ended) for name, value in values.items()]
