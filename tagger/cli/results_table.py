"""What `results` prints: the test metrics as a table, and what their comparison says."""

from typing import Any

import pandas as pd

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.common.files import read_json, reading
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ReportView

_EXPECTED = "the results of `dvc repro`"


def results_text() -> str:
    """Return a table of the losses in params.yaml and of the baseline, then the summary of their comparison.

    Raises:
        InputError: there are no results, or a file is damaged.
    """
    rows = {}
    for loss in read_params(ReportView).losses:
        path = paths.evaluation_file(loss)
        if path.exists():
            with reading(path, _EXPECTED):
                rows[loss] = _metrics(read_json(path, _EXPECTED)[loss])
    if not rows:
        raise InputError("metrics/evaluate: no results there; expected those of `dvc repro`")
    if paths.COMPARISON.exists():
        with reading(paths.COMPARISON, _EXPECTED):
            comparison = read_json(paths.COMPARISON, _EXPECTED)
            if {pair["first"] for pair in comparison["pairs"]} == rows.keys():
                rows["baseline"] = _metrics(comparison["baseline"])
                return f"{metrics_table(rows)}\n\n{comparison['summary']}"
    return metrics_table(rows)


def metrics_table(rows: dict[str, dict[str, float | None]]) -> str:
    """Lay out one row per name and one column per metric."""
    table = pd.DataFrame.from_dict(rows, orient="index").astype(float)
    return table.to_string(float_format="{:.4f}".format, na_rep="-")


def _metrics(document: Any) -> dict[str, float | None]:
    return {name: None if value is None else float(value) for name, value in dict(document).items()}
