"""Tables of all losses together, one row per point, as the plots of `dvc.yaml` read them."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tagger.report.shared.results import LossResult


def curve_table(results: Mapping[str, LossResult]) -> pd.DataFrame:
    """Join the epochs of all losses; an infinite loss is left empty."""
    return _joined({loss: result.history.replace([np.inf, -np.inf], np.nan) for loss, result in results.items()})


def tag_scores_table(results: Mapping[str, LossResult]) -> pd.DataFrame:
    """Join the scores of each tag."""
    return _joined({loss: result.tags for loss, result in results.items()})


def reliability_table(results: Mapping[str, LossResult]) -> pd.DataFrame:
    """Join the bins of confidence that hold tokens."""
    return _joined({loss: pd.DataFrame(result.detail["reliability"]) for loss, result in results.items()}).dropna()


def confusion_table(results: Mapping[str, LossResult]) -> pd.DataFrame:
    """Join the confusions, each with its share of the gold tag's tokens.

    Pairs that do not occur are left out, except those of a tag with itself.
    """
    tables = {}
    for loss, result in results.items():
        counts = result.confusions
        table = counts.rename_axis("gold").reset_index().melt("gold", var_name="predicted", value_name="tokens")
        table["share"] = (table["tokens"] / table["gold"].map(counts.sum(axis=1)).clip(lower=1)).round(6)
        tables[loss] = table[(table["tokens"] > 0) | (table["gold"] == table["predicted"])]
    return _joined(tables)


def _joined(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([table.assign(loss=loss) for loss, table in tables.items()], ignore_index=True)


PLOT_TABLES = {
    "curves": curve_table,
    "tags": tag_scores_table,
    "reliability": reliability_table,
    "confusion": confusion_table,
}
