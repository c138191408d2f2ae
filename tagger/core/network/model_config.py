"""The files of a model folder: `config.json` and the files whose SHA-256 it holds. None is read beyond its limit."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from tagger.core.common.arrays import Float32s
from tagger.core.common.errors import InputError
from tagger.core.common.files import reading, write_json
from tagger.core.corpus.dictionary import AFFIXES, DICTIONARY_FILES
from tagger.core.params.schema import ModelParams, Section

CONFIG = "config.json"
MEBI = 2**20
CONFIG_LIMIT = MEBI // 16  # in bytes, like all limits
DICTIONARY_LIMITS = dict(zip(DICTIONARY_FILES, (64 * MEBI, 4 * MEBI, 64 * MEBI, MEBI, MEBI // 16), strict=True))
WEIGHT_LIMIT = 1024 * MEBI
# With it, float32 holds every sum in the largest network, even if each weight is 255 in 8 bits.
LARGEST_WEIGHT = 1e9


class ModelConfig(Section):
    """The part of the config that all model folders share."""

    model: ModelParams
    sha256: dict[str, str]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the config of a model folder of this kind. Raises InputError if it is missing, damaged or wrong."""
        try:
            return cls.model_validate(read_document(folder))
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"]))
            raise InputError(f"{folder / CONFIG}: damaged: {where}: {problem['msg']}") from None

    @property
    def dictionary_limits(self) -> dict[str, int]:
        """The dictionaries that the model needs, each with its largest size in bytes."""
        return {name: limit for name, limit in DICTIONARY_LIMITS.items() if name != AFFIXES or self.model.affix_dim}


def write_config(folder: Path, config: dict[str, Any]) -> None:
    """Write `config.json`, with the SHA-256 of every file that is already in the folder."""
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
    write_json(folder / CONFIG, config | {"sha256": sums})


def read_document(folder: Path) -> dict[str, Any]:
    """Return the config of a model folder, unchecked. Raises InputError if it is no JSON object."""
    path = folder / CONFIG
    with reading(path, "a model folder that `dvc repro` writes, such as models/export or models/nll/1"):
        document = json.loads(_read_limited(path, CONFIG_LIMIT).decode("utf-8"))
        if not isinstance(document, dict):
            raise TypeError("expected a JSON object")
    return document


def read_checked(folder: Path, config: ModelConfig, limits: Mapping[str, int]) -> dict[str, bytes]:
    """Return the contents of files after checking them against the config; `limits` has their largest sizes in bytes.

    Raises InputError if a file is missing, too large or damaged, or has no checksum.
    """
    contents = {}
    for name, limit in sorted(limits.items()):
        path = folder / name
        if name not in config.sha256:
            raise InputError(f"{folder / CONFIG}: damaged: sha256: no entry for {name}")
        with reading(path, f"a file that {CONFIG} lists"):
            contents[name] = _read_limited(path, limit)
        found, expected = hashlib.sha256(contents[name]).hexdigest(), config.sha256[name]
        if found != expected:
            raise InputError(f"{path}: damaged: its SHA-256 is {found[:12]}..., {CONFIG} expects {expected[:12]}...")
    return contents


def refuse_others(folder: Path, config: ModelConfig, names: Iterable[str]) -> None:
    """Raise InputError if the config has a checksum for any other file."""
    for name in sorted(config.sha256.keys() - set(names)):
        raise InputError(f"{folder / CONFIG}: damaged: sha256: {name!r} is not a file of this model")


def check_weights(name: str, values: Float32s) -> None:
    """Raise ValueError if a weight is NaN, or so large that a probability could become NaN."""
    for value in (values.min(initial=0), values.max(initial=0)):
        if not abs(value) <= LARGEST_WEIGHT:
            raise ValueError(f"{name}: got {value:g}, expected at most {LARGEST_WEIGHT:g} in absolute value")


def _read_limited(path: Path, limit: int) -> bytes:
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is {'a folder' if path.is_dir() else 'not a regular file'}, expected a file")
    with path.open("rb") as file:
        content = file.read(min(limit, path.stat().st_size) + 1)  # a larger number would take as much memory at once
    if len(content) > limit:
        raise InputError(f"{path}: larger than the limit of {limit} bytes")
    return content
