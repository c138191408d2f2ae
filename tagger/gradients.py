"""The gradient of a batch as the sum of those of its shards.

A batch is cut into the same shards whatever number of processes there is. Each process computes its own, and all are
added up in pairs, by their order: so no bit of the sum depends on that number. G numbers in a gradient, V words of the
batch, E width of a word's vector.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from tagger.batching import words_of
from tagger.dictionary import UNKNOWN
from tagger.encoding import EncodedSplit
from tagger.indexed_corpus import Longs
from tagger.model import LstmTagger
from tagger.process_group import ProcessGroup


class BatchGradient:
    """Computes the gradient of each batch of a split and leaves it in the parameters of a model."""

    def __init__(self, model: LstmTagger, split: EncodedSplit, group: ProcessGroup, device: torch.device) -> None:
        self._split, self._group, self._device = split, group, device
        self._vectors = model.word_embedding.weight
        self._others = [weights for weights in model.parameters() if weights is not self._vectors]

    def compute(self, shards: Sequence[Longs], loss_of: Callable[[int, Longs], Tensor]) -> float:
        """Set the gradient of the mean loss over the tokens of a batch, and return that mean.

        Args:
            shards: the sentences of each shard; some may have none.
            loss_of: gives the mean loss of the shard of this number, which has these sentences.
        """
        words = self._words_of(shards)
        tokens = [int(self._split.lengths[sentences].sum()) for sentences in shards]
        parts = []
        for number in self._group.share_of(len(shards)):
            self._clear()
            loss = torch.zeros((), device=self._device)
            if tokens[number]:
                loss = loss_of(number, shards[number]) * (tokens[number] / sum(tokens))
                loss.backward()  # type: ignore[no-untyped-call]
            parts.append(self._collect(words, loss.detach()))
        return self._spread(words, _sum_in_pairs(self._group.gather(_sum_in_pairs(parts))))

    def _words_of(self, shards: Sequence[Longs]) -> Tensor:
        """Return the words whose vectors can have a gradient, the same in every process: (V)."""
        words = words_of(self._split, np.concatenate(shards))
        return torch.from_numpy(np.union1d(words, UNKNOWN).astype(np.int64)).to(self._device)

    def _clear(self) -> None:
        for weights in (*self._others, self._vectors):
            weights.grad = None

    def _collect(self, words: Tensor, loss: Tensor) -> Tensor:
        """Return the gradients one after another, then those of the words' vectors, then the loss: (G + V * E + 1)."""
        gradients = [_gradient_of(weights).flatten() for weights in self._others]
        vectors = _gradient_of(self._vectors).index_select(0, words).flatten()
        return torch.cat((*gradients, vectors, loss[None]))

    def _spread(self, words: Tensor, total: Tensor) -> float:
        """Set the gradients from what `_collect` has made; return the loss."""
        sizes = [*map(Tensor.numel, self._others), words.numel() * self._vectors.shape[1], 1]
        *parts, vectors, loss = torch.split(total, sizes)
        for weights, part in zip(self._others, parts, strict=True):
            weights.grad = part.view_as(weights)
        # The rows of other words are zero already.
        self._vectors.grad = _gradient_of(self._vectors).index_copy_(0, words, vectors.view(len(words), -1))
        return float(loss)


def _gradient_of(weights: Tensor) -> Tensor:
    return torch.zeros_like(weights) if weights.grad is None else weights.grad


def _sum_in_pairs(values: Sequence[Tensor]) -> Tensor:
    while len(values) > 1:
        values = [first + second for first, second in zip(values[::2], values[1::2], strict=True)]
    return values[0]
