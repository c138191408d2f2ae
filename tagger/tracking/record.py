"""The record of a run: everything that MLflow should hold about the model of one training."""

import json
import socket
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from tagger.core.common import paths
from tagger.core.params.reader import flatten
from tagger.core.params.schema import LossName

# Folders of files that are not plain artifacts; the last has the predictions that a report compares.
TRAINED, EXPORTED, OF_GROUP, COMPARED = "model", "export", "group", "compared"
LOCK = "training.lock"  # tag: the lock that the process of the training holds


class Point(NamedTuple):
    """One value of a metric that has one value per epoch."""

    name: str
    value: float
    step: int
    time: int | None  # milliseconds since 1970; None if it is no longer known


class Dataset(NamedTuple):
    """A split: where it came from, and the digest of what was read from it."""

    source: str
    digest: str
    profile: dict[str, int]  # number of sentences, tokens and tags
    md5: str | None  # of the encoded split, from `dvc.lock`


class Record(BaseModel):
    """The content of one run."""

    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="constants")

    loss: LossName
    seed: int
    experiment: str | None  # of DVC
    settings: dict[str, Any]  # params.yaml
    tags: dict[str, str]
    datasets: dict[str, Dataset]  # by split
    started: int  # milliseconds since 1970
    training: str | None = None  # identity of a training that this machine ran
    ended: int | None = None  # milliseconds since 1970
    model: str | None = None  # fingerprint; None during training
    points: list[Point] = []
    figures: dict[str, float] = {}
    over_seeds: dict[str, float] = {}  # means and standard deviations of the loss, if there are several seeds
    files: dict[str, Path] = {}  # by their place among the artifacts, such as `history/nll.csv`
    export_changed: bool = False  # by the stage that has just run: whether it becomes champion is decided again
    store: str = ""  # address of the store that this record waits for

    @property
    def name(self) -> str:
        """The name of the run."""
        return f"{self.name_of_loss}-{self.seed}" if self.several else self.name_of_loss

    @property
    def name_of_loss(self) -> str:
        """The name of the run that holds the seeds of the loss, if there are several."""
        return f"{self.experiment}/{self.loss}" if self.experiment else self.loss

    @property
    def seeds(self) -> list[int]:
        """The seeds that the loss is trained with; the first represents it where a single model is shown."""
        return list(self.settings["seeds"])

    @property
    def several(self) -> bool:
        """Whether the loss is trained with several seeds."""
        return len(self.seeds) > 1

    @property
    def params(self) -> dict[str, Any]:
        """Every value of `params.yaml`, so that every run has the same keys."""
        return {"loss": self.loss, "seed": self.seed} | flatten(self.settings)

    @property
    def group(self) -> str:
        """A hash of what the trainings of one pipeline execution share, and those with other settings don't."""
        setting = {key: self.settings[key] for key in ("device", "arithmetic", "model", "train")}
        setting |= {} if self.several else {"seed": self.seed}  # a further seed joins others
        digests = [self.digests[name] for name in ("train", "dev")]
        return sha256(json.dumps([self.experiment, setting, digests], sort_keys=True).encode()).hexdigest()[:12]

    @property
    def registered_model(self) -> str:
        """The name under which its export is registered."""
        return str(self.settings["export"]["registered_model"])

    @property
    def max_drop(self) -> float:
        """The largest drop in test accuracy for a new champion."""
        return float(self.settings["export"]["max_drop"])

    @property
    def digests(self) -> dict[str, str]:
        """The digest of each split."""
        return {name: dataset.digest for name, dataset in self.datasets.items()}

    @property
    def artifacts(self) -> dict[str, Path]:
        """The files that the run itself shows."""
        others = (TRAINED, EXPORTED, OF_GROUP, COMPARED)
        return {place: path for place, path in self.files.items() if place.partition("/")[0] not in others}

    def below(self, folder: str) -> dict[str, Path]:
        """Return the files of one folder, by their place among all artifacts."""
        return {place: path for place, path in self.files.items() if place.startswith(f"{folder}/")}


def digest_of(files: Mapping[str, Path]) -> str:
    """Return a SHA-256 over files and their places."""
    digests = {place: sha256(path.read_bytes()).hexdigest() for place, path in sorted(files.items())}
    return sha256(json.dumps(digests).encode()).hexdigest()


def origin() -> str:
    """Return an identifier that tells the runs of this workspace from others in the same store."""
    return f"{socket.gethostname()}:{paths.workspace()}"
