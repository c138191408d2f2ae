"""The ONNX graphs of an export: the exporter fills them with weights, and the loader accepts no other graph.

`characters.onnx` turns the characters and affixes of word forms into one vector each. `tagger.onnx` turns word ids and
these vectors into the probability of each tag. So the characters of a form are read only once. Time is the first axis,
and sequences are padded on the right.

Shapes: T tokens of the longest sentence, B sentences, F forms, C characters of the longest form, A affixes of each
form, E input width, H hidden width, D directions, V width of a form's vector, K tags.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from onnx import GraphProto, ModelProto, TensorProto
from onnx.helper import make_model, make_node, make_opsetid, make_tensor_value_info, tensor_dtype_to_np_dtype

from tagger.core.corpus.dictionary import Dictionaries
from tagger.core.network.model_config import check_weights
from tagger.core.params.schema import CHARACTER_WINDOW, ModelParams

IR_VERSION = 8
OPSETS = {"": 17, "com.microsoft": 1}
FLOAT, INT8, INT32 = int(TensorProto.FLOAT), int(TensorProto.INT8), int(TensorProto.INT32)


def form_graph(params: ModelParams, characters: int, affixes: int, most_affixes: int) -> ModelProto:
    """Declare the graph from word forms to `vectors` (F, V): first from their characters, then from their affixes.

    Its inputs, as far as the model reads them: `characters` (C, F), `lengths` (F) for a BiLSTM, `affixes` (F, A).
    """
    graph = _Declaration("characters")
    by_both = params.characters != "none" and params.affix_dim > 0
    from_characters, from_affixes = ("character_vectors", "affix_vectors") if by_both else ("vectors", "vectors")
    if params.characters == "cnn":
        _add_cnn(graph, from_characters, params, characters)
    elif params.characters == "lstm":
        _add_bilstm(graph, from_characters, params, characters)
    if params.affix_dim:
        _add_affixes(graph, from_affixes, affixes, most_affixes, params.affix_dim)
    if by_both:
        graph.node("Concat", [from_characters, from_affixes], ["vectors"], axis=1)
    return graph.finish("vectors", "F", params.form_width)


def tagger_graph(params: ModelParams, words: int, tags: int, int8: bool = False) -> ModelProto:
    """Declare the graph from sentences to `probabilities` (T, B, K).

    Its inputs are `words` (T, B) and `lengths` (B). If the model reads characters or affixes, they are followed by
    `forms` (T, B), each token's row in `vectors` (F, V). With `int8`, the LSTM over the sentence computes in 8 bits.
    """
    graph = _Declaration("tagger")
    graph.input("words", INT32, "T", "B")
    graph.input("lengths", INT32, "B")
    graph.weight("embedding", FLOAT, words, params.word_dim)
    graph.node("Gather", ["embedding", "words"], ["word_states" if params.form_width else "states_0"])
    if params.form_width:
        graph.input("forms", INT32, "T", "B")
        graph.input("vectors", FLOAT, "F", params.form_width)
        graph.node("Gather", ["vectors", "forms"], ["form_states"])
        graph.node("Concat", ["word_states", "form_states"], ["states_0"], axis=2)  # (T, B, E)
    width, directions = params.word_dim + params.form_width, 2 if params.bidirectional else 1
    graph.node("Constant", [], ["joined_shape"], value_ints=[0, 0, -1])
    for layer in range(params.layers):
        by_direction, by_token = f"by_direction_{layer}", f"by_token_{layer}"
        shape = width, params.hidden, directions
        _add_lstm(graph, f"layer_{layer}", f"states_{layer}", [by_direction], shape, int8=int8)  # (T, D, B, H)
        graph.node("Transpose", [by_direction], [by_token], perm=[0, 2, 1, 3])
        graph.node("Reshape", [by_token, "joined_shape"], [f"states_{layer + 1}"])  # (T, B, D * H)
        width = directions * params.hidden
    graph.weight("linear_weight", FLOAT, width, tags)
    graph.weight("linear_bias", FLOAT, tags)
    graph.node("MatMul", [f"states_{params.layers}", "linear_weight"], ["product"])
    graph.node("Add", ["product", "linear_bias"], ["scores"])
    graph.node("Softmax", ["scores"], ["probabilities"], axis=2)
    return graph.finish("probabilities", "T", "B", tags)


def graphs_of(params: ModelParams, dictionaries: Dictionaries, int8: bool) -> dict[str, ModelProto]:
    """Return the declared graphs of an export by the names of their files; with `int8`, that is one more."""
    words, characters, affixes, tags = dictionaries.sizes
    graphs = {"tagger.onnx": tagger_graph(params, words, tags)}
    if params.form_width:
        graphs["characters.onnx"] = form_graph(params, characters, affixes, dictionaries.most_affixes)
    if int8:
        graphs["tagger.int8.onnx"] = tagger_graph(params, words, tags, int8=True)
    return graphs


def weight_bytes(declared: ModelProto) -> int:
    """Return how many bytes the weights of a declared graph take."""
    return sum(map(_bytes_of, declared.graph.initializer))


def with_weights(declared: ModelProto, weights: Mapping[str, bytes]) -> bytes:
    """Return the content of a file with a declared graph and the raw, little-endian bytes of each weight by its name.

    Equal ones give equal bytes. Raises ValueError if a weight is missing, has another size, is NaN or far too large.
    """
    model = ModelProto()
    model.CopyFrom(declared)
    for weight in model.graph.initializer:
        content = weights.get(weight.name, b"")
        if len(content) != _bytes_of(weight):
            raise ValueError(f"{weight.name}: got {len(content)} bytes, expected {_bytes_of(weight)}")
        if weight.data_type == FLOAT:
            check_weights(weight.name, np.frombuffer(content, dtype="<f4"))
        if weight.name.endswith("_zero") and any(content):  # ONNX Runtime would fail on tagging
            raise ValueError(f"{weight.name}: got the zero point {max(content)}, expected 0")
        weight.raw_data = content
    return bytes(model.SerializeToString(deterministic=True))


def _bytes_of(weight: TensorProto) -> int:
    return int(math.prod(weight.dims) * tensor_dtype_to_np_dtype(weight.data_type).itemsize)


class _Declaration:
    """A graph being declared; its nodes are added in the order of computation."""

    def __init__(self, name: str) -> None:
        self._graph = GraphProto(name=name)

    def input(self, name: str, kind: int, *shape: int | str) -> None:
        """Add an input; a dimension of any size is given by its name."""
        self._graph.input.append(make_tensor_value_info(name, kind, shape))

    def weight(self, name: str, kind: int, *shape: int) -> str:
        """Add a weight, without its bytes; return its name."""
        self._graph.initializer.append(TensorProto(name=name, data_type=kind, dims=shape))
        return name

    def node(self, operation: str, inputs: list[str], outputs: list[str], **attributes: Any) -> None:
        """Add an operation; an empty name leaves an optional input or output out."""
        self._graph.node.append(make_node(operation, inputs, outputs, **attributes))

    def finish(self, output: str, *shape: int | str) -> ModelProto:
        """Return the whole, after adding its only output."""
        self._graph.output.append(make_tensor_value_info(output, FLOAT, shape))
        opsets = [make_opsetid(domain, version) for domain, version in OPSETS.items()]
        return make_model(self._graph, opset_imports=opsets, ir_version=IR_VERSION)


def _add_cnn(graph: _Declaration, output: str, params: ModelParams, characters: int) -> None:
    """Add the highest value of each filter over the windows of a form: (F, V)."""
    filters, width = params.character_filters, params.character_dim
    around = CHARACTER_WINDOW // 2
    graph.input("characters", INT32, "C", "F")
    graph.weight("embedding", FLOAT, characters, width)
    graph.weight("filters", FLOAT, filters, width, CHARACTER_WINDOW)
    graph.weight("filters_bias", FLOAT, filters)
    graph.node("Constant", [], ["frame"], value_ints=[around, 0, around, 0])
    graph.node("Pad", ["characters", "frame"], ["framed"])  # (C + 2, F)
    graph.node("Gather", ["embedding", "framed"], ["embedded"])
    graph.node("Transpose", ["embedded"], ["embedded_by_form"], perm=[1, 2, 0])  # (F, E, C + 2)
    graph.node("Conv", ["embedded_by_form", "filters", "filters_bias"], ["filtered"])  # (F, V, C)
    graph.node("Relu", ["filtered"], ["values"])
    graph.node("Sign", ["characters"], ["signs"])  # 0 for padding, 1 for a character
    graph.node("Cast", ["signs"], ["mask"], to=FLOAT)
    graph.node("Transpose", ["mask"], ["mask_by_form"], perm=[1, 0])  # (F, C)
    graph.node("Constant", [], ["filter_axis"], value_ints=[1])
    graph.node("Unsqueeze", ["mask_by_form", "filter_axis"], ["mask_by_filter"])  # (F, 1, C)
    graph.node("Mul", ["values", "mask_by_filter"], ["real_values"])
    graph.node("ReduceMax", ["real_values"], [output], axes=[2], keepdims=0)


def _add_bilstm(graph: _Declaration, output: str, params: ModelParams, characters: int) -> None:
    """Add the final states of a BiLSTM over the characters: (F, 2 * H)."""
    graph.input("characters", INT32, "C", "F")
    graph.input("lengths", INT32, "F")
    graph.weight("embedding", FLOAT, characters, params.character_dim)
    graph.node("Gather", ["embedding", "characters"], ["embedded"])
    _add_lstm(graph, "lstm", "embedded", ["", "last"], (params.character_dim, params.character_hidden, 2))
    graph.node("Transpose", ["last"], ["by_form"], perm=[1, 0, 2])  # (F, 2, H)
    graph.node("Flatten", ["by_form"], [output])


def _add_affixes(graph: _Declaration, output: str, affixes: int, most: int, width: int) -> None:
    """Add the sum of the affixes' vectors: (F, E)."""
    graph.input("affixes", INT32, "F", most)
    graph.weight("affix_embedding", FLOAT, affixes, width)
    graph.node("Gather", ["affix_embedding", "affixes"], ["each_affix"])  # (F, A, E)
    graph.node("Constant", [], ["affix_axis"], value_ints=[1])
    graph.node("ReduceSum", ["each_affix", "affix_axis"], [output], keepdims=0)


def _add_lstm(
    graph: _Declaration, name: str, inputs: str, outputs: list[str], shape: tuple[int, int, int], *, int8: bool = False
) -> None:
    """Add an LSTM that reads each sequence up to its length; `shape` is E, H, D, and two directions read both ways.

    In 8 bits, it is an operation of ONNX Runtime, because ONNX has none. Its matrices are transposed, and each of their
    columns has a scale.
    """
    width, hidden, directions = shape
    gates = 4 * hidden
    given = [inputs]
    for matrix, columns in (("W", width), ("R", hidden)):
        kind, size = (INT8, (columns, gates)) if int8 else (FLOAT, (gates, columns))
        given.append(graph.weight(f"{name}_{matrix}", kind, directions, *size))
    given += [graph.weight(f"{name}_B", FLOAT, directions, 2 * gates), "lengths"]
    attributes = {"hidden_size": hidden, "direction": "forward" if directions == 1 else "bidirectional"}
    if not int8:
        graph.node("LSTM", given, outputs, **attributes)
        return
    given += ["", "", ""]  # no first states, no peepholes
    for matrix in ("W", "R"):
        given.append(graph.weight(f"{name}_{matrix}_scale", FLOAT, directions, gates))
        given.append(graph.weight(f"{name}_{matrix}_zero", INT8, directions, gates))
    graph.node("DynamicQuantizeLSTM", given, outputs, domain="com.microsoft", **attributes)
