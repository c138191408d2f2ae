"""MLflow: one run for each training, grouped by pipeline execution.

The outputs on the disk say what a run has to hold; `record` gathers it, `delivery` brings it to MLflow as often as need
be without logging anything twice, and `outbox` keeps it while MLflow is away. So a run that is missing, because DVC has
restored the outputs from a cache, is made by the same way. No run id stands in any output: a run carries its loss and
the fingerprint of its model as tags, and is found by them.

mlflow takes seconds to import, so every module here imports it when it is used.
"""
