"""Initial word vectors, kept as arrays: V words with E numbers each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tagger.core.common.arrays import Float32s, Int32s
from tagger.core.corpus.encoded_split import ArrayFolder, are_ids


@dataclass(frozen=True, eq=False)
class WordVectors(ArrayFolder):
    """Vectors of some words of a dictionary; the other words start from random vectors."""

    ids: Int32s  # (V): the words' ids in the dictionary
    vectors: Float32s  # (V, E)

    def fits(self, sizes: Sequence[int]) -> dict[str, bool]:
        """Return by name whether each array fits `sizes`: the number of ids of words, and the width of embeddings."""
        amount, words, width = len(self.ids), *sizes[:2]
        are_vectors = self.vectors.dtype == np.float32 and (not amount or self.vectors.shape == (amount, width))
        return {"ids": are_ids(self.ids, (amount,), words), "vectors": are_vectors}


NO_VECTORS = WordVectors(np.zeros(0, dtype=np.int32), np.zeros((0, 0), dtype=np.float32))
