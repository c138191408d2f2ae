"""What the commands `results` and `compare` print: the test metrics as a table, and verdicts in words."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from tagger.cli.output import fill
from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.common.files import read_json, reading
from tagger.evaluate.metrics import METRICS, SPREAD

if TYPE_CHECKING:
    from tagger.report.comparison.compare import Tables

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


def verdicts(first: str, second: str) -> Iterator[str]:
    """Yield a verdict for each loss that two named runs have in common, or one if each run has a single loss."""
    from tagger.report.comparison.compare import compare_tables

    if first == second:
        raise InputError(f"RUN: got {first!r} twice, expected two different runs")
    one, other = _by_loss(first), _by_loss(second)
    if len(one) == len(other) == 1:
        yield compare_tables(*one.values(), *other.values())
        return
    common = [loss for loss in one if loss in other]
    if not common:
        got = f"{', '.join(one)} and {', '.join(other)}"
        raise InputError(f"{first} and {second}: got the losses {got}; expected one in common")
    for loss in common:
        yield compare_tables(one[loss], other[loss])


def _by_loss(name: str) -> "dict[str, tuple[str, Tables]]":
    """Return, for each loss of a run, the name to show and its tables."""
    from tagger.tracking.compared_runs import predictions_of

    tables = predictions_of(name)
    return {loss: (name if len(tables) == 1 else f"{name}/{loss}", seeds) for loss, seeds in tables.items()}
