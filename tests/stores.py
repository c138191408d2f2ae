"""Looking into a project's MLflow store."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tagger.tracking.metric_names import in_mlflow
from tests.conftest import Project


class StoreView:
    """The runs of a store, as a test wants to see them."""

    def __init__(self, uri: str) -> None:
        import mlflow

        mlflow.set_tracking_uri(uri)  # artifacts of a server are read through it
        os.environ.pop("MLFLOW_TRACKING_URI", None)  # which it sets for the processes that follow
        self.client = mlflow.MlflowClient(uri)

    def runs(self, condition: str = "tags.loss LIKE '%'") -> list[Any]:
        """Return the trainings, or what else the condition names, in the order of their start."""
        experiment = self.client.get_experiment_by_name("lstm-tagger")
        assert experiment is not None
        found = self.client.search_runs([experiment.experiment_id], condition, order_by=["attributes.start_time ASC"])
        return list(found)

    def groups(self) -> list[Any]:
        """Return the runs that stand for pipeline executions."""
        return self.runs("tags.kind = 'pipeline'")

    def artifacts(self, run: Any, folder: str | None = None) -> set[str]:
        """Return the paths of a run's artifacts, each of them downloaded to see that it is there."""
        found: set[str] = set()
        for item in self.client.list_artifacts(run.info.run_id, folder):
            found |= self.artifacts(run, item.path) if item.is_dir else {item.path}
        if folder is None:
            assert all(Path(self.client.download_artifacts(run.info.run_id, path)).is_file() for path in found)
        return found

    def steps(self, run: Any, metric: str) -> list[int]:
        """Return the step of each value of a metric."""
        return sorted(value.step for value in self.client.get_metric_history(run.info.run_id, in_mlflow(metric)))

    def models(self, run: Any) -> list[str]:
        """Return the names of the models that a run has logged."""
        condition = f"source_run_id = '{run.info.run_id}'"
        found = self.client.search_logged_models([run.info.experiment_id], condition)
        return sorted(model.name for model in found)

    def versions(self) -> list[str]:
        """Return the runs that the versions of the registered model belong to."""
        return [version.run_id for version in self.client.search_model_versions("name = 'lstm-tagger'")]


def store_of(project: Project) -> StoreView:
    """Open the store that a project has without any setting."""
    return StoreView(f"sqlite:///{project.root}/mlflow.db")


def complete_artifacts(loss: str) -> set[str]:
    """Return the artifacts that a run has after evaluation."""
    return {
        "params.yaml",
        f"history/{loss}.csv",
        f"tags/{loss}.csv",
        f"detail/{loss}.json",
        "probabilities.json",
        f"predictions/{loss}.parquet",
        *(f"dictionaries/{name}.json" for name in ("words", "characters", "affixes", "tags", "lookup")),
    }


def check_complete(store: StoreView, runs: Sequence[Any], epochs: int) -> None:
    """Assert that trainings are finished, hold all that they should, and hold it once."""
    versions = store.versions()
    assert len(set(versions)) == len(versions)
    for run in runs:
        loss = run.data.tags["loss"]
        assert run.info.status == "FINISHED", run.info.run_name
        assert store.artifacts(run) == complete_artifacts(loss), run.info.run_name
        assert store.steps(run, "dev_accuracy") == list(range(1, epochs + 1)), run.info.run_name
        assert store.steps(run, "test_accuracy") == [0], run.info.run_name
        assert store.steps(run, "best_dev_accuracy") == [0], run.info.run_name
        exported = [f"{loss}-export"] if run.info.run_id in versions else []
        assert store.models(run) == [*exported, f"{loss}-trained"], run.info.run_name
        assert {given.dataset.name for given in run.inputs.dataset_inputs} == {"train", "dev", "test"}
        assert len(run.inputs.dataset_inputs) == 3, run.info.run_name
