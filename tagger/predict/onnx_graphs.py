"""The ONNX graphs that a model is exported as, weights left out: what the exporter writes and the loader insists on.

`characters.onnx` turns the characters and affixes of word forms into a vector each; `tagger.onnx` turns word ids and
these vectors into the probability of each tag. So a form that was seen before costs no second look at its characters.
Time comes first, and sequences are padded on the right.

Shapes: T tokens of the longest sentence, B sentences, F forms, C characters of the longest form, A affixes of a form at
most, E input width, H hidden width, D directions, V width of a form's vector, K tags.
"""

import math
from typing import NamedTuple

from tagger.core.corpus.affixes import MOST
from tagger.core.corpus.dictionary import Dictionaries
from tagger.core.params.schema import CHARACTER_WINDOW, ModelParams

IR_VERSION = 8
OPSETS = {"": 17, "com.microsoft": 1}
FLOAT, INT8, INT32 = 1, 3, 6  # ONNX's numbers of these types
ITEM_SIZE = {FLOAT: 4, INT8: 1, INT32: 4}  # bytes

Attribute = int | str | tuple[int, ...]


class Value(NamedTuple):
    """An input, an output or a weight."""

    name: str
    type: int
    shape: tuple[int | str, ...]  # a name where any size goes


class Node(NamedTuple):
    """An operation; an empty name leaves an optional input or output out."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Attribute]
    domain: str = ""


class Graph(NamedTuple):
    """A whole graph, in the order in which it is computed."""

    name: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    weights: tuple[Value, ...]
    nodes: tuple[Node, ...]


def form_graph(params: ModelParams, characters: int, affixes: int) -> Graph:
    """Word forms to `vectors` (F, V): what their characters say, and after it what their affixes do.

    Inputs are `characters` (C, F), for a BiLSTM with their `lengths` (F), and `affixes` (F, A), as far as the model
    reads them.
    """
    by_both = params.characters != "none" and params.affix_dim > 0
    parts = []
    if params.characters != "none":
        make = _cnn if params.characters == "cnn" else _bilstm
        parts.append(make("character_vectors" if by_both else "vectors", params, characters))
    if params.affix_dim:
        parts.append(_affixes("affix_vectors" if by_both else "vectors", params, affixes))
    joined = [Node("Concat", ("character_vectors", "affix_vectors"), ("vectors",), {"axis": 1})] if by_both else []
    return Graph(
        name="characters",
        inputs=tuple(value for part in parts for value in part.inputs),
        outputs=(Value("vectors", FLOAT, ("F", params.form_width)),),
        weights=tuple(value for part in parts for value in part.weights),
        nodes=(*(node for part in parts for node in part.nodes), *joined),
    )


def tagger_graph(params: ModelParams, words: int, tags: int, int8: bool = False) -> Graph:
    """Sentences to `probabilities` (T, B, K).

    Inputs are `words` (T, B), `lengths` (B) and, where the model reads characters or affixes, `vectors` (F, V) with
    `forms` (T, B), the row of each token's form. With `int8` the LSTM over the sentence computes in 8 bits.
    """
    inputs = [Value("words", INT32, ("T", "B")), Value("lengths", INT32, ("B",))]
    weights = [Value("embedding", FLOAT, (words, params.word_dim))]
    nodes = [Node("Gather", ("embedding", "words"), ("states_0",), {})]
    width = params.word_dim
    if params.form_width:
        inputs += [Value("forms", INT32, ("T", "B")), Value("vectors", FLOAT, ("F", params.form_width))]
        nodes = [
            Node("Gather", ("embedding", "words"), ("word_states",), {}),
            Node("Gather", ("vectors", "forms"), ("form_states",), {}),
            Node("Concat", ("word_states", "form_states"), ("states_0",), {"axis": 2}),
        ]
        width += params.form_width
    hidden, directions = params.hidden, 2 if params.bidirectional else 1
    make_lstm = _int8_lstm if int8 else _lstm
    nodes.append(Node("Constant", (), ("joined_shape",), {"value_ints": (0, 0, -1)}))
    for layer in range(params.layers):
        outputs = (f"by_direction_{layer}",)
        lstm_weights, lstm = make_lstm(f"layer_{layer}", f"states_{layer}", outputs, _Shape(width, hidden, directions))
        weights += lstm_weights
        nodes += [
            lstm,  # (T, D, B, H)
            Node("Transpose", (f"by_direction_{layer}",), (f"by_token_{layer}",), {"perm": (0, 2, 1, 3)}),
            Node("Reshape", (f"by_token_{layer}", "joined_shape"), (f"states_{layer + 1}",), {}),  # (T, B, D * H)
        ]
        width = directions * hidden
    weights += [Value("linear_weight", FLOAT, (width, tags)), Value("linear_bias", FLOAT, (tags,))]
    nodes += [
        Node("MatMul", (f"states_{params.layers}", "linear_weight"), ("product",), {}),
        Node("Add", ("product", "linear_bias"), ("scores",), {}),
        Node("Softmax", ("scores",), ("probabilities",), {"axis": 2}),
    ]
    probabilities = Value("probabilities", FLOAT, ("T", "B", tags))
    return Graph("tagger", tuple(inputs), (probabilities,), tuple(weights), tuple(nodes))


def graph_names(params: ModelParams, int8: bool) -> list[str]:
    """Return the files of an export that hold graphs; the one in 8 bits comes beside the exact one."""
    return ["tagger.onnx", *(["characters.onnx"] if params.form_width else []), *(["tagger.int8.onnx"] if int8 else [])]


def graphs_of(params: ModelParams, dictionaries: Dictionaries, int8: bool) -> dict[str, Graph]:
    """Return the graph of each of these files."""
    words, tags = len(dictionaries.words), len(dictionaries.tags)
    graphs = {
        "tagger.onnx": tagger_graph(params, words, tags),
        "characters.onnx": form_graph(params, len(dictionaries.characters), len(dictionaries.affixes)),
        "tagger.int8.onnx": tagger_graph(params, words, tags, int8=True),
    }
    return {name: graphs[name] for name in graph_names(params, int8)}


def weight_bytes(graph: Graph) -> int:
    """Return how many bytes the weights of a graph take."""
    return sum(math.prod(map(int, value.shape)) * ITEM_SIZE[value.type] for value in graph.weights)


class _Part(NamedTuple):
    """What a graph needs for one of its outputs."""

    inputs: tuple[Value, ...]
    weights: tuple[Value, ...]
    nodes: tuple[Node, ...]


def _bilstm(output: str, params: ModelParams, characters: int) -> _Part:
    """Return both last states of a BiLSTM over the characters: (F, 2 * H)."""
    shape = _Shape(params.character_dim, params.character_hidden, 2)
    weights, lstm = _lstm("lstm", "embedded", ("", "last"), shape)
    return _Part(
        inputs=(Value("characters", INT32, ("C", "F")), Value("lengths", INT32, ("F",))),
        weights=(Value("embedding", FLOAT, (characters, params.character_dim)), *weights),
        nodes=(
            Node("Gather", ("embedding", "characters"), ("embedded",), {}),
            lstm,
            Node("Transpose", ("last",), ("by_form",), {"perm": (1, 0, 2)}),  # (F, 2, H)
            Node("Flatten", ("by_form",), (output,), {}),
        ),
    )


def _cnn(output: str, params: ModelParams, characters: int) -> _Part:
    """Return the highest value of each filter over the windows of a form: (F, V)."""
    shape = (params.character_filters, params.character_dim, CHARACTER_WINDOW)
    around = CHARACTER_WINDOW // 2
    return _Part(
        inputs=(Value("characters", INT32, ("C", "F")),),
        weights=(
            Value("embedding", FLOAT, (characters, params.character_dim)),
            Value("filters", FLOAT, shape),
            Value("filters_bias", FLOAT, shape[:1]),
        ),
        nodes=(
            Node("Constant", (), ("frame",), {"value_ints": (around, 0, around, 0)}),
            Node("Pad", ("characters", "frame"), ("framed",), {}),  # (C + 2, F)
            Node("Gather", ("embedding", "framed"), ("embedded",), {}),
            Node("Transpose", ("embedded",), ("embedded_by_form",), {"perm": (1, 2, 0)}),  # (F, E, C + 2)
            Node("Conv", ("embedded_by_form", "filters", "filters_bias"), ("filtered",), {}),  # (F, V, C)
            Node("Relu", ("filtered",), ("values",), {}),
            Node("Sign", ("characters",), ("signs",), {}),  # 0 for the padding, 1 for a character
            Node("Cast", ("signs",), ("mask",), {"to": FLOAT}),
            Node("Transpose", ("mask",), ("mask_by_form",), {"perm": (1, 0)}),  # (F, C)
            Node("Constant", (), ("filter_axis",), {"value_ints": (1,)}),
            Node("Unsqueeze", ("mask_by_form", "filter_axis"), ("mask_by_filter",), {}),  # (F, 1, C)
            Node("Mul", ("values", "mask_by_filter"), ("real_values",), {}),
            Node("ReduceMax", ("real_values",), (output,), {"axes": (2,), "keepdims": 0}),
        ),
    )


def _affixes(output: str, params: ModelParams, affixes: int) -> _Part:
    """Return the sum of the affixes' vectors: (F, E)."""
    return _Part(
        inputs=(Value("affixes", INT32, ("F", MOST)),),
        weights=(Value("affix_embedding", FLOAT, (affixes, params.affix_dim)),),
        nodes=(
            Node("Gather", ("affix_embedding", "affixes"), ("each_affix",), {}),  # (F, A, E)
            Node("Constant", (), ("affix_axis",), {"value_ints": (1,)}),
            Node("ReduceSum", ("each_affix", "affix_axis"), (output,), {"keepdims": 0}),
        ),
    )


class _Shape(NamedTuple):
    width: int  # of the input
    hidden: int
    directions: int


def _lstm(name: str, inputs: str, outputs: tuple[str, ...], shape: _Shape) -> tuple[list[Value], Node]:
    """Return the weights and the node of an LSTM, which reads each sequence up to its length, in both directions."""
    width, hidden, directions = shape
    weights = [
        Value(f"{name}_W", FLOAT, (directions, 4 * hidden, width)),
        Value(f"{name}_R", FLOAT, (directions, 4 * hidden, hidden)),
        Value(f"{name}_B", FLOAT, (directions, 8 * hidden)),
    ]
    given = (inputs, f"{name}_W", f"{name}_R", f"{name}_B", "lengths")
    return weights, Node("LSTM", given, outputs, _attributes(shape))


def _int8_lstm(name: str, inputs: str, outputs: tuple[str, ...], shape: _Shape) -> tuple[list[Value], Node]:
    """Return the same in 8 bits, an operation of ONNX Runtime's own; ONNX has none.

    It takes its matrices transposed, with a scale for each of their columns.
    """
    width, hidden, directions = shape
    scales = (directions, 4 * hidden)
    weights = [
        Value(f"{name}_W", INT8, (directions, width, 4 * hidden)),
        Value(f"{name}_R", INT8, (directions, hidden, 4 * hidden)),
        Value(f"{name}_B", FLOAT, (directions, 8 * hidden)),
        Value(f"{name}_W_scale", FLOAT, scales),
        Value(f"{name}_W_zero", INT8, scales),
        Value(f"{name}_R_scale", FLOAT, scales),
        Value(f"{name}_R_zero", INT8, scales),
    ]
    matrices, quantization = [value.name for value in weights[:3]], [value.name for value in weights[3:]]
    given = (inputs, *matrices, "lengths", "", "", "", *quantization)  # left out: first states, peepholes
    return weights, Node("DynamicQuantizeLSTM", given, outputs, _attributes(shape), "com.microsoft")


def _attributes(shape: _Shape) -> dict[str, Attribute]:
    return {"direction": "bidirectional" if shape.directions == 2 else "forward", "hidden_size": shape.hidden}
