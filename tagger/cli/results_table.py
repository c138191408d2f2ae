"""The command `results`: the test metrics as a table, and the verdict on the losses."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from tagger.cli.text_table import fill
from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.common.files import read_json, reading
from tagger.evaluate.metrics import METRICS, SPREAD

_EXPECTED = "the output of `dvc repro`"


def read_results(columns: Sequence[str] = ()) -> tuple[pd.DataFrame, str]:
    """Return a table of the losses compared last and the baseline, with all or some columns, and the summary.

    With several seeds, the table has the means, and the standard deviations in columns of their own.
    InputError is raised if there are no results, a file is damaged, or no loss has a metric of that name.
    """
    with reading(paths.RESULTS, _EXPECTED):
        rows = {loss: _row(figures) for loss, figures in read_json(paths.RESULTS, _EXPECTED).items()}
    summary = ""
    if paths.COMPARISON.exists():
        with reading(paths.COMPARISON, _EXPECTED):
            comparison = read_json(paths.COMPARISON, _EXPECTED)
            if {pair["first"] for pair in comparison["pairs"]} == rows.keys():
                rows["baseline"] = _row(comparison["baseline"])
                summary = "\n\n" + fill(comparison["summary"])
    table = pd.DataFrame.from_dict(rows, orient="index")
    for name in columns:
        if name not in table:
            raise InputError(f"--columns: no column {name!r}; expected any of {', '.join(map(str, table))}")
    return table[list(columns or map(str, table))].reset_index(names=""), summary


def _row(metrics: Any) -> "pd.Series[float]":
    """Return the metrics among these figures, by name; None becomes NaN."""
    shown = {name: value for name, value in metrics.items() if name.removesuffix(SPREAD) in METRICS}
    return pd.Series({name: None if value is None else float(value) for name, value in shown.items()}, dtype=float)
