"""Tagging a corpus too large for one machine: Spark reads and writes it, MLflow brings the model to it.

May import: core, predict, tracking.
"""

import pyspark  # noqa: F401 # before all else that its extra brings: whoever lacks them is told of that extra
