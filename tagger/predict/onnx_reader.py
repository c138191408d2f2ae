"""Reading back what `onnx_writer` wrote, without ONNX's own library, before ONNX Runtime sees it.

An ONNX file can name other files, bring operations, loops and functions of its own, and claim any shape. Here each
field that a declared graph has no use for is an error, so what is read can be compared with it, weights aside. Field
numbers are those of onnx.proto; the encoding is that of protocol buffers.
"""

import math
from typing import NoReturn

import numpy as np

from tagger.predict.onnx_graphs import FLOAT, IR_VERSION, ITEM_SIZE, OPSETS, Attribute, Graph, Node, Value

INT_ATTRIBUTE, STRING_ATTRIBUTE, INTS_ATTRIBUTE = 2, 3, 7


def read_graph(content: bytes | memoryview) -> Graph:
    """Return the graph of a file. Its weights are checked: all of their bytes are there, and each number is finite.

    Raises:
        ValueError: it is not ONNX, or holds what no declared graph has.
    """
    model = _Message(content)
    if (model.number(1), dict(_read_opset(_Message(part)) for part in model.parts(8))) != (IR_VERSION, OPSETS):
        _refuse("another version of ONNX")
    graph = _Message(model.part(7))
    model.finish()
    found = Graph(
        name=graph.text(2),
        inputs=tuple(_read_value(_Message(part)) for part in graph.parts(11)),
        outputs=tuple(_read_value(_Message(part)) for part in graph.parts(12)),
        weights=tuple(_read_weight(_Message(part)) for part in graph.parts(5)),
        nodes=tuple(_read_node(_Message(part)) for part in graph.parts(1)),
    )
    graph.finish()
    return found


class _Message:
    """The fields of a message, each taken once; `finish` refuses those that were not."""

    def __init__(self, content: bytes | memoryview) -> None:
        self._fields: dict[int, list[int | memoryview]] = {}
        rest = memoryview(content)
        while rest:
            key, rest = _read_varint(rest)
            value, rest = _read_varint(rest)
            if key & 7 == 2:  # a length, and as many bytes
                if value > len(rest):
                    _refuse("it is truncated")
                self._fields.setdefault(key >> 3, []).append(rest[:value])
                rest = rest[value:]
            elif key & 7 == 0:
                self._fields.setdefault(key >> 3, []).append(value)
            else:
                _refuse(f"an encoding {key & 7}")

    def parts(self, field: int) -> list[memoryview]:
        return [value if isinstance(value, memoryview) else _refuse("a number") for value in self._take(field)]

    def numbers(self, field: int) -> list[int]:
        return [value if isinstance(value, int) else _refuse("no number") for value in self._take(field)]

    def part(self, field: int) -> memoryview:
        return (self.parts(field) or [memoryview(b"")])[-1]

    def number(self, field: int) -> int:
        return (self.numbers(field) or [0])[-1]

    def texts(self, field: int) -> tuple[str, ...]:
        return tuple(str(part, "utf-8") for part in self.parts(field))

    def text(self, field: int) -> str:
        return str(self.part(field), "utf-8")

    def _take(self, field: int) -> list[int | memoryview]:
        return self._fields.pop(field, [])

    def finish(self) -> None:
        for field in self._fields:
            _refuse(f"a field {field}")


def _read_varint(content: memoryview) -> tuple[int, memoryview]:
    value = 0
    for place, byte in enumerate(content[:10]):
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value - (1 << 64) if value >> 63 else value, content[place + 1 :]
    return _refuse("it is truncated")


def _read_opset(message: _Message) -> tuple[str, int]:
    found = message.text(1), message.number(2)
    message.finish()
    return found


def _read_node(message: _Message) -> Node:
    attributes = dict(_read_attribute(_Message(part)) for part in message.parts(5))
    node = Node(message.text(4), message.texts(1), message.texts(2), attributes, message.text(7))
    message.finish()
    return node


def _read_attribute(message: _Message) -> tuple[str, Attribute]:
    kinds: dict[int, Attribute] = {
        INT_ATTRIBUTE: message.number(3),
        STRING_ATTRIBUTE: message.text(4),
        INTS_ATTRIBUTE: tuple(message.numbers(8)),
    }
    kind = message.number(20)
    found = message.text(1), kinds[kind] if kind in kinds else _refuse(f"an attribute of type {kind}")
    message.finish()
    return found


def _read_value(message: _Message) -> Value:
    name, kind = message.text(1), _Message(message.part(2))
    message.finish()
    tensor = _Message(kind.part(1))
    kind.finish()
    item, shape = tensor.number(1), _Message(tensor.part(2))
    tensor.finish()
    sizes = []
    for part in shape.parts(1):
        size = _Message(part)
        sizes.append(size.text(2) or size.number(1))
        size.finish()
    shape.finish()
    return Value(name, item, tuple(sizes))


def _read_weight(message: _Message) -> Value:
    weight = Value(message.text(8), message.number(2), tuple(message.numbers(1)))
    content = message.part(9)
    message.finish()
    if len(content) != math.prod(map(int, weight.shape)) * ITEM_SIZE.get(weight.type, 0):
        _refuse(f"{len(content)} bytes for {weight.name} of shape {weight.shape}")
    if weight.type == FLOAT and not np.isfinite(np.frombuffer(content, dtype="<f4")).all():
        _refuse(f"a weight in {weight.name} that is not finite")
    return weight


def _refuse(found: str) -> NoReturn:
    raise ValueError(f"not of this pipeline: {found}")
