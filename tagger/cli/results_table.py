"""What `results` prints: the test metrics as a table, and what their comparison says."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.common.files import read_json, reading
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ReportView

_EXPECTED = "the results of `dvc repro`"


def read_results(columns: Sequence[str] = ()) -> tuple[pd.DataFrame, str]:
    """Return a table of the losses in params.yaml and of the baseline, and the summary of their comparison.

    Args:
        columns: the metrics to show; none stands for all.

    Raises:
        InputError: there are no results, a file is damaged, or no loss has a metric of that name.
    """
    rows = {}
    for loss in read_params(ReportView).losses:
        path = paths.evaluation_file(loss)
        if path.exists():
            with reading(path, _EXPECTED):
                rows[loss] = _row(read_json(path, _EXPECTED)[loss])
    if not rows:
        raise InputError("metrics/evaluate: no results there; expected those of `dvc repro`")
    summary = ""
    if paths.COMPARISON.exists():
        with reading(paths.COMPARISON, _EXPECTED):
            comparison = read_json(paths.COMPARISON, _EXPECTED)
            if {pair["first"] for pair in comparison["pairs"]} == rows.keys():
                rows["baseline"] = _row(comparison["baseline"])
                summary = f"\n\n{comparison['summary']}"
    table = pd.DataFrame.from_dict(rows, orient="index")
    for name in columns:
        if name not in table:
            raise InputError(f"--columns: no loss has {name!r}; expected some of {', '.join(map(str, table))}")
    return table[list(columns or map(str, table))].reset_index(names=""), summary


def _row(metrics: Any) -> "pd.Series[float]":
    """Return the values of metrics by their names. None stands for a metric without a value."""
    return pd.Series({name: None if value is None else float(value) for name, value in metrics.items()}, dtype=float)
