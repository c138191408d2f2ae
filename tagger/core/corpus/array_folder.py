"""Data kept as a folder: arrays, which are opened by memory map, and lists of texts."""

import hashlib
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np

from tagger.core.common.files import read_json, reading

_EXPECTED = "what `prepare` writes"


@dataclass(frozen=True, eq=False)
class ArrayFolder:
    """A base for dataclasses: a field that is an array is kept as .npy, a field of type list[str] as JSON."""

    def save(self, folder: Path) -> None:
        """Write a file for each field."""
        for name, value in self._values().items():
            if isinstance(value, list):
                text = json.dumps(value, ensure_ascii=False, indent=0)
                (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8", newline="\n")
            else:
                np.save(folder / f"{name}.npy", value)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote; arrays stay on disk until they are read.

        Raises:
            InputError: a file is missing or damaged.
        """
        values: dict[str, Any] = {}
        for field in fields(cls):
            if field.type == list[str]:
                values[field.name] = read_json(folder / f"{field.name}.json", _EXPECTED)
                continue
            path = folder / f"{field.name}.npy"
            with reading(path, _EXPECTED):
                values[field.name] = np.load(path, mmap_mode="r", allow_pickle=False)
        return cls(**values)

    def digest(self) -> str:
        """Return a fingerprint of the content: 32 hexadecimal digits of SHA-256."""
        digest = hashlib.sha256()
        for value in self._values().values():
            if isinstance(value, list):
                digest.update(json.dumps(value).encode())
            else:
                digest.update(np.ascontiguousarray(value).reshape(-1).data)  # read from disk piece by piece
        return digest.hexdigest()[:32]

    def _values(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}
