"""Tagging a corpus that no machine holds: Spark reads and writes it, MLflow's `spark_udf` brings the model to it."""
