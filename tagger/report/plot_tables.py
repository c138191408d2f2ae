"""Tables of all losses together, a row a point, as the plots of `dvc.yaml` read them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tagger.evaluate.predictions import confusions


def curve_table(histories: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Join the epochs of all losses; an infinite loss is left empty."""
    return _joined(histories).replace([np.inf, -np.inf], np.nan)


def tag_scores_table(tags: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Join the scores of each tag."""
    return _joined(tags)


def reliability_table(details: Mapping[str, dict[str, Any]]) -> pd.DataFrame:
    """Join the bins of confidence that hold tokens."""
    return _joined({loss: pd.DataFrame(detail["reliability"]) for loss, detail in details.items()}).dropna()


def confusion_table(predictions: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Count every pair of a gold and a predicted tag, with its share of the gold tag's tokens.

    Pairs that do not occur are left out, but for those of a tag with itself.
    """
    tables = {}
    for loss, predicted in predictions.items():
        counts = confusions(predicted)
        table = counts.rename_axis("gold").reset_index().melt("gold", var_name="predicted", value_name="tokens")
        table["share"] = (table["tokens"] / table["gold"].map(counts.sum(axis=1)).clip(lower=1)).round(6)
        tables[loss] = table[(table["tokens"] > 0) | (table["gold"] == table["predicted"])]
    return _joined(tables)


def _joined(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([table.assign(loss=loss) for loss, table in tables.items()], ignore_index=True)
