"""Tagging a corpus that no machine holds: Spark reads and writes it, MLflow's `spark_udf` brings the model to it."""

import pyspark  # noqa: F401 # before all else that its extra brings: whoever lacks them is told of that extra
