"""The ONNX graphs of an export: the exporter fills them with weights, and the loader accepts no other graph.

`characters.onnx` turns the characters and affixes of word forms into one vector each. `tagger.onnx` turns word ids and
these vectors into the probability of each tag. So the characters of a known form need not be read again. Time is the
first axis, and sequences are padded on the right.

Shapes: T tokens of the longest sentence, B sentences, F forms, C characters of the longest form, A affixes of each
form, E input width, H hidden width, D directions, V width of a form's vector, K tags.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto
from onnx.helper import make_graph, make_model, make_node, make_opsetid
from onnx.helper import make_tensor_value_info as make_value

from tagger.core.corpus.affixes import MOST
from tagger.core.corpus.dictionary import Dictionaries
from tagger.core.params.schema import CHARACTER_WINDOW, ModelParams

IR_VERSION = 8
OPSETS = {"": 17, "com.microsoft": 1}
FLOAT, INT8, INT32 = int(TensorProto.FLOAT), int(TensorProto.INT8), int(TensorProto.INT32)
ITEM_SIZE = {FLOAT: 4, INT8: 1}  # bytes
DIRECTION = {1: "forward", 2: "bidirectional"}


def form_graph(params: ModelParams, characters: int, affixes: int) -> ModelProto:
    """Declare the graph from word forms to `vectors` (F, V): first from their characters, then from their affixes.

    Its inputs are `characters` (C, F), with their `lengths` (F) for a BiLSTM, and `affixes` (F, A), as far as the model
    reads them.
    """
    by_both = params.characters != "none" and params.affix_dim > 0
    parts = []
    if params.characters != "none":
        encode = _cnn if params.characters == "cnn" else _bilstm
        parts.append(encode("character_vectors" if by_both else "vectors", params, characters))
    if params.affix_dim:
        parts.append(_affixes("affix_vectors" if by_both else "vectors", params, affixes))
    if by_both:
        parts.append(_Part([make_node("Concat", ["character_vectors", "affix_vectors"], ["vectors"], axis=1)]))
    return _model("characters", parts, make_value("vectors", FLOAT, ["F", params.form_width]))


def tagger_graph(params: ModelParams, words: int, tags: int, int8: bool = False) -> ModelProto:
    """Declare the graph from sentences to `probabilities` (T, B, K).

    Its inputs are `words` (T, B) and `lengths` (B). If the model reads characters or affixes, they are followed by
    `forms` (T, B), each token's row in `vectors` (F, V). With `int8`, the LSTM over the sentence computes in 8 bits.
    """
    parts = [_token_states(params, words)]
    width, directions = params.word_dim + params.form_width, 2 if params.bidirectional else 1
    for layer in range(params.layers):
        parts.append(_sentence_lstm(layer, _Shape(width, params.hidden, directions), int8))
        width = directions * params.hidden
    parts.append(
        _Part(
            [
                make_node("MatMul", [f"states_{params.layers}", "linear_weight"], ["product"]),
                make_node("Add", ["product", "linear_bias"], ["scores"]),
                make_node("Softmax", ["scores"], ["probabilities"], axis=2),
            ],
            weights=[_weight("linear_weight", FLOAT, width, tags), _weight("linear_bias", FLOAT, tags)],
        )
    )
    return _model("tagger", parts, make_value("probabilities", FLOAT, ["T", "B", tags]))


def graph_names(params: ModelParams, int8: bool) -> list[str]:
    """Return the names of an export's ONNX files; the one in 8 bits comes beside the exact one."""
    return ["tagger.onnx", *(["characters.onnx"] if params.form_width else []), *(["tagger.int8.onnx"] if int8 else [])]


def graphs_of(params: ModelParams, dictionaries: Dictionaries, int8: bool) -> dict[str, ModelProto]:
    """Return the declared graph of each of these files, by its name."""
    words, tags = len(dictionaries.words), len(dictionaries.tags)
    graphs = {
        "tagger.onnx": tagger_graph(params, words, tags),
        "characters.onnx": form_graph(params, len(dictionaries.characters), len(dictionaries.affixes)),
        "tagger.int8.onnx": tagger_graph(params, words, tags, int8=True),
    }
    return {name: graphs[name] for name in graph_names(params, int8)}


def weight_bytes(declared: ModelProto) -> int:
    """Return how many bytes the weights of a declared graph take."""
    return sum(map(_bytes_of, declared.graph.initializer))


def with_weights(declared: ModelProto, weights: Mapping[str, bytes]) -> ModelProto:
    """Return a declared graph with the raw, little-endian bytes of its weights, given by name.

    Raises:
        ValueError: a weight is missing, has another size or is not finite.
    """
    model = ModelProto()
    model.CopyFrom(declared)
    for weight in model.graph.initializer:
        content = weights.get(weight.name, b"")
        if len(content) != _bytes_of(weight):
            raise ValueError(f"{weight.name}: got {len(content)} bytes, expected {_bytes_of(weight)}")
        if weight.data_type == FLOAT and not np.isfinite(np.frombuffer(content, dtype="<f4")).all():
            raise ValueError(f"{weight.name}: got a number that is not finite")
        weight.raw_data = content
    return model


def onnx_bytes(model: ModelProto) -> bytes:
    """Return the content of a file; equal graphs give equal bytes."""
    return bytes(model.SerializeToString(deterministic=True))


class _Part(NamedTuple):
    """A part of a graph: its nodes in the order of computation, and what they read that no node gives."""

    nodes: list[NodeProto]
    inputs: Sequence[ValueInfoProto] = ()
    weights: Sequence[TensorProto] = ()


def _model(name: str, parts: Sequence[_Part], output: ValueInfoProto) -> ModelProto:
    graph = make_graph(
        nodes=[node for part in parts for node in part.nodes],
        name=name,
        inputs=[value for part in parts for value in part.inputs],
        outputs=[output],
        initializer=[weight for part in parts for weight in part.weights],
    )
    opsets = [make_opsetid(domain, version) for domain, version in OPSETS.items()]
    return make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)


def _weight(name: str, kind: int, *shape: int) -> TensorProto:
    """Declare a weight, without its bytes."""
    return TensorProto(name=name, data_type=kind, dims=shape)


def _bytes_of(weight: TensorProto) -> int:
    return math.prod(map(int, weight.dims)) * ITEM_SIZE[weight.data_type]


def _bilstm(output: str, params: ModelParams, characters: int) -> _Part:
    """Declare the final states of a BiLSTM over the characters: (F, 2 * H)."""
    weights, lstm = _lstm("lstm", "embedded", ["", "last"], _Shape(params.character_dim, params.character_hidden, 2))
    return _Part(
        [
            make_node("Gather", ["embedding", "characters"], ["embedded"]),
            lstm,
            make_node("Transpose", ["last"], ["by_form"], perm=[1, 0, 2]),  # (F, 2, H)
            make_node("Flatten", ["by_form"], [output]),
        ],
        inputs=[make_value("characters", INT32, ["C", "F"]), make_value("lengths", INT32, ["F"])],
        weights=[_weight("embedding", FLOAT, characters, params.character_dim), *weights],
    )


def _cnn(output: str, params: ModelParams, characters: int) -> _Part:
    """Declare the highest value of each filter over the windows of a form: (F, V)."""
    filters, width = params.character_filters, params.character_dim
    around = CHARACTER_WINDOW // 2
    return _Part(
        [
            make_node("Constant", [], ["frame"], value_ints=[around, 0, around, 0]),
            make_node("Pad", ["characters", "frame"], ["framed"]),  # (C + 2, F)
            make_node("Gather", ["embedding", "framed"], ["embedded"]),
            make_node("Transpose", ["embedded"], ["embedded_by_form"], perm=[1, 2, 0]),  # (F, E, C + 2)
            make_node("Conv", ["embedded_by_form", "filters", "filters_bias"], ["filtered"]),  # (F, V, C)
            make_node("Relu", ["filtered"], ["values"]),
            make_node("Sign", ["characters"], ["signs"]),  # 0 for padding, 1 for a character
            make_node("Cast", ["signs"], ["mask"], to=FLOAT),
            make_node("Transpose", ["mask"], ["mask_by_form"], perm=[1, 0]),  # (F, C)
            make_node("Constant", [], ["filter_axis"], value_ints=[1]),
            make_node("Unsqueeze", ["mask_by_form", "filter_axis"], ["mask_by_filter"]),  # (F, 1, C)
            make_node("Mul", ["values", "mask_by_filter"], ["real_values"]),
            make_node("ReduceMax", ["real_values"], [output], axes=[2], keepdims=0),
        ],
        inputs=[make_value("characters", INT32, ["C", "F"])],
        weights=[
            _weight("embedding", FLOAT, characters, width),
            _weight("filters", FLOAT, filters, width, CHARACTER_WINDOW),
            _weight("filters_bias", FLOAT, filters),
        ],
    )


def _affixes(output: str, params: ModelParams, affixes: int) -> _Part:
    """Declare the sum of the affixes' vectors: (F, E)."""
    return _Part(
        [
            make_node("Gather", ["affix_embedding", "affixes"], ["each_affix"]),  # (F, A, E)
            make_node("Constant", [], ["affix_axis"], value_ints=[1]),
            make_node("ReduceSum", ["each_affix", "affix_axis"], [output], keepdims=0),
        ],
        inputs=[make_value("affixes", INT32, ["F", MOST])],
        weights=[_weight("affix_embedding", FLOAT, affixes, params.affix_dim)],
    )


def _token_states(params: ModelParams, words: int) -> _Part:
    """Declare the vector of each token's word, and that of its form if there is one: (T, B, E)."""
    inputs = [make_value("words", INT32, ["T", "B"]), make_value("lengths", INT32, ["B"])]
    nodes = [make_node("Gather", ["embedding", "words"], ["states_0"])]
    if params.form_width:
        inputs += [make_value("forms", INT32, ["T", "B"]), make_value("vectors", FLOAT, ["F", params.form_width])]
        nodes = [
            make_node("Gather", ["embedding", "words"], ["word_states"]),
            make_node("Gather", ["vectors", "forms"], ["form_states"]),
            make_node("Concat", ["word_states", "form_states"], ["states_0"], axis=2),
        ]
    nodes.append(make_node("Constant", [], ["joined_shape"], value_ints=[0, 0, -1]))
    return _Part(nodes, inputs, [_weight("embedding", FLOAT, words, params.word_dim)])


class _Shape(NamedTuple):
    """Sizes of an LSTM layer."""

    width: int  # of the input
    hidden: int
    directions: int


def _sentence_lstm(layer: int, shape: _Shape, int8: bool) -> _Part:
    """Declare a layer over the sentence: (T, B, E) -> (T, B, D * H)."""
    declare = _int8_lstm if int8 else _lstm
    weights, lstm = declare(f"layer_{layer}", f"states_{layer}", [f"by_direction_{layer}"], shape)
    nodes = [
        lstm,  # (T, D, B, H)
        make_node("Transpose", [f"by_direction_{layer}"], [f"by_token_{layer}"], perm=[0, 2, 1, 3]),
        make_node("Reshape", [f"by_token_{layer}", "joined_shape"], [f"states_{layer + 1}"]),
    ]
    return _Part(nodes, weights=weights)


def _lstm(name: str, inputs: str, outputs: list[str], shape: _Shape) -> tuple[list[TensorProto], NodeProto]:
    """Declare an LSTM that reads each sequence up to its length, in one or both directions."""
    width, hidden, directions = shape
    weights = [
        _weight(f"{name}_W", FLOAT, directions, 4 * hidden, width),
        _weight(f"{name}_R", FLOAT, directions, 4 * hidden, hidden),
        _weight(f"{name}_B", FLOAT, directions, 8 * hidden),
    ]
    given = [inputs, *(weight.name for weight in weights), "lengths"]
    return weights, make_node("LSTM", given, outputs, hidden_size=hidden, direction=DIRECTION[directions])


def _int8_lstm(name: str, inputs: str, outputs: list[str], shape: _Shape) -> tuple[list[TensorProto], NodeProto]:
    """Declare the same in 8 bits: an operation of ONNX Runtime, because ONNX has none.

    Its matrices are transposed, and each of their columns has a scale.
    """
    width, hidden, directions = shape
    matrices = [
        _weight(f"{name}_W", INT8, directions, width, 4 * hidden),
        _weight(f"{name}_R", INT8, directions, hidden, 4 * hidden),
        _weight(f"{name}_B", FLOAT, directions, 8 * hidden),
    ]
    quantization = [
        _weight(f"{name}_{matrix}_{part}", kind, directions, 4 * hidden)
        for matrix in ("W", "R")
        for part, kind in (("scale", FLOAT), ("zero", INT8))
    ]
    given = [inputs, *(w.name for w in matrices), "lengths", "", "", "", *(w.name for w in quantization)]
    lstm = make_node(  # the three inputs left out are the first states and the peepholes
        "DynamicQuantizeLSTM",
        given,
        outputs,
        domain="com.microsoft",
        hidden_size=hidden,
        direction=DIRECTION[directions],
    )
    return [*matrices, *quantization], lstm
