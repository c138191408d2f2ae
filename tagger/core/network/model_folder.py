"""A trained model as a folder: everything needed to use it, and nothing that is executed on loading.

models/nll/1/
  config.json           shape of the network, loss, SHA-256 of the other files
  weights.safetensors   the tensors
  words.json characters.json tags.json lookup.json   the dictionaries
  affixes.json          only if the model reads affixes
"""

import hashlib
from pathlib import Path
from typing import Literal, NamedTuple

import safetensors
import safetensors.torch

from tagger.core.common.errors import InputError
from tagger.core.common.files import reading
from tagger.core.corpus.dictionary import Dictionaries
from tagger.core.network.lstm_tagger import LstmTagger
from tagger.core.network.model_config import (
    CONFIG,
    WEIGHT_LIMIT,
    ModelConfig,
    check_weights,
    read_checked,
    refuse_others,
    write_config,
)
from tagger.core.params.schema import LossName

WEIGHTS = "weights.safetensors"


class TrainedModel(NamedTuple):
    """A model and the dictionaries that it was trained with."""

    model: LstmTagger
    dictionaries: Dictionaries


class _Config(ModelConfig):
    format: Literal[1]
    loss: LossName


def write_model(trained: TrainedModel, folder: Path) -> None:
    """Write the files into an empty folder."""
    model, dictionaries = trained
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    (folder / WEIGHTS).write_bytes(safetensors.torch.save(tensors))
    dictionaries.save(folder, affixes=model.params.affix_dim > 0)
    write_config(folder, {"format": 1, "loss": model.loss_name, "model": model.params.model_dump()})


def read_model(folder: Path) -> TrainedModel:
    """Read what `write_model` wrote, on the CPU. Raises InputError if a file is missing, damaged or does not fit."""
    config = _Config.read(folder)
    limits = config.dictionary_limits | {WEIGHTS: WEIGHT_LIMIT}
    refuse_others(folder, config, limits)
    contents = read_checked(folder, config, limits)
    dictionaries = Dictionaries.parse(contents, folder)
    # Checked before the network takes memory. Torch's meta device takes none, but importing it takes over a second.
    size = 4 * config.model.count_weights(*dictionaries.sizes)
    if size > len(contents[WEIGHTS]):
        raise InputError(f"{folder / WEIGHTS}: does not fit {CONFIG} and the dictionaries: expected {size} bytes")
    model = LstmTagger(config.model, config.loss, dictionaries.sizes)
    try:
        model.load_state_dict(safetensors.torch.load(contents[WEIGHTS]))
    except (safetensors.SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{folder / WEIGHTS}: does not fit {CONFIG} and the dictionaries: {reason[:200]}") from None
    with reading(folder / WEIGHTS, "trained weights"):
        for name, weights in model.state_dict().items():
            check_weights(name, weights.numpy())
    model.eval()
    return TrainedModel(model, dictionaries)


def fingerprint(folder: Path) -> str:
    """Return the SHA-256 of `config.json`, which covers every other file: equal for equal models of one loss.

    Raises InputError if the config is missing or damaged.
    """
    _Config.read(folder)
    return hashlib.sha256((folder / CONFIG).read_bytes()).hexdigest()
