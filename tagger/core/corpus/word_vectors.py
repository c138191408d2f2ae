"""Initial word vectors, kept as arrays: V words with E numbers each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from tagger.core.common.arrays import Float32s, Int32s
from tagger.core.common.errors import InputError
from tagger.core.corpus.encoded_split import ArrayFolder, are_ids


@dataclass(frozen=True, eq=False)
class WordVectors(ArrayFolder):
    """Vectors of some words of a dictionary; the other words start from random vectors."""

    ids: Int32s  # (V): the words' ids in the dictionary
    vectors: Float32s  # (V, E)

    @classmethod
    def load_of_width(cls, folder: Path, width: int, sizes: Sequence[int] = ()) -> Self:
        """Open what `save` wrote, for an embedding of this width.

        Raises:
            InputError: a file is missing or damaged, or the vectors have another width.
        """
        opened = cls.load(folder, sizes)
        found, expected = opened.vectors.shape, (len(opened.ids), width)
        if len(opened.ids) and found != expected:
            raise InputError(
                f"{folder / 'vectors.npy'}: shape {found}, expected {expected} (model.word_dim is {width}); run "
                "`dvc repro` to write it again"
            )
        return opened

    def fits(self, sizes: Sequence[int]) -> dict[str, bool]:
        """Return by name whether each array fits `sizes`, which are those of `load`."""
        return {"ids": are_ids(self.ids, (self.ids.size,), sizes[0]), "vectors": self.vectors.dtype == np.float32}


NO_VECTORS = WordVectors(np.zeros(0, dtype=np.int32), np.zeros((0, 0), dtype=np.float32))
