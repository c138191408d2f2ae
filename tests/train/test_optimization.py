"""Which weights a step changes when a batch uses only a few rows of a table."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tagger.core.common.arrays import Int64s
from tagger.core.corpus.dictionary import PADDING
from tagger.core.network.batches import make_batch, tokens_of
from tagger.core.network.lstm_tagger import LstmTagger
from tagger.train.gradients import BatchGradient
from tagger.train.optimization import Optimization
from tagger.train.process_group import ALONE
from tests.samples import RANDOM, fresh_model, train_params

FIRST, SECOND = np.arange(3), np.arange(20, 23)
TABLES = ["word_embedding.weight", "affix_embedding.weight"]


def weights_after(batches: list[Int64s], scale: float = 1, **train: Any) -> list[dict[str, Tensor]]:
    """Return the weights before the first step and after each, the loss being multiplied by the scale."""
    model = fresh_model(RANDOM.dictionaries)
    params = train_params(schedule="constant", **train)
    optimization = Optimization(model, params, len(batches))
    gradient = BatchGradient(model, RANDOM.train, ALONE, 0)
    seen = [copy_of(model)]
    for sentences in batches:
        gradient.compute([sentences], lambda _, numbers: loss_of(model, numbers) * scale)
        optimization.step()
        seen.append(copy_of(model))
    return seen


def copy_of(model: LstmTagger) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def loss_of(model: LstmTagger, sentences: Int64s) -> Tensor:
    batch = make_batch(RANDOM.train, sentences)
    return model.loss.criterion(model(batch), batch.tags)


def rows_of(name: str, sentences: Int64s) -> set[int]:
    forms = RANDOM.train.forms[tokens_of(RANDOM.train, sentences)]
    ids = RANDOM.train.form_words if name == TABLES[0] else RANDOM.train.form_affixes
    return set(ids[forms].flatten().tolist()) - {PADDING}


def changed_rows(first: Tensor, second: Tensor) -> set[int]:
    return set(torch.nonzero((first != second).any(dim=1)).flatten().tolist())


@pytest.mark.parametrize("name", TABLES)
def test_adam_changes_the_rows_that_a_batch_uses_and_no_other(name: str) -> None:
    start, once, twice = weights_after([FIRST, SECOND], optimizer="adam", weight_decay=0.1)
    assert changed_rows(start[name], once[name]) == rows_of(name, FIRST)
    assert changed_rows(once[name], twice[name]) == rows_of(name, SECOND)
    assert rows_of(name, FIRST) - rows_of(name, SECOND)  # or the test would say nothing of momentum


@pytest.mark.parametrize("name", TABLES)
def test_sgd_moves_on_in_all_rows(name: str) -> None:
    _, once, twice = weights_after([FIRST, SECOND], optimizer="sgd", momentum=0.9)
    assert changed_rows(once[name], twice[name]) == rows_of(name, FIRST) | rows_of(name, SECOND)


@pytest.mark.parametrize("name", TABLES)
def test_sgd_decays_all_rows(name: str) -> None:
    start, once = weights_after([FIRST], optimizer="sgd", weight_decay=0.5)
    used = rows_of(name, FIRST) | {PADDING}
    other = [row for row in range(len(start[name])) if row not in used]
    assert other
    rate = 1 - 0.5 * train_params().learning_rate
    torch.testing.assert_close(once[name][other], rate * start[name][other])


def test_adam_decays_what_is_no_table() -> None:
    # A first step of Adam has one length whatever the gradient, unless that is as small as its epsilon.
    plain, decayed = (weights_after([FIRST], 1e-9, optimizer="adam", weight_decay=decay)[1] for decay in (0, 0.5))
    assert {name for name in plain if torch.equal(plain[name], decayed[name])} == set(TABLES)


@pytest.mark.parametrize("schedule", ["constant", "linear", "one_cycle"])
@pytest.mark.parametrize("name", TABLES)
def test_the_rows_of_a_table_follow_the_schedule(name: str, schedule: str) -> None:
    model = fresh_model(RANDOM.dictionaries)
    optimization = Optimization(model, train_params(optimizer="adam", schedule=schedule, learning_rate=0.5), 4)
    BatchGradient(model, RANDOM.train, ALONE, 0).compute([FIRST], lambda _, numbers: loss_of(model, numbers))
    for _ in range(4):
        rate, before = optimization.learning_rate, copy_of(model)[name]
        optimization.step()
        # With the same gradient again, a step of Adam has the length of the learning rate.
        assert (copy_of(model)[name] - before).abs().max().item() == pytest.approx(rate, rel=1e-3)
