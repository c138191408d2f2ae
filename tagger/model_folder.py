"""A trained model as a folder: all that is needed to use it, and nothing that runs on loading.

models/nll/
  config.json           shape of the network, loss, SHA-256 of the other files
  weights.safetensors   the tensors
  words.json characters.json tags.json lookup.json   the dictionaries
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import safetensors
import safetensors.torch
from pydantic import Field, ValidationError

from tagger.dictionary import DICTIONARY_FILES, Dictionaries
from tagger.errors import InputError
from tagger.model import LstmTagger
from tagger.outputs import write_json
from tagger.params import LossName, ModelParams, Section

CONFIG = "config.json"
WEIGHTS = "weights.safetensors"


class TrainedModel(NamedTuple):
    """A model and the dictionaries that it was trained with."""

    model: LstmTagger
    dictionaries: Dictionaries


class _Config(Section):
    format: Literal[1]
    loss: LossName
    model: ModelParams
    sha256: Annotated[dict[str, str], Field(min_length=1)]


def write_model(trained: TrainedModel, folder: Path) -> None:
    """Write the files into an empty folder."""
    model, dictionaries = trained
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    (folder / WEIGHTS).write_bytes(safetensors.torch.save(tensors))
    dictionaries.save(folder)
    config = {
        "format": 1,
        "loss": model.loss_name,
        "model": model.params.model_dump(),
        "sha256": {path.name: _sha256(path.read_bytes()) for path in sorted(folder.iterdir())},
    }
    write_json(folder / CONFIG, config)


def read_model(folder: Path) -> TrainedModel:
    """Read what `write_model` wrote, on the CPU.

    Raises:
        InputError: the folder or a file of it is missing, damaged, or does not fit the others.
    """
    config = _read_config(folder)
    unchecked = {WEIGHTS, *DICTIONARY_FILES} - config.sha256.keys()
    if unchecked:
        raise InputError(f"{folder / CONFIG}: damaged: sha256: no entry of {sorted(unchecked)[0]}")
    for name, expected in config.sha256.items():
        path = folder / name
        if Path(name).name != name or not path.is_file():
            raise InputError(f"{path}: no such file; {CONFIG} beside it expects it")
        found = _sha256(path.read_bytes())
        if found != expected:
            raise InputError(f"{path}: damaged: its SHA-256 is {found[:12]}..., {CONFIG} expects {expected[:12]}...")
    dictionaries = Dictionaries.load(folder)
    model = LstmTagger.for_dictionaries(config.model, dictionaries, config.loss)
    try:
        model.load_state_dict(safetensors.torch.load((folder / WEIGHTS).read_bytes()))
    except FileNotFoundError:
        raise InputError(f"{folder / WEIGHTS}: no such file; expected the weights of the model") from None
    except (safetensors.SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{folder / WEIGHTS}: does not fit {CONFIG} and the dictionaries: {reason[:200]}") from None
    model.eval()
    return TrainedModel(model, dictionaries)


def fingerprint(folder: Path) -> str:
    """Return the SHA-256 of `config.json`, which holds that of every other file: equal for equal models of one loss."""
    _read_config(folder)
    return _sha256((folder / CONFIG).read_bytes())


def _read_config(folder: Path) -> _Config:
    path = folder / CONFIG
    try:
        return _Config.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        hint = "expected a model folder, as `dvc repro` writes to models/"
        raise InputError(f"{path}: no such file; {hint}") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder, expected a file") from None
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise InputError(f"{path}: damaged: {where}: {problem['msg']}") from None
    except ValueError as error:
        raise InputError(f"{path}: damaged: {error}") from None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
