"""Gathering records from the files of the pipeline."""

import os
import subprocess
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tagger.core.common import paths
from tagger.core.common.files import read_json
from tagger.core.corpus.dictionary import DICTIONARY_FILES
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.network.device import choose_device
from tagger.core.network.model_folder import fingerprint
from tagger.core.params.reader import read_document
from tagger.core.params.schema import Training
from tagger.evaluate.metrics import METRICS, SPREAD
from tagger.predict.export_folder import ExportConfig
from tagger.runner.dvc_lock import UNRECORDED, LockedStage, md5, read_lock_file
from tagger.runner.machine import training_tags
from tagger.tracking.record import COMPARED, EXPORTED, OF_GROUP, TRAINED, Dataset, Point, Record, origin


def gather(of: Training, stages: Collection[str] = (), *, ran: bool = False) -> Record:
    """Gather the record of the model on disk, whoever trained it.

    If `dvc.lock` has the outputs of the training, its params are those of the record. `stages` are those after `train`
    whose outputs belong to the record, of `evaluate`, `report` and `export`; `ran` says that the last one has just run,
    so that `dvc.lock` still tells of the time before.

    Raises InputError if an output is missing or damaged.
    """
    locked = read_lock_file()
    settings: dict[str, Any] = {}
    if locked.get(f"train@{of}", UNRECORDED).wrote():
        for name in ("export", "report", "prepare", f"evaluate@{of}", f"train@{of}"):
            params = locked.get(name, UNRECORDED).params
            settings |= {section: value for section, value in params.items() if "." not in section}
    if ran:
        settings["seeds"] = read_document()[0]["seeds"]
    record = begin_training(of, None, settings)
    add_training(record)
    if "evaluate" in stages:
        record.datasets["test"] = _read_dataset("test", record.settings)
        record.figures |= _figures(read_json(paths.evaluation_file(*of), "the output of `evaluate`"))
        made = paths.tags_file(*of), paths.detail_file(*of), paths.predictions_file(*of)
        record.files |= {_place_of(path): path for path in made}
    if "report" in stages:
        record.files |= _by_place((paths.REPORT, paths.STUDY, paths.COMPARISON), OF_GROUP)
        results = read_json(paths.RESULTS, "the output of `report`")
        if record.several:
            record.over_seeds = _figures(results[of.loss])
        compared = {loss: paths.predictions_file(loss, of.seed) for loss in sorted(results)}
        record.files |= {f"{COMPARED}/{loss}{path.suffix}": path for loss, path in compared.items()}
    # An experiment in a temporary folder has an export of its own.
    if "export" in stages and Path.cwd().resolve() == paths.workspace():
        record.files |= _by_place(paths.EXPORT.iterdir(), EXPORTED)
        before = locked.get("export", UNRECORDED)
        if ran:
            record.settings["export"] = read_document()[0]["export"]
        limit = before.params.get("export", {}).get("max_drop")
        record.export_changed = not before.wrote() or limit != record.max_drop
    return record


def begin_training(of: Training, training: str | None, locked: Mapping[str, Any] | None = None) -> Record:
    """Return the record of a training that starts or resumes now; `add_training` completes it.

    `training`: its identity, if this machine runs it; `locked`: sections of params.yaml that `dvc.lock` knows better.
    """
    settings = read_document()[0] | (locked or {})
    own = training_tags(settings["arithmetic"], choose_device(settings["device"]).type) if training else {}
    return Record(
        loss=of.loss,
        seed=of.seed,
        experiment=os.environ.get("DVC_EXP_NAME"),
        settings=settings,
        tags=_origin_tags(of) | own,
        datasets={name: _read_dataset(name, settings) for name in ("train", "dev")},
        started=time.time_ns() // 1_000_000,
        training=training,
    )


def add_training(record: Record) -> None:
    """Add the output of `train`. Points already in the record are kept, because they have times.

    Raises InputError if an output is missing or damaged.
    """
    folder, history = (path(record.loss, record.seed) for path in (paths.model_folder, paths.history_file))
    record.model = fingerprint(folder)
    if not record.points:
        values = pd.read_csv(history).melt("epoch")  # one row per value: epoch, name, value
        record.points = [Point(name, value, epoch, None) for epoch, name, value in values.itertuples(index=False)]
    record.figures |= _figures(read_json(paths.summary_file(record.loss, record.seed), "the output of `train`"))
    record.files |= {_place_of(history): history} | _by_place(paths.DICTIONARIES / name for name in DICTIONARY_FILES)
    record.files |= _by_place(folder.iterdir(), TRAINED)


def recorded_stages(training: Training, locked: Mapping[str, LockedStage]) -> list[str]:
    """Return the stages whose outputs on disk match `dvc.lock` and belong to the model of a training.

    What `prepare` has written again since then is not what the model was trained or measured on.
    """
    names = (f"train@{training}", f"evaluate@{training}", "report", "export")
    train, evaluate, report, export = (locked.get(name, UNRECORDED) for name in names)
    model = paths.model_folder(*training)
    if not (train.wrote() and train.read(paths.DICTIONARIES, paths.TRAIN, paths.DEV)):
        return []
    if not (evaluate.wrote() and evaluate.read(paths.TEST, model)):
        return ["train"]
    stages = ["train", "evaluate"]
    if report.wrote() and report.read(paths.PREDICTIONS):
        stages.append("report")
    if export.wrote() and ExportConfig.read(paths.EXPORT).trained == fingerprint(model):
        stages.append("export")
    return stages


def _by_place(files: Iterable[Path], folder: str = "") -> dict[str, Path]:
    """Return files by their place: the given folder, or the name of the one that holds them, and their own name."""
    return {f"{folder or path.parent.name}/{path.name}": path for path in sorted(files)}


def _place_of(path: Path) -> str:
    """Return the place of a file of a training, such as `history/nll.csv`: a run has one seed."""
    return f"{path.parent.parent.name}/{path.parent.name}{path.suffix}"


def _figures(values: Mapping[str, float | None]) -> dict[str, float]:
    """Return the values that exist, those on test as `test_accuracy`."""
    return {
        f"test_{name}" if name.removesuffix(SPREAD) in METRICS else name: float(value)
        for name, value in values.items()
        if value is not None
    }


def _read_dataset(name: str, settings: dict[str, Any]) -> Dataset:
    folder = paths.PREPARED / name
    split = EncodedSplit.load(folder)
    tags = len(np.unique(split.tags[split.tagged]))
    profile = {"sentences": len(split.lengths), "tokens": len(split.forms), "tags": tags}
    return Dataset(str(settings["data"][name]), split.digest(), profile, md5(folder))


def _origin_tags(of: Training) -> dict[str, str]:
    """Return the origin of a run: git, DVC, the loss and the seed."""
    # Changes made by the pipeline itself don't count.
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!dvc.lock", ":!metrics")
    tags = {
        "loss": of.loss,
        "seed": str(of.seed),
        "workspace": origin(),
        "git.commit": _git("rev-parse", "HEAD"),
        "git.dirty": None if changed is None else str(bool(changed)).lower(),
        "dvc.stage": f"train@{of}",
        "dvc.experiment": os.environ.get("DVC_EXP_NAME"),
        "dvc.baseline": os.environ.get("DVC_EXP_BASELINE_REV"),
    }
    return {name: value for name, value in tags.items() if value}


def _git(*arguments: str) -> str | None:
    """Return git's output; None outside a repository."""
    try:
        answer = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
