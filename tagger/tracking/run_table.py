"""The runs of the store as a table."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from tagger.core.common.errors import InputError
from tagger.evaluate.metrics import SPREAD, shown_in
from tagger.predict.mlflow_store import reporting
from tagger.tracking.metric_names import in_mlflow
from tagger.tracking.runs import KIND, PARENT, SEEDS, figures_of
from tagger.tracking.store import Store, connect

FIRST = ("run", "status", "loss")
METRICS = (*(f"test_{name}" for name in shown_in("runs")), "best_dev_accuracy", "best_epoch")
SHOWN = tuple(name + end for name in METRICS for end in ("", SPREAD))


@reporting()
def compare_runs(
    condition: str, sort: str, *, ascending: bool, limit: int, columns: Sequence[str] = (), everything: bool = False
) -> pd.DataFrame:
    """Return one row per training: its name, metrics, and those params in which the rows differ.

    The trainings of a loss with several seeds are one row: their means, and beside each its standard deviation.

    The condition is in MLflow's search syntax, such as `params.model.hidden = '200' and metrics.test_accuracy > 0.9`;
    empty for all trainings. The first `limit` rows are returned of those sorted by a column: `run`, `status`, `loss`,
    `started`, or the name of any metric or param. `columns` chooses among the same; `everything` adds all of them.

    Raises:
        StoreAwayError: the store does not answer.
        InputError: MLflow does not understand the condition, or no run has the column.
    """
    found = _search(connect(to_write=False), condition)
    if not found:
        return pd.DataFrame(columns=list(FIRST))
    rows = [
        {"run": run.info.run_name, "status": run.info.status}
        | {"started": datetime.fromtimestamp(run.info.start_time / 1000).isoformat(" ", "seconds")}
        | run.data.params
        | figures_of(run)
        | {"loss": run.data.tags["loss"]}
        for run in found
    ]
    table = pd.DataFrame(rows).convert_dtypes()
    if sort in METRICS and sort not in table:  # no run is measured yet
        table[sort] = float("nan")
    for option, name in (("--sort", sort), *(("--columns", name) for name in columns)):
        if name not in table:
            raise InputError(f"{option}: no column {name!r}; expected one of {', '.join(sorted(map(str, table)))}")
    table = table.sort_values(sort, ascending=ascending, kind="stable", key=_as_numbers).head(limit)
    # `export.loss` doesn't describe a run.
    params = [name for name in map(str, table) if "." in name or name in ("seed", "device", "arithmetic")]
    differing = [name for name in params if name != "export.loss" and table[name].nunique(dropna=False) > 1]
    others = map(str, table) if everything else ()
    wanted = dict.fromkeys(columns or [*FIRST, sort, *SHOWN, *differing, *others])
    return table[[name for name in wanted if name in table]].reset_index(drop=True)


def _search(store: Store, condition: str) -> list[Run]:
    is_training = "tags.loss LIKE '%'"
    named = re.sub(r"\bmetrics?\.(\w+)", lambda found: f"metrics.`{in_mlflow(found[1])}`", condition)
    try:
        wanted = f"{is_training} and {named}" if named else is_training
        found = store.client.search_runs([store.experiment], wanted, max_results=50_000)
        losses = store.client.search_runs([store.experiment], f"tags.{KIND} = '{SEEDS}'", max_results=50_000)
    except MlflowException as error:
        if condition and error.error_code == "INVALID_PARAMETER_VALUE":
            raise InputError(f"--filter: {condition!r}: {' '.join(str(error).split())}") from None
        raise
    shown_above = {run.info.run_id for run in losses}
    return [run for run in found if run.data.tags.get(PARENT) not in shown_above]


def _as_numbers(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Sort a column of numbers by value: MLflow keeps params as text."""
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers if numbers.notna().sum() == column.notna().sum() else column
