"""What the stages after `train` tell tracking once their outputs are written."""

import importlib.util
from collections.abc import Sequence

from tagger.core.common import paths
from tagger.core.common.errors import TaggerError
from tagger.core.network.model_folder import fingerprint
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ExportView, ReportView, Training
from tagger.predict.export_folder import ExportConfig
from tagger.runner.dvc_lock import read_lock_file
from tagger.tracking.gather import gather, recorded_stages
from tagger.tracking.mlflow_process import ask
from tagger.tracking.outbox import deliver_or_keep


def track_evaluation(of: Training) -> None:
    """Log what `evaluate` has written. If DVC restored the model, its run may be missing, and is created."""
    _track([of], "evaluate")


def track_report(trainings: Sequence[Training]) -> None:
    """Log what `report` has written about these trainings to their group, or groups."""
    _track(trainings, "evaluate", "report")
    if text := links():
        print(text)


def track_export() -> None:
    """Log what `export` has written, and a report that DVC skipped: git has its outputs, so a fresh clone needs none.

    Whether it becomes champion is decided again if its content, or `export.max_drop`, differs from that of `dvc.lock`.
    """
    trainings, exported = read_params(ExportView).trainings, ExportConfig.read(paths.EXPORT)
    of_loss = [each for each in trainings if each.loss == exported.loss]
    chosen = [each for each in of_loss if fingerprint(paths.model_folder(*each)) == exported.trained]
    _track(chosen[:1], "evaluate", "export")
    locked = read_lock_file()
    _track([each for each in trainings if "report" in recorded_stages(each, locked)], "evaluate", "report")


def links() -> str:
    """Return links to the models on disk in MLflow's UI; empty if it has none of them or does not answer."""
    if importlib.util.find_spec("mlflow") is None:
        return ""
    try:
        trainings = read_params(ReportView).trainings
        return ask("links", [(each.loss, fingerprint(paths.model_folder(*each))) for each in trainings]) or ""
    except TaggerError:
        return ""


def _track(trainings: Sequence[Training], *stages: str) -> None:
    for training in trainings:
        deliver_or_keep(gather(training, stages, ran=True))
