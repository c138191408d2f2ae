from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tagger.core.common.arrays import Int64s
from tagger.core.network.batches import make_batch
from tagger.core.network.lstm_tagger import LstmTagger
from tagger.train.gradients import BatchGradient
from tagger.train.process_group import ProcessGroup
from tests.samples import PLAIN, RANDOM, fresh_model

SENTENCES = np.arange(10, 30)


class Others(ProcessGroup):
    """The first of several processes; what the others would send is given."""

    def __init__(self, *sent: Tensor) -> None:
        super().__init__(0, 1 + len(sent))
        self.own: list[Tensor] = []
        self._sent = sent

    def gather(self, part: Tensor) -> list[Tensor]:
        self.own.append(part)
        return [part, *self._sent]


def gradients_of(model: LstmTagger) -> dict[str, Tensor]:
    return {name: value.grad.to_dense() for name, value in model.named_parameters() if value.grad is not None}


def compute(model: LstmTagger, shards: list[Int64s], group: ProcessGroup) -> tuple[float, dict[str, Tensor]]:
    def loss_of(_: int, sentences: Int64s) -> Tensor:
        batch = make_batch(RANDOM.train, sentences)
        return model.loss.criterion(model(batch), batch.tags)

    loss = BatchGradient(model, RANDOM.train, group, 0).compute(shards, loss_of)
    return loss.item(), gradients_of(model)


def of_the_whole(model: LstmTagger) -> tuple[float, dict[str, Tensor]]:
    batch = make_batch(RANDOM.train, SENTENCES)
    loss = model.loss.criterion(model(batch), batch.tags)
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.item(), gradients_of(model)


@pytest.mark.parametrize("changes", [{}, PLAIN, {"layers": 2}])
@pytest.mark.parametrize("shards", [1, 2, 4, 8, 32])
def test_the_gradient_of_the_shards_is_that_of_the_batch(shards: int, changes: dict[str, Any]) -> None:
    loss, expected = of_the_whole(fresh_model(RANDOM.dictionaries, **changes))
    cut = np.array_split(SENTENCES, shards)  # of 32 some have no sentence
    found, gradients = compute(fresh_model(RANDOM.dictionaries, **changes), cut, ProcessGroup())
    assert found == pytest.approx(loss)
    torch.testing.assert_close(gradients, expected, rtol=1e-4, atol=1e-7)


def test_a_second_batch_leaves_nothing_of_the_first() -> None:
    model, fresh = fresh_model(RANDOM.dictionaries), fresh_model(RANDOM.dictionaries)
    compute(model, np.array_split(np.arange(10), 2), ProcessGroup())
    again = compute(model, np.array_split(SENTENCES, 2), ProcessGroup())
    once = compute(fresh, np.array_split(SENTENCES, 2), ProcessGroup())
    assert again[0] == once[0]
    assert all(torch.equal(again[1][name], once[1][name]) for name in once[1])


@pytest.mark.parametrize("shards", [4, 32])
def test_what_processes_compute_apart_adds_up_to_the_same_bits(shards: int) -> None:
    cut = np.array_split(SENTENCES, shards)
    loss, expected = compute(fresh_model(RANDOM.dictionaries), cut, ProcessGroup())
    second = Others(torch.zeros(()))
    second.rank = 1
    compute(fresh_model(RANDOM.dictionaries), cut, second)
    first = Others(*second.own)
    found, gradients = compute(fresh_model(RANDOM.dictionaries), cut, first)
    assert found == loss
    assert all(torch.equal(gradients[name], expected[name]) for name in expected)
