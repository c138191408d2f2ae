"""The table of runs as a view that is saved in the experiment, as MLflow's menu *Views* saves one."""

import json

from tagger.evaluate.metrics import shown_in
from tagger.tracking.metric_names import in_mlflow

VIEW = "losses"
MAIN_METRIC = in_mlflow("test_accuracy")
COLUMNS = (
    *(f"params.`{name}`" for name in ("loss", "seed", "model.hidden", "train.epochs")),
    *(f"metrics.`{in_mlflow(f'test_{name}')}`" for name in shown_in("runs")),
    *(f"metrics.`{in_mlflow(name)}`" for name in ("best_dev_accuracy", "best_epoch")),
)
EXPERIMENT_TAGS = {
    f"mlflow.sharedViewState.{VIEW}": json.dumps(
        {"name": "Losses", "createdAt": 0, "updatedAt": 0, "state": json.dumps({"selectedColumns": COLUMNS})}
    ),
    "mlflow.experiment.primaryMetric.name": MAIN_METRIC,
}
