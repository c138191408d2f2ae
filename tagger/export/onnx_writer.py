"""Writing a declared graph with its weights as an ONNX file."""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import helper

from tagger.export.onnx_weights import Weights
from tagger.predict.onnx_graphs import IR_VERSION, OPSETS, Graph, Node, Value


def onnx_bytes(graph: Graph, weights: Mapping[str, Weights]) -> bytes:
    """Return the file; the same graph and weights give the same bytes."""
    proto = helper.make_graph(
        nodes=[_node(node) for node in graph.nodes],
        name=graph.name,
        inputs=[_value(value) for value in graph.inputs],
        outputs=[_value(value) for value in graph.outputs],
        initializer=[_weight(value, weights[value.name]) for value in graph.weights],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    model = helper.make_model(proto, opset_imports=opsets, ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _node(node: Node) -> onnx.NodeProto:
    made = helper.make_node(node.op, node.inputs, node.outputs, domain=node.domain or None)
    made.attribute.extend(helper.make_attribute(name, value) for name, value in sorted(node.attributes.items()))
    return made


def _value(value: Value) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(value.name, value.type, value.shape)


def _weight(value: Value, array: Weights) -> onnx.TensorProto:
    if array.shape != value.shape:
        raise ValueError(f"{value.name} has shape {array.shape}, the graph declares {value.shape}")
    little_endian = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return helper.make_tensor(value.name, value.type, array.shape, little_endian.tobytes(), raw=True)
