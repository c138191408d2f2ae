"""Tables of all losses together, one row per point, as the plots of `dvc.yaml` read them."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from tagger.report.shared.results import LossResult


def _shares(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of a gold and a predicted tag that occur, and each tag with itself."""
    table = counts.rename_axis("gold").reset_index().melt("gold", var_name="predicted", value_name="tokens")
    table["share"] = (table["tokens"] / table["gold"].map(counts.sum(axis=1)).clip(lower=1)).round(6)
    return table[(table["tokens"] > 0) | (table["gold"] == table["predicted"])]


# For each table, the part of one loss.
PLOTS: dict[str, Callable[[LossResult], pd.DataFrame]] = {
    "curves": lambda result: result.history.replace([np.inf, -np.inf], np.nan),
    "tags": lambda result: result.tags,
    "reliability": lambda result: pd.DataFrame(result.detail["reliability"]).dropna(),  # bins that hold tokens
    "confusion": lambda result: _shares(result.confusions),
}


def plot_table(name: str, results: Mapping[str, LossResult]) -> pd.DataFrame:
    """Join the parts of all losses; the last column is `loss`."""
    return pd.concat([PLOTS[name](result).assign(loss=loss) for loss, result in results.items()], ignore_index=True)
