"""MLflow: one run per training, grouped by pipeline execution.

May import: core, evaluate, predict, runner, train.

The outputs on disk determine the content of a run: `gather` makes a `Record` of them, `delivery` brings it to MLflow,
any number of times and without logging anything twice, and `outbox` keeps it while MLflow is away. A run that is
missing because DVC restored the outputs from a cache is created in the same way. No output holds a run id: a run
carries its loss and the fingerprint of its model as tags, and is found by them.

mlflow takes seconds to import: `mlflow_process` does it while the stage computes; commands import what they use.
"""
