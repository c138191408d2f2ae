"""An exported model as a folder of ONNX and JSON files, which can be used without torch.

models/export/
  config.json                              shape of the network, loss, SHA-256 of the other files
  words.json characters.json tags.json lookup.json   the dictionaries
  affixes.json                             only if the model reads affixes
  characters.onnx                          word forms to vectors, if the model reads characters or affixes
  tagger.onnx                              words and vectors to the probabilities of tags
  tagger.int8.onnx                         the same in 8 bits, if export.int8 is on
  model_card.md                            for people
  verification.json                        result of the comparison with the trained model
"""

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from onnx import ModelProto
from pydantic import Field

from tagger.core.common.errors import InputError
from tagger.core.corpus.dictionary import Dictionaries
from tagger.core.network.model_config import (
    CONFIG,
    CONFIG_LIMIT,
    DICTIONARY_LIMITS,
    WEIGHT_LIMIT,
    ModelConfig,
    read_checked,
    read_document,
    refuse_others,
)
from tagger.predict.onnx_graphs import graphs_of, weight_bytes, with_weights

FORMAT: Literal["onnx-1"] = "onnx-1"
OVERHEAD = 100_000  # most bytes of an ONNX file besides its weights
GRAPHS = ("characters.onnx", "tagger.onnx", "tagger.int8.onnx")
LIMITS = {CONFIG: CONFIG_LIMIT, **DICTIONARY_LIMITS, **dict.fromkeys(GRAPHS, WEIGHT_LIMIT)}  # bytes of each file read


class ExportConfig(ModelConfig):
    """What `config.json` holds."""

    format: Literal["onnx-1"]
    loss: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]  # for information only: it may be unknown here
    trained: str  # fingerprint of the model folder that was exported
    int8: bool


def is_export(folder: Path) -> bool:
    """Say whether a model folder is an export, not a trained model. Raises InputError if its config is damaged."""
    return read_document(folder).get("format") == FORMAT


def read_export(folder: Path) -> tuple[ExportConfig, Dictionaries, dict[str, bytes]]:
    """Return the config, the dictionaries and the graphs, by the names of their files: checked, for ONNX Runtime.

    The config and the dictionaries declare the graphs. Only the weights are taken from the files: the declared graph
    with these weights must equal the file byte for byte (by its SHA-256). No file larger than declared is read. Reading
    one of our files takes up to three times its size in memory; a file with other content may take about a hundred
    times its size, which the size limits bound. Raises InputError if the folder or one of its files is missing,
    damaged, too large, or does not fit the others.
    """
    config = ExportConfig.read(folder)
    dictionaries = Dictionaries.parse(read_checked(folder, config, config.dictionary_limits), folder)
    graphs = graphs_of(config.model, dictionaries, config.int8)
    refuse_others(folder, config, (*config.dictionary_limits, *graphs))
    limits = {name: weight_bytes(graph) + OVERHEAD for name, graph in graphs.items()}
    for name, limit in limits.items():
        if limit > WEIGHT_LIMIT:
            raise InputError(f"{folder / name}: needs {limit} bytes, expected at most {WEIGHT_LIMIT}")
    contents = read_checked(folder, config, limits)
    rebuilt = {}
    for name, declared in graphs.items():
        try:
            # In one expression: a name for the weights would keep them in memory.
            rebuilt[name] = with_weights(declared, _weights_in(contents.pop(name)))
            if hashlib.sha256(rebuilt[name]).hexdigest() != config.sha256[name]:
                raise ValueError("the graph differs")
        except ValueError as error:
            raise InputError(f"{folder / name}: does not fit {CONFIG} and the dictionaries: {error}") from None
    return config, dictionaries, rebuilt


def _weights_in(content: bytes) -> dict[str, bytes]:
    try:
        model = ModelProto.FromString(content)
    except Exception as error:  # protobuf's DecodeError, but only onnx depends on protobuf
        raise ValueError(f"not ONNX: {error}") from None
    return {weight.name: weight.raw_data for weight in model.graph.initializer}
