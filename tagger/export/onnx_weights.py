"""The weights of a trained model, arranged as the ONNX graphs expect them."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, checker

from tagger.core.common.arrays import Float32s
from tagger.core.network.lstm_tagger import CharacterCnn, CharacterLstm, Lstm, LstmTagger
from tagger.core.params.schema import CHARACTER_WINDOW
from tagger.predict.onnx_graphs import with_weights

Weights = Float32s | npt.NDArray[np.int8]

# 7 bits: with 8, the sums overflow on processors without VNNI, whose answers then differ from those with it.
INT8_LARGEST = 63


def form_weights(model: LstmTagger) -> dict[str, Weights]:
    """Return the weights of `form_graph`, by name. If the model reads neither characters nor affixes, it has none."""
    weights, encoder = dict[str, Weights](), model.character_encoder
    if encoder is not None:
        weights["embedding"] = encoder.embedding.weight.numpy(force=True)
    if isinstance(encoder, CharacterLstm):
        weights |= _lstm("lstm", encoder.lstm)
    elif isinstance(encoder, CharacterCnn):
        filters = encoder.filters.weight.numpy(force=True)  # (V, 3 * E), the windows' places one after another
        by_place = filters.reshape(len(filters), CHARACTER_WINDOW, -1).transpose(0, 2, 1)
        weights |= {"filters": by_place, "filters_bias": encoder.filters.bias.numpy(force=True)}
    if model.affix_embedding is not None:
        weights["affix_embedding"] = model.affix_embedding.weight.numpy(force=True)
    return weights


def tagger_weights(model: LstmTagger) -> dict[str, Weights]:
    """Return the weights of `tagger_graph`, by name."""
    weights: dict[str, Weights] = {"embedding": model.word_embedding.weight.numpy(force=True)}
    for number, layer in enumerate(model.layers):
        weights |= _lstm(f"layer_{number}", layer)  # type: ignore[arg-type]
    return weights | {
        "linear_weight": model.linear.weight.numpy(force=True).T,
        "linear_bias": model.linear.bias.numpy(force=True),
    }


def to_int8(weights: Mapping[str, Weights]) -> dict[str, Weights]:
    """Round the matrices of the sentence LSTM to whole multiples of a scale, one for each row: (D, rows, width)."""
    result = dict(weights)
    for name, matrix in weights.items():
        if name.startswith("layer_") and not name.endswith("_B"):
            scale = np.maximum(np.abs(matrix).max(axis=2) / INT8_LARGEST, np.finfo(np.float32).tiny)  # (D, rows)
            result[name] = np.rint(matrix / scale[:, :, None]).astype(np.int8).transpose(0, 2, 1)
            result[f"{name}_scale"] = scale.astype(np.float32)
            result[f"{name}_zero"] = np.zeros(scale.shape, dtype=np.int8)
    return result


def onnx_file(declared: ModelProto, weights: Mapping[str, Weights]) -> bytes:
    """Return the content of a file with a graph and its weights. Raises ValueError if one is missing or wrong."""
    shapes = {weight.name: tuple(weight.dims) for weight in declared.graph.initializer}
    for name, array in weights.items():
        if array.shape != shapes.get(name):
            raise ValueError(f"{name} has shape {array.shape}, the graph declares {shapes.get(name)}")
    raw = {name: array.astype(array.dtype.newbyteorder("<")).tobytes() for name, array in weights.items()}
    content = with_weights(declared, raw)
    checker.check_model(content)
    return content


def _lstm(name: str, layer: Lstm) -> dict[str, Weights]:
    """Stack the directions. Torch orders its gates input, forget, cell, output; ONNX input, output, forget, cell."""
    directions = [layer.forward_lstm] + ([layer.backward_lstm] if layer.backward_lstm is not None else [])

    def stack(kind: str) -> Float32s:
        gates = [np.split(getattr(lstm, f"{kind}_l0").numpy(force=True), 4) for lstm in directions]
        return np.stack([np.concatenate((i, o, f, c)) for i, f, c, o in gates])

    bias = np.concatenate((stack("bias_ih"), stack("bias_hh")), axis=1)
    return {f"{name}_W": stack("weight_ih"), f"{name}_R": stack("weight_hh"), f"{name}_B": bias}
