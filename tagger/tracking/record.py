"""What MLflow is to hold of a training, gathered from the files of the pipeline."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, Self

import pandas as pd
from pydantic import BaseModel, ConfigDict

from tagger.core.common import paths
from tagger.core.corpus.dictionary import DICTIONARY_FILES
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.network.model_folder import fingerprint
from tagger.core.params.reader import flatten, read_document
from tagger.core.params.schema import LossName
from tagger.runner.dvc_lock import read_lock_file


class Point(NamedTuple):
    """One value of a metric that has a value an epoch."""

    name: str
    value: float
    step: int
    time: int | None  # milliseconds since 1970; none where nobody knows any more


class Dataset(NamedTuple):
    """A split: where it came from, and the digest of what was read from it."""

    source: str
    digest: str


class Record(BaseModel):
    """The content of one run. It can be delivered again and again: what is there already is left as it is."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")

    loss: LossName
    experiment: str | None  # of DVC
    settings: dict[str, Any]  # params.yaml
    tags: dict[str, str]
    datasets: dict[str, Dataset]
    started: int  # milliseconds since 1970
    training: str | None = None  # identity of a training that this machine ran
    ended: int | None = None
    model: str | None = None  # fingerprint; none while it is being trained
    points: list[Point] = []
    figures: dict[str, float] = {}
    files: dict[str, Path] = {}  # by their place among the artifacts
    group_files: dict[str, Path] = {}  # the same, of the group
    export_files: dict[str, Path] = {}  # the same, of the export in the main workspace
    export_changed: bool = False  # just now: it is decided anew whether the model becomes champion
    store: str = ""  # that it waits for

    @property
    def name(self) -> str:
        """The name of the run."""
        return f"{self.experiment}/{self.loss}" if self.experiment else self.loss

    @property
    def params(self) -> dict[str, Any]:
        """Every value of `params.yaml`, so that every run has the same keys."""
        return {"loss": self.loss} | flatten(self.settings)

    @property
    def group(self) -> str:
        """What the trainings of one pipeline execution share and those of another setting do not."""
        setting = {key: self.settings.get(key) for key in ("seed", "device", "model", "train")}
        digests = [self.datasets[name].digest for name in ("train", "dev")]
        return sha256(json.dumps([self.experiment, setting, digests], sort_keys=True).encode()).hexdigest()[:12]

    @classmethod
    def of_training(cls, loss: LossName, training: str) -> Self:
        """Begin the record of a training that starts now, or goes on."""
        return cls._begin(loss, read_document(), training)

    @classmethod
    def of_outputs(cls, loss: LossName) -> Self:
        """Gather the record of the model on the disk, whoever trained it.

        Where `dvc.lock` has these outputs, it knows the params that they were made with.

        Raises:
            InputError: an output is missing or damaged.
        """
        settings, locked = read_document(), read_lock_file()
        trained = locked.get(f"train@{loss}")
        if trained and trained.wrote(paths.summary_file(loss), paths.history_file(loss)):
            for name in ("export", "prepare", f"evaluate@{loss}", f"train@{loss}"):
                settings |= locked[name].params if name in locked else {}
        return cls._begin(loss, settings).with_training_outputs()

    @classmethod
    def _begin(cls, loss: LossName, settings: dict[str, Any], training: str | None = None) -> Self:
        digests = {"train": EncodedSplit.load(paths.TRAIN).digest(), "dev": EncodedSplit.load(paths.DEV).digest()}
        return cls(
            loss=loss,
            experiment=os.environ.get("DVC_EXP_NAME"),
            settings=settings,
            tags=_origin_tags(loss),
            datasets={name: Dataset(str(settings["data"][name]), digest) for name, digest in digests.items()},
            started=time.time_ns() // 1_000_000,
            training=training,
        )

    def with_training_outputs(self) -> Self:
        """Add what `train` has written."""
        loss = self.loss
        folder = paths.model_folder(loss)
        summary = json.loads(paths.summary_file(loss).read_text(encoding="utf-8"))[loss]
        files = {f"history/{loss}.csv": paths.history_file(loss)}
        files |= {f"dictionaries/{name}": paths.DICTIONARIES / name for name in DICTIONARY_FILES}
        files |= {f"model/{path.name}": path for path in sorted(folder.iterdir())}
        return self.model_copy(
            update={
                "model": fingerprint(folder),
                "points": self.points or _read_history(paths.history_file(loss)),
                "figures": {name: float(value) for name, value in summary.items() if value is not None},
                "files": files,
            }
        )

    def with_evaluation(self, test: EncodedSplit) -> Self:
        """Add what `evaluate` has written."""
        loss = self.loss
        metrics = json.loads(paths.evaluation_file(loss).read_text(encoding="utf-8"))[loss]
        figures = {f"test_{name}": float(value) for name, value in metrics.items() if value is not None}
        files = {
            f"tags/{loss}.csv": paths.tags_file(loss),
            f"detail/{loss}.json": paths.detail_file(loss),
            f"predictions/{loss}.parquet": paths.predictions_file(loss),
        }
        source = str(self.settings["data"]["test"])
        return self.model_copy(
            update={
                "datasets": self.datasets | {"test": Dataset(source, test.digest())},
                "figures": self.figures | figures,
                "files": self.files | files,
            }
        )

    def with_report(self) -> Self:
        """Add what `report` has written, of all losses: it goes to the group."""
        files = {path.name: path for path in (paths.REPORT, paths.STUDY, paths.COMPARISON)}
        return self.model_copy(update={"group_files": files})

    def with_export(self, *, changed: bool = False) -> Self:
        """Add what `export` has found, where it handed out this model.

        Args:
            changed: the stage has just handed out something else than before.
        """
        verification = json.loads(paths.VERIFICATION.read_text(encoding="utf-8"))
        figure = {"export_largest_difference": float(verification["largest_difference"])}
        record = self.model_copy(update={"figures": self.figures | figure})
        if Path.cwd().resolve() != paths.workspace():  # an experiment in a temporary folder exports to that folder
            return record
        files = {f"export/{path.name}": path for path in sorted(paths.EXPORT.iterdir())}
        return record.model_copy(update={"export_files": files, "export_changed": changed})


def digest_of(files: Mapping[str, Path]) -> str:
    """Return a SHA-256 over files and their places."""
    digests = {place: sha256(path.read_bytes()).hexdigest() for place, path in sorted(files.items())}
    return sha256(json.dumps(digests).encode()).hexdigest()


def origin() -> str:
    """Return what tells the runs of this workspace from those of others in the same store."""
    return f"{socket.gethostname()}:{paths.workspace()}"


def _read_history(path: Path) -> list[Point]:
    rows = pd.read_csv(path).to_dict(orient="records")
    return [
        Point(str(name), float(value), int(row["epoch"]), None)
        for row in rows
        for name, value in row.items()
        if name != "epoch"
    ]


def _origin_tags(loss: LossName) -> dict[str, str]:
    """Say what a run comes from: git, DVC and the loss."""
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!dvc.lock", ":!metrics")
    tags = {
        "loss": loss,
        "workspace": origin(),
        "git.commit": _git("rev-parse", "HEAD"),
        "git.dirty": None if changed is None else str(bool(changed)).lower(),  # what the pipeline itself writes aside
        "dvc.stage": f"train@{loss}",
        "dvc.experiment": os.environ.get("DVC_EXP_NAME"),
        "dvc.baseline": os.environ.get("DVC_EXP_BASELINE_REV"),
    }
    return {name: value for name, value in tags.items() if value}


def _git(*arguments: str) -> str | None:
    """Return what git prints, none outside a repository."""
    try:
        answer = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
