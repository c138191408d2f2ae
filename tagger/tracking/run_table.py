"""The runs of the store as a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from tagger.core.common.errors import InputError
from tagger.tracking.store import Store, connect, reporting

if TYPE_CHECKING:
    from mlflow.entities import Run

FIRST = ("run", "status", "loss")
METRICS = ("test_accuracy", "test_macro_f1", "test_unknown_accuracy", "test_nll", "best_dev_accuracy", "best_epoch")
# Said by other columns, or of where a run was made and not of what it is.
LEFT_OUT = ("loss", "losses", "export.loss")


def compare_runs(condition: str, sort: str, *, ascending: bool, limit: int) -> pd.DataFrame:
    """Return a row a training: its name, metrics, and those params in which the rows differ.

    Args:
        condition: in MLflow's search syntax, such as `params.model.hidden = '200' and metrics.test_accuracy > 0.9`;
            empty for all.
        sort: a column: `run`, `status`, `loss`, `started`, or the name of any metric or param.
        ascending: the smallest first.
        limit: rows at most.

    Raises:
        InputError: MLflow does not understand the condition, or no run has the column.
    """
    store = connect()
    with reporting():
        found = _search(store, condition)
    rows = [
        {"run": run.info.run_name, "status": run.info.status, "started": run.info.start_time}
        | run.data.params
        | run.data.metrics
        | {"loss": run.data.tags["loss"]}
        for run in found
    ]
    table = pd.DataFrame(rows, columns=None if rows else list(FIRST)).convert_dtypes()
    if rows and sort in METRICS and sort not in table:  # none is measured yet
        table[sort] = float("nan")
    if rows and sort not in table:
        raise InputError(f"--sort: no run has {sort!r}; expected one of {', '.join(sorted(map(str, table)))}")
    if rows:
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
    """Return the columns that tell the rows apart, and those that everybody asks for."""
    params = [name for name in table if "." in str(name) or name in ("seed", "device")]
    differing = [str(name) for name in params if name not in LEFT_OUT and table[name].nunique(dropna=False) > 1]
    wanted = [*FIRST, *METRICS, *([sort] if sort != "started" else []), *differing]
    return [name for name in dict.fromkeys(wanted) if name in table]


def _as_numbers(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Sort what is all numbers as such: MLflow keeps params as text."""
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers if numbers.notna().sum() == column.notna().sum() else column
