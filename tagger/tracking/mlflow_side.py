"""What the stages ask of MLflow, in the process that has it imported; `mlflow_process` brings the questions here."""

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from mlflow.entities import Run
from mlflow.environment_variables import MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

from tagger.core.common.errors import TaggerError
from tagger.predict.mlflow_store import LIMIT_OF_FILES, StoreAwayError, address, reporting, tracking_uri
from tagger.predict.store_address import kind_of
from tagger.tracking.delivery import deliver, deliver_waiting
from tagger.tracking.notes import links_to
from tagger.tracking.record import Point, Record
from tagger.tracking.runs import (
    MODEL,
    close_abandoned_runs,
    find_run,
    group_of,
    log_points,
    open_run,
    resume_run,
    search,
)
from tagger.tracking.store import Store, connect

UI = "http://127.0.0.1:5000"  # where `mlflow ui` listens


class _Training(NamedTuple):
    store: Store
    run: Run
    monitor: SystemMetricsMonitor | None


class MlflowSide:
    """Answers a stage. Errors are StoreAwayError, or InputError for a store that is not as expected."""

    _training: _Training

    def __init__(self) -> None:
        """Load what MLflow loads for a database once it is connected, while the stage computes."""
        with suppress(TaggerError):  # the first question will say it
            if kind_of(tracking_uri()) == "sqlite":  # another store may be dead, and take its time twice
                connect(to_write=False)

    def deliver(self, record: Record) -> None:
        """Deliver the records that wait, then this one."""
        store = connect()
        deliver_waiting(store)
        deliver(store, record)

    @reporting(LIMIT_OF_FILES)
    def open_training(self, record: Record) -> None:
        """Open the run of a training; one that resumes has a run already."""
        store = connect()
        deliver_waiting(store)
        close_abandoned_runs(store, record)
        resumes = find_run(store, record) is not None
        run = open_run(store, record)
        if resumes:  # a new run leaves its group, which others may have made, as it is
            resume_run(store, run, record)
        monitor = None
        if MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING.get():  # MLflow heeds it in start_run only
            monitor = SystemMetricsMonitor(run.info.run_id, resume_logging=resumes)
            monitor.start()
        self._training = _Training(store, run, monitor)

    def log(self, points: Sequence[Point]) -> None:
        """Log epochs to the run of the training."""
        log_points(self._training.store, self._training.run, points)

    @reporting()
    def end_training(self, status: str | None) -> None:
        """End the run of a training that broke off; without a status, it is delivered already."""
        store, run, monitor = self._training
        if monitor is not None:
            with suppress(StoreAwayError), reporting():
                monitor.finish()
        if status:
            store.client.set_terminated(run.info.run_id, status)

    @reporting()
    def links(self, models: Sequence[tuple[str, str]]) -> str:
        """Return links, one per line, to the group of the first (loss, fingerprint) with a run; empty if none has."""
        store = connect(to_write=False)
        conditions = (f"tags.`{MODEL}` = '{model}' and tags.loss = '{loss}'" for loss, model in models)
        groups = (group_of(run) for condition in conditions for run in search(store, condition))
        group = next(filter(None, groups), None)
        if group is None:
            return ""
        at = kind_of(tracking_uri()) in ("http", "https")
        server = address().replace("***@", "").removesuffix("?***").rstrip("/") if at else UI
        lines = [f"  {name:<15}{server}/{link}" for name, link in links_to(store, group).items()]
        return "\n".join(["In MLflow, once `make ui` or `mlflow ui` runs:", *lines])
