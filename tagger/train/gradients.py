"""The gradient of a batch as the sum of the gradients of its shards.

A batch is cut into the same shards, however many processes there are. Each process computes its own shards, and all
are added in pairs, in their order, so the sum has the same bits for any number of processes.

Shapes: G numbers in a gradient, R rows of a table that the batch uses, E width of a row.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from tagger.core.common.arrays import Int64s
from tagger.core.corpus.dictionary import UNKNOWN
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.network.batches import tokens_of
from tagger.core.network.device import send
from tagger.core.network.lstm_tagger import LstmTagger
from tagger.train.process_group import ProcessGroup


class BatchGradient:
    """Computes the gradient of each batch of a split and leaves it in the parameters of a model.

    The gradient of a table is sparse: it has only the rows that the batch uses.
    """

    def __init__(self, model: LstmTagger, split: EncodedSplit, group: ProcessGroup, clip_norm: float) -> None:
        """Keep the inputs; `clip_norm` is the largest norm of a gradient, 0 for no limit."""
        self._model, self._split, self._group, self._clip_norm = model, split, group, clip_norm
        self._tables, self._others = model.tables_and_others()
        self._device = self._tables[0].device

    def compute(self, shards: Sequence[Int64s], loss_of: Callable[[int, Int64s], Tensor]) -> Tensor:
        """Set the gradient of the mean loss over the tagged tokens of a batch, and return that mean: a scalar.

        `shards` has the sentences of each shard, which may be none. `loss_of` returns the mean loss over the tagged
        tokens of a shard, given its number and its sentences.
        """
        rows = self._rows_of(shards)
        tokens = [int(self._split.tagged_lengths[sentences].sum()) for sentences in shards]
        parts = []
        each = len(shards) // self._group.size  # both are powers of two
        for number in range(self._group.rank * each, (self._group.rank + 1) * each):
            self._model.zero_grad()
            loss = torch.zeros((), device=self._device)
            if tokens[number]:
                loss = loss_of(number, shards[number]) * (tokens[number] / sum(tokens))
                loss.backward()  # type: ignore[no-untyped-call]
            parts.append(self._collect(rows, loss.detach()))
        total = _sum_in_pairs(self._group.gather(_sum_in_pairs(parts)))
        gradient, mean = total[:-1], total[-1].clone()
        if self._clip_norm:  # as torch.nn.utils.clip_grad_norm_ does
            gradient *= (self._clip_norm / (torch.linalg.vector_norm(gradient) + 1e-6)).clamp(max=1)
        self._spread(rows, gradient)
        return mean

    def _rows_of(self, shards: Sequence[Int64s]) -> list[Tensor]:
        """Return the rows of each table that can have a gradient, the same in every process: (R) each."""
        forms = self._split.forms[tokens_of(self._split, np.concatenate(shards))]
        words = np.append(self._split.form_words[forms], UNKNOWN)  # WordDropout inserts it
        ids_read = (words, self._split.form_affixes[forms])
        rows = []
        for table, ids in zip(self._tables, ids_read, strict=False):  # affixes may have no table
            used = np.zeros(len(table), dtype=np.bool_)  # faster than sorting the ids
            used[ids] = True
            rows.append(send(torch.from_numpy(np.flatnonzero(used)), self._device))
        return rows

    def _collect(self, rows: Sequence[Tensor], loss: Tensor) -> Tensor:
        """Return the gradients in one vector, those of the tables' rows after all others, then the loss: (G + 1)."""
        parts = [torch.zeros_like(weights) if weights.grad is None else weights.grad for weights in self._others]
        # `used` is sorted and has each row with a gradient. That of PADDING is 0, which may go to another row.
        for weights, used in zip(self._tables, rows, strict=True):
            values = torch.zeros((len(used), weights.shape[1]), device=self._device)  # (R, E)
            if weights.grad is not None:
                places = torch.searchsorted(used, weights.grad._indices()[0])
                values.index_add_(0, places, weights.grad._values())
            parts.append(values)
        return torch.cat([part.flatten() for part in (*parts, loss)])

    def _spread(self, rows: Sequence[Tensor], gradient: Tensor) -> None:
        """Set the gradients from a vector as `_collect` returns it, without the loss: (G)."""
        sizes = [len(used) * weights.shape[1] for weights, used in zip(self._tables, rows, strict=True)]
        parts = iter(torch.split(gradient, [*map(Tensor.numel, self._others), *sizes]))
        for weights in self._others:
            weights.grad = next(parts).view_as(weights)
        for table, used in zip(self._tables, rows, strict=True):
            values = next(parts).view(len(used), -1)
            table.grad = torch.sparse_coo_tensor(
                used[None], values, table.shape, is_coalesced=True, check_invariants=False
            )


def _sum_in_pairs(values: Sequence[Tensor]) -> Tensor:
    while len(values) > 1:
        values = [first + second for first, second in zip(values[::2], values[1::2], strict=True)]
    return values[0]
