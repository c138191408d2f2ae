"""An exported model as a folder: ONNX and JSON, to be used with onnxruntime and numpy alone.

models/export/
  config.json                              shape of the network, loss, SHA-256 of the other files
  words.json characters.json tags.json lookup.json   the dictionaries
  affixes.json                             one more, where the model reads affixes
  characters.onnx                          characters and affixes of word forms to vectors; where the model reads them
  tagger.onnx                              words and vectors to the probabilities of tags
  tagger.int8.onnx                         the same in 8 bits, where export.int8 is on
  model_card.md                            for people
  verification.json                        what the comparison with the trained model gave
"""

from pathlib import Path
from typing import Literal, NamedTuple

from tagger.core.common.errors import InputError
from tagger.core.common.files import write_json
from tagger.core.corpus.dictionary import Dictionaries
from tagger.core.network.model_config import (
    CONFIG,
    WEIGHT_LIMIT,
    ModelConfig,
    check_names,
    parse_config,
    read_checked,
    read_config,
    sha256_of,
)
from tagger.core.params.schema import LossName
from tagger.predict.onnx_graphs import graph_names, graphs_of, weight_bytes
from tagger.predict.onnx_reader import read_graph

FORMAT = "onnx-1"
OVERHEAD = 100_000  # bytes of an ONNX file at most that are not weights


class ExportConfig(ModelConfig):
    """What `config.json` holds."""

    format: Literal["onnx-1"]
    loss: LossName
    trained: str  # fingerprint of the model folder that was exported
    int8: bool


class ExportedModel(NamedTuple):
    """A model that is checked and can be given to ONNX Runtime."""

    config: ExportConfig
    dictionaries: Dictionaries
    graphs: dict[str, bytes]  # by file name


def write_export(exported: ExportedModel, folder: Path) -> None:
    """Write what is needed to use the model into an empty folder; the checksums of the config are made anew."""
    exported.dictionaries.save(folder, affixes=exported.config.model.affix_dim > 0)
    for name, content in exported.graphs.items():
        (folder / name).write_bytes(content)
    sums = {path.name: sha256_of(path.read_bytes()) for path in sorted(folder.iterdir())}
    write_json(folder / CONFIG, exported.config.model_copy(update={"sha256": sums}).model_dump())


def is_export(folder: Path) -> bool:
    """Say whether a model folder is an export, not a trained model.

    Raises:
        InputError: its config is missing or damaged.
    """
    return read_config(folder).get("format") == FORMAT


def read_export_config(folder: Path) -> ExportConfig:
    """Return the config of an export.

    Raises:
        InputError: it is missing or damaged.
    """
    return parse_config(read_config(folder), ExportConfig, folder)


def read_export(folder: Path) -> ExportedModel:
    """Read what `write_export` wrote.

    Nothing is given out that the config, the checksums and the declared graphs don't agree on; what they declare is
    compared with the size of the files before memory is taken for it.

    Raises:
        InputError: the folder or a file of it is missing, damaged, too large, or does not fit the others.
    """
    config = read_export_config(folder)
    check_names(folder, config, (*config.dictionary_limits, *graph_names(config.model, config.int8)))
    dictionaries = Dictionaries.parse(read_checked(folder, config, config.dictionary_limits), folder)
    graphs = graphs_of(config.model, dictionaries, config.int8)
    limits = {name: weight_bytes(graph) + OVERHEAD for name, graph in graphs.items()}
    for name, limit in limits.items():
        if limit > WEIGHT_LIMIT:
            raise InputError(f"{folder / name}: needs {limit} bytes, expected at most {WEIGHT_LIMIT}")
    contents = read_checked(folder, config, limits)
    for name, graph in graphs.items():
        path = folder / name
        try:
            fits = read_graph(contents[name]) == graph
        except ValueError as error:
            raise InputError(f"{path}: no graph of this pipeline: {error}") from None
        if not fits:
            raise InputError(f"{path}: does not fit {CONFIG} and the dictionaries")
    return ExportedModel(config, dictionaries, contents)
