"""What `results` prints: the test metrics as a table, and what their comparison says."""

from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, TypeAdapter, ValidationError

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.common.files import read_json
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ReportView

Metrics = dict[str, float | None]


class _Pair(BaseModel):
    first: str


class _Comparison(BaseModel):
    pairs: list[_Pair]
    baseline: Metrics
    summary: str


def results_text() -> str:
    """Return a table of the losses in params.yaml and of the baseline, then the summary of their comparison.

    Raises:
        InputError: there are no results, or a file is damaged.
    """
    rows: dict[str, Metrics] = {}
    for path in map(paths.evaluation_file, read_params(ReportView).losses):
        rows |= _read(path, dict[str, Metrics]) if path.exists() else {}
    if not rows:
        raise InputError("metrics/evaluate: no results there; expected those of `dvc repro`")
    if paths.COMPARISON.exists():
        comparison = _read(paths.COMPARISON, _Comparison)
        if {pair.first for pair in comparison.pairs} == rows.keys():
            return f"{metrics_table(rows | {'baseline': comparison.baseline})}\n\n{comparison.summary}"
    return metrics_table(rows)


def metrics_table(rows: dict[str, Metrics]) -> str:
    """Lay out one row per name and one column per metric."""
    table = pd.DataFrame.from_dict(rows, orient="index").astype(float)
    return table.to_string(float_format="{:.4f}".format, na_rep="-")


def _read(path: Path, kind: Any) -> Any:
    try:
        return TypeAdapter(kind).validate_python(read_json(path, "the results of `dvc repro`"))
    except ValidationError as error:
        raise InputError(f"{path}: damaged: {error.errors()[0]['msg']}") from None
