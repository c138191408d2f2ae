"""What `compare` reads from the store: the runs as a table, and the predictions of named runs."""

import re
from collections.abc import Sequence
from datetime import datetime
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from tagger.core.common.errors import InputError
from tagger.evaluate.metrics import SPREAD, shown_in
from tagger.predict.mlflow_store import reporting
from tagger.tracking.metric_names import in_mlflow
from tagger.tracking.runs import GROUP_RUN, KIND, PARENT, SEEDS, figures_of, search
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

    Raises StoreAwayError if the store does not answer, InputError if MLflow does not understand the condition or no run
    has the column.
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


@reporting()
def predictions_of(name: str) -> dict[str, dict[int, pd.DataFrame]]:
    """Return the prediction table of each training of the newest run of a name, by loss and seed.

    The run may be a group, a loss that holds several seeds, or a training. Raises StoreAwayError if the store does not
    answer, InputError if there is no such run, or it has no training, or one that was not evaluated.
    """
    store = connect(to_write=False)
    if "'" in name or not (named := search(store, f"attributes.run_name = '{name}'")):
        raise InputError(f"MLflow: no run is named {name!r}; expected a name shown by `compare` or `mlflow ui`")
    above = named[0].info.run_id
    below = [run for tag in (PARENT, GROUP_RUN) for run in search(store, f"tags.`{tag}` = '{above}'")]
    tables: dict[str, dict[int, pd.DataFrame]] = {}
    # A group has no loss, and what holds several seeds of a loss has no seed.
    trainings = [run for run in below or named[:1] if "loss" in run.data.tags and "seed" in run.data.params]
    if not trainings:
        raise InputError(f"MLflow: {name}: has no trainings, expected an execution that trained a model")
    for run in trainings:
        loss = run.data.tags["loss"]
        with TemporaryDirectory() as folder:
            try:
                path = store.client.download_artifacts(run.info.run_id, f"predictions/{loss}.parquet", folder)
            except (MlflowException, OSError):
                raise InputError(
                    f"MLflow: {run.info.run_name}: has no predictions, expected an evaluated run"
                ) from None
            tables.setdefault(loss, {})[int(run.data.params["seed"])] = pd.read_parquet(path)
    return {loss: dict(sorted(tables[loss].items())) for loss in sorted(tables)}


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
