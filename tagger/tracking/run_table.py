"""The runs of the store as a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from tagger.core.common.errors import InputError
from tagger.evaluate.metrics import shown_in
from tagger.tracking.store import Store, connect, reporting

if TYPE_CHECKING:
    from mlflow.entities import Run

FIRST = ("run", "status", "loss")
METRICS = (*(f"test_{name}" for name in shown_in("runs")), "best_dev_accuracy", "best_epoch")
# Another column says the same, or they don't describe the run.
LEFT_OUT = ("loss", "losses", "export.loss")


def compare_runs(condition: str, sort: str, *, ascending: bool, limit: int) -> pd.DataFrame:
    """Return one row per training: its name, metrics, and those params in which the rows differ.

    Args:
        condition: in MLflow's search syntax, such as `params.model.hidden = '200' and metrics.test_accuracy > 0.9`;
            empty for all trainings.
        sort: the column to sort by: `run`, `status`, `loss`, `started`, or the name of any metric or param.
        ascending: whether the smallest value comes first.
        limit: the most rows to return.

    Raises:
        StoreAwayError: the store does not answer.
        InputError: MLflow does not understand the condition, or no run has the column.
    """
    store = connect()
    with reporting():
        found = _search(store, condition)
    if not found:
        return pd.DataFrame(columns=list(FIRST))
    rows = [
        {"run": run.info.run_name, "status": run.info.status, "started": run.info.start_time}
        | run.data.params
        | run.data.metrics
        | {"loss": run.data.tags["loss"]}
        for run in found
    ]
    table = pd.DataFrame(rows).convert_dtypes()
    if sort in METRICS and sort not in table:  # no run is measured yet
        table[sort] = float("nan")
    if sort not in table:
        raise InputError(f"--sort: no run has {sort!r}; expected one of {', '.join(sorted(map(str, table)))}")
    table = table.sort_values(sort, ascending=ascending, kind="stable", key=_as_numbers).head(limit)
    return table[_columns(table, sort)].reset_index(drop=True)


def _search(store: Store, condition: str) -> "list[Run]":
    from mlflow.exceptions import MlflowException

    is_training = "tags.loss LIKE '%'"
    wanted = f"{is_training} and {condition}" if condition else is_training
    try:
        return list(store.client.search_runs([store.experiment], wanted, max_results=50_000))
    except MlflowException as error:
        if condition and error.error_code == "INVALID_PARAMETER_VALUE":
            raise InputError(f"--filter: {condition!r}: {' '.join(str(error).split())}") from None
        raise


def _columns(table: pd.DataFrame, sort: str) -> Sequence[str]:
    """Return the columns that tell the rows apart, and the usual ones."""
    params = [name for name in table if "." in str(name) or name in ("seed", "device")]
    differing = [str(name) for name in params if name not in LEFT_OUT and table[name].nunique(dropna=False) > 1]
    wanted = [*FIRST, *METRICS, *([sort] if sort != "started" else []), *differing]
    return [name for name in dict.fromkeys(wanted) if name in table]


def _as_numbers(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Sort a column of numbers by value: MLflow keeps params as text."""
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers if numbers.notna().sum() == column.notna().sum() else column
