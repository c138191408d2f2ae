"""The run of a training in progress."""

import sys
import time
from contextlib import AbstractContextManager, suppress

from mlflow.entities import Run
from mlflow.environment_variables import MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

from tagger.core.params.schema import Training
from tagger.predict.mlflow_store import LIMIT_OF_FILES, StoreAwayError, reporting
from tagger.tracking.gather import add_training, begin_training
from tagger.tracking.hooks import TrainingLog
from tagger.tracking.outbox import deliver_or_keep, deliver_waiting, find_waiting
from tagger.tracking.record import Point
from tagger.tracking.runs import LOCK, close_abandoned_runs, find_run, log_points, open_run, resume_run
from tagger.tracking.store import Store, connect
from tagger.train.trainer import Epoch

PAUSE = 1.0  # seconds at least between two writes: epochs of a tiny corpus go together


class TrainingRun(TrainingLog, AbstractContextManager["TrainingRun"]):
    """Logs a training to its run. If the store goes away, the training continues, and what is missing comes later."""

    def __init__(self, of: Training, training: str, lock: str, history: list[Epoch]) -> None:
        """Open the run; a training that resumes has one already.

        The process holds the lock of this name while it trains. A kill may have kept epochs of the history from being
        logged.

        Raises:
            StoreAwayError: the store is away before anything was trained. If earlier records wait for it already, this
                is no news, and a warning is enough.
        """
        self._record = begin_training(of, training)
        self._record.tags[LOCK] = lock
        self._logged = 0  # of the record's points
        self._written = 0.0  # when, in seconds
        self._connection: tuple[Store, Run] | None = None
        self._monitor: SystemMetricsMonitor | None = None
        for epoch in history:
            self._add(epoch)
        try:
            self._connection = self._open()
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
        if self._monitor is not None:
            with suppress(StoreAwayError), reporting():
                self._monitor.finish()
        if error is None:
            return
        self._write()
        if self._connection is not None:
            store, run = self._connection
            with suppress(StoreAwayError), reporting():
                store.client.set_terminated(run.info.run_id, "FAILED" if isinstance(error, Exception) else "KILLED")

    def _add(self, epoch: Epoch) -> None:
        values = epoch._asdict()
        step, ended = values.pop("number"), values.pop("ended")
        self._record.points += [Point(name, value, step, ended) for name, value in values.items() if value is not None]
        self._record.ended = ended

    @reporting(LIMIT_OF_FILES)
    def _open(self) -> tuple[Store, Run]:
        store = connect()
        deliver_waiting(store)
        close_abandoned_runs(store, self._record)
        resumes = find_run(store, self._record) is not None
        run = open_run(store, self._record)
        if resumes:  # a new run leaves its group, which others may have made, as it is
            resume_run(store, run, self._record)
        if MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING.get() and self._monitor is None:  # MLflow heeds it in start_run only
            self._monitor = SystemMetricsMonitor(run.info.run_id, resume_logging=resumes)
            self._monitor.start()
        return store, run

    def _write(self) -> None:
        if self._connection is None:
            return
        try:
            log_points(*self._connection, self._record.points[self._logged :])
        except StoreAwayError as error:
            print(f"warning: {error}; training continues, and missing data will be logged later", file=sys.stderr)
            self._connection = None
        self._logged = len(self._record.points)
        self._written = time.monotonic()
