"""The test metrics of the losses as a table."""

from typing import Any

import pandas as pd


def comparison_table(evaluations: dict[str, dict[str, Any]]) -> str:
    """Lay out one row a loss and one column a metric."""
    table = pd.DataFrame.from_dict(evaluations, orient="index").astype(float)
    return table.to_string(float_format="{:.4f}".format, na_rep="-")
