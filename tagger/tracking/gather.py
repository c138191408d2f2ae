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
from tagger.core.params.schema import LossName
from tagger.runner.dvc_lock import UNRECORDED, md5, read_lock_file
from tagger.runner.machine import training_tags
from tagger.tracking.record import COMPARED, EXPORTED, OF_GROUP, TRAINED, Dataset, Point, Record, origin


def gather(loss: LossName, stages: Collection[str] = (), *, ran: bool = False) -> Record:
    """Gather the record of the model on the disk, whoever trained it.

    If `dvc.lock` has the outputs of the training, its params are those of the record. `stages` are those after `train`
    whose outputs belong to the record, of `evaluate`, `report` and `export`; `ran` says that the last one has just run,
    so that `dvc.lock` still tells of the time before.

    Raises:
        InputError: an output is missing or damaged.
    """
    locked = read_lock_file()
    settings: dict[str, Any] = {}
    if locked.get(f"train@{loss}", UNRECORDED).wrote():
        for name in ("export", "prepare", f"evaluate@{loss}", f"train@{loss}"):
            settings |= locked.get(name, UNRECORDED).params
    record = begin_training(loss, None, settings)
    add_training(record)
    if "evaluate" in stages:
        record.datasets["test"] = _read_dataset("test", record.settings)
        figures = _read_figures(paths.evaluation_file(loss), loss)
        record.figures |= {f"test_{name}": value for name, value in figures.items()}
        record.files |= _by_place((paths.tags_file(loss), paths.detail_file(loss), paths.predictions_file(loss)))
    if "report" in stages:
        record.files |= _by_place((paths.REPORT, paths.STUDY, paths.COMPARISON), OF_GROUP)
        pairs = read_json(paths.COMPARISON, "what `report` writes")["pairs"]
        predictions = {paths.predictions_file(pair["first"]) for pair in pairs}
        record.files |= _by_place(predictions, COMPARED)
    # An experiment in a temporary folder has an export of its own.
    if "export" in stages and Path.cwd().resolve() == paths.workspace():
        record.files |= _by_place(paths.EXPORT.iterdir(), EXPORTED)
        before = locked.get("export", UNRECORDED)
        if ran:
            record.settings["export"] = read_document()[0]["export"]
        limit = record.settings["export"].get("max_drop")
        record.export_changed = not before.wrote() or before.params.get("export", {}).get("max_drop") != limit
    return record


def begin_training(loss: LossName, training: str | None, locked: Mapping[str, Any] | None = None) -> Record:
    """Return the record of a training that starts now or goes on; `add_training` completes it.

    `training` is its identity, if this machine runs it; `locked` has the sections of params.yaml that `dvc.lock` knows
    better.
    """
    settings = read_document()[0] | (locked or {})
    own = training_tags(settings["arithmetic"], choose_device(settings["device"]).type) if training else {}
    return Record(
        loss=loss,
        experiment=os.environ.get("DVC_EXP_NAME"),
        settings=settings,
        tags=_origin_tags(loss) | own,
        datasets={name: _read_dataset(name, settings) for name in ("train", "dev")},
        started=time.time_ns() // 1_000_000,
        training=training,
    )


def add_training(record: Record) -> None:
    """Add what `train` has written. Points that the record has already stay, because they have times.

    Raises:
        InputError: an output is missing or damaged.
    """
    folder, history = paths.model_folder(record.loss), paths.history_file(record.loss)
    record.model = fingerprint(folder)
    if not record.points:
        values = pd.read_csv(history).melt("epoch")  # one row per value: epoch, name, value
        record.points = [Point(name, value, epoch, None) for epoch, name, value in values.itertuples(index=False)]
    record.figures |= _read_figures(paths.summary_file(record.loss), record.loss)
    record.files |= _by_place([history, *(paths.DICTIONARIES / name for name in DICTIONARY_FILES)])
    record.files |= _by_place(folder.iterdir(), TRAINED)


def _by_place(files: Iterable[Path], folder: str = "") -> dict[str, Path]:
    """Return files by their place: the given folder, or the name of the one that holds them, and their own name."""
    return {f"{folder or path.parent.name}/{path.name}": path for path in sorted(files)}


def _read_figures(path: Path, loss: LossName) -> dict[str, float]:
    figures = read_json(path, "what the stages write")[loss]
    return {name: float(value) for name, value in figures.items() if value is not None}


def _read_dataset(name: str, settings: dict[str, Any]) -> Dataset:
    folder = paths.PREPARED / name
    split = EncodedSplit.load(folder)
    tags = len(np.unique(split.tags[split.tagged]))
    profile = {"sentences": len(split.lengths), "tokens": len(split.forms), "tags": tags}
    return Dataset(str(settings["data"][name]), split.digest(), profile, md5(folder))


def _origin_tags(loss: LossName) -> dict[str, str]:
    """Return what a run comes from: git, DVC and the loss."""
    # Changes that the pipeline itself makes don't count.
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!dvc.lock", ":!metrics")
    tags = {
        "loss": loss,
        "workspace": origin(),
        "git.commit": _git("rev-parse", "HEAD"),
        "git.dirty": None if changed is None else str(bool(changed)).lower(),
        "dvc.stage": f"train@{loss}",
        "dvc.experiment": os.environ.get("DVC_EXP_NAME"),
        "dvc.baseline": os.environ.get("DVC_EXP_BASELINE_REV"),
    }
    return {name: value for name, value in tags.items() if value}


def _git(*arguments: str) -> str | None:
    """Return what git prints; None outside a repository."""
    try:
        answer = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
