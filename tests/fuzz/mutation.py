"""Changes to files: of their bytes, and of the values, arrays and tensors that they hold."""

import io
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors.numpy
import torch
import yaml
from onnx import ModelProto, numpy_helper

LONGEST = 2**16  # bytes of a file
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
ODD_NUMBERS = (0, 1, -1, 2, 127, -129, 2**16, 2**31 - 1, 2**31, -(2**63), 2**64, 10**30, 0.5, -0.0, 1e-320, 1e9, 1e308)
ODD_TEXTS = ("", "x", " ", "é", "e\u0301", "\ud800", "\x1b[2J", "O", "B-X", "I-X", "../x", "/x", "a\nb", "a\tb")
ODD: tuple[Any, ...] = (
    *ODD_NUMBERS,
    *ODD_TEXTS,
    float("inf"),
    float("nan"),
    None,
    True,
    False,
    [],
    {},
    [[]],
    [None],
    {"": 0},
)
# What separates, quotes and marks in one of the formats, and what is no text.
ODD_BYTES = (
    *(bytes([byte]) for byte in b"\0\xff\xc3\r\n\t #_'\"[]{}:|/,;-"),
    *(b"", b"\n\n", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\x1f\x8b", b"NaN", b"1e999", b"1-2", b"1.1"),
    *(b": ", b"- ", b"&a", b"*a", b"!!x ", b"<<: ", b"# ", b"# global.columns = ", b"-DOCSTART-"),
)
_TYPES = ("<i4", "<i8", "<f4", "<f8", "?", "|u1", "<c8", ">i4", "<U3", "M8[s]")


class Codec(NamedTuple):
    """How a file is read into lists, mappings, arrays and tensors, and written from them."""

    read: Callable[[bytes], Any]
    write: Callable[[Any], bytes]


def _write_array(value: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, value, allow_pickle=False)
    return file.getvalue()


def _write_state(value: Any) -> bytes:
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def _write_table(value: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(value), file)
    return file.getvalue()


def _read_weights(content: bytes) -> dict[str, Any]:
    weights = ModelProto.FromString(content).graph.initializer
    return {"": content} | {weight.name: numpy_helper.to_array(weight) for weight in weights}


def _write_weights(values: dict[str, Any]) -> bytes:
    model = ModelProto.FromString(values[""])
    for weight in model.graph.initializer:
        weight.raw_data = values[weight.name].tobytes()
    return bytes(model.SerializeToString(deterministic=True))


_JSON = Codec(json.loads, lambda value: json.dumps(value).encode())
CODECS = {
    ".json": _JSON,
    ".jsonl": Codec(
        lambda content: list(map(json.loads, content.splitlines())),
        lambda rows: b"".join(json.dumps(row).encode() + b"\n" for row in rows),
    ),
    ".yaml": Codec(yaml.safe_load, lambda value: yaml.safe_dump(value, sort_keys=False).encode()),
    ".lock": Codec(yaml.safe_load, lambda value: yaml.safe_dump(value, sort_keys=False).encode()),
    ".onnx": Codec(_read_weights, _write_weights),
    ".safetensors": Codec(safetensors.numpy.load, safetensors.numpy.save),
    ".npy": Codec(lambda content: np.load(io.BytesIO(content), allow_pickle=False), _write_array),
    ".parquet": Codec(lambda content: pq.read_table(io.BytesIO(content)).to_pydict(), _write_table),
    ".pt": Codec(lambda content: torch.load(io.BytesIO(content), weights_only=True), _write_state),
}


class Mutator:
    """Draws changes; the same random numbers give the same changes."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw

    def change(self, name: str, content: bytes, other: bytes) -> bytes:
        """Return other content for a file; `other` is that of another case, to take parts of."""
        codec = CODECS.get(Path(name).suffix)
        if codec and self.draw.random() < 0.6:
            try:
                return codec.write(self.change_value(codec.read(content)))[:LONGEST]
            except Exception:  # noqa: S110  # it is broken already, or no such file can hold the new value
                pass
        for _ in range(2 ** self.draw.randrange(4)):
            content = self._change_bytes(content, other)
        return content[:LONGEST]

    def change_value(self, value: Any) -> Any:
        """Return a value with one change, somewhere within."""
        draw = self.draw
        if isinstance(value, dict) and value and draw.random() < 0.9:
            key = draw.choice(list(value))
            return self._change_entry(dict(value), key, list(value.values()))
        if isinstance(value, list | tuple) and value and draw.random() < 0.9:
            return self._change_entry(list(value), draw.randrange(len(value)), value)
        if isinstance(value, torch.Tensor) and draw.random() < 0.9:
            return torch.from_numpy(np.array(self._change_array(value.numpy())))
        if isinstance(value, np.ndarray):
            return self._change_array(value)
        if isinstance(value, str) and draw.random() < 0.5:
            return self._change_bytes(value.encode("utf-8", "surrogatepass"), b"").decode("utf-8", "replace")
        return draw.choice(ODD)

    def _change_entry(self, values: Any, key: Any, others: Any) -> Any:
        kind = self.draw.randrange(10)
        if kind == 0:
            del values[key]
        elif kind == 1 and isinstance(values, list):
            values.insert(key, self.draw.choice(ODD))
        elif kind == 1:
            values[self.draw.choice(("", "x", "é", "0"))] = values[key]
        elif kind == 2:
            values[key] = self.draw.choice(others)
        elif kind == 3:
            values[key] = [values[key]]
        else:
            values[key] = self.change_value(values[key])
        return values

    def _change_array(self, array: Any) -> Any:
        draw, array = self.draw, np.array(array)
        kind = draw.randrange(6)
        if kind == 0:
            return array.astype(draw.choice(_TYPES))
        if kind == 1:
            return array.reshape(draw.choice(((-1,), (1, -1), (-1, 1), (*array.shape, 1))))
        if kind == 2:
            return array[: draw.randrange(len(array) + 1)] if array.ndim else array.reshape(1)
        if kind == 3:
            return np.concatenate([array, array])
        if array.size:
            array.flat[draw.randrange(array.size)] = draw.choice(ODD_NUMBERS)
        return array

    def _change_bytes(self, content: bytes, other: bytes) -> bytes:
        draw = self.draw
        start = draw.randrange(len(content) + 1)
        end = min(len(content), start + draw.choice((0, 1, 2, 4, 16, 100)))
        kind = draw.randrange(8)
        if kind == 0 and start < len(content):
            flipped = bytes([content[start] ^ (1 << draw.randrange(8))])
            return content[:start] + flipped + content[start + 1 :]
        if kind == 1:
            return content[:start] + content[end:]
        if kind == 2:
            place = draw.randrange(len(content) + 1)
            return content[:place] + content[start:end] + content[place:]
        if kind == 3 and other:
            place = draw.randrange(len(other))
            return content[:start] + other[place : place + draw.choice((1, 4, 16, 100))] + content[end:]
        if kind in (4, 5) and (numbers := list(_NUMBER.finditer(content))):
            chosen = draw.choice(numbers)
            return content[: chosen.start()] + str(draw.choice(ODD_NUMBERS)).encode() + content[chosen.end() :]
        if kind == 6:
            return content[:start] + bytes([draw.randrange(256)]) + content[start + 1 :]
        return content[:start] + draw.choice(ODD_BYTES) + content[start if draw.random() < 0.5 else end :]
