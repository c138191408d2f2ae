"""Vectors that the embedding of words begins with, kept as arrays. V words that have one, E numbers each."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tagger.core.common.arrays import Float32s, Int32s
from tagger.core.common.errors import InputError


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Vectors of some words of a dictionary; the other words begin with vectors drawn at random."""

    ids: Int32s  # (V): the words' ids in the dictionary
    vectors: Float32s  # (V, E)

    def save(self, folder: Path) -> None:
        """Write each array as .npy."""
        np.save(folder / "ids.npy", self.ids)
        np.save(folder / "vectors.npy", self.vectors)

    @classmethod
    def load(cls, folder: Path, width: int) -> "WordVectors":
        """Open what `save` wrote; the vectors stay on the disk until they are read.

        Raises:
            InputError: a file is missing or damaged, or the vectors are not as wide as the embedding.
        """
        try:
            ids, vectors = (
                np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in ("ids.npy", "vectors.npy")
            )
        except FileNotFoundError as error:
            raise InputError(
                f"{error.filename}: no such file; expected vectors of words, as `prepare` writes them"
            ) from None
        except (ValueError, EOFError) as error:
            raise InputError(f"{folder}: damaged vectors of words: {error}") from None
        if len(ids) and vectors.shape != (len(ids), width):
            raise InputError(
                f"{folder / 'vectors.npy'}: its shape is {vectors.shape}, expected {(len(ids), width)} "
                f"(model.word_dim is {width}); `dvc repro` makes it anew"
            )
        return cls(ids, vectors)

    def digest(self) -> str:
        """Return a fingerprint of the content: 32 hexadecimal digits of SHA-256."""
        digest = hashlib.sha256()
        for values in (self.ids, self.vectors):
            digest.update(np.ascontiguousarray(values).data if values.size else b"")
        return digest.hexdigest()[:32]


NO_VECTORS = WordVectors(np.zeros(0, dtype=np.int32), np.zeros((0, 0), dtype=np.float32))
