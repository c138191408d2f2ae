import numpy as np
import pytest
import torch

from tagger.core.network.lstm_tagger import tag_probabilities, tag_scores
from tagger.core.params.schema import LossName
from tests.samples import CPU, RANDOM, batch_of, biased_model, fresh_model


def test_dropout_is_off_while_tagging() -> None:
    model = fresh_model(RANDOM.dictionaries, dropout=0.5)
    first = tag_probabilities(model, RANDOM.dev, CPU)
    model.train()
    np.testing.assert_array_equal(tag_probabilities(model, RANDOM.dev, CPU), first)


def test_probabilities_stand_in_the_order_of_the_split() -> None:
    model = fresh_model(RANDOM.dictionaries)
    alone = torch.cat([model(batch_of(RANDOM.dev, sentence)).exp() for sentence in range(RANDOM.dev.sentences)])
    np.testing.assert_allclose(tag_probabilities(model, RANDOM.dev, CPU), alone.detach().numpy(), atol=1e-6)


@pytest.mark.parametrize("loss", ["nll", "cross_entropy", "softmax_nll", "mse", "hinge"])
def test_probabilities_of_a_token_sum_to_one(loss: LossName) -> None:
    probabilities = tag_probabilities(fresh_model(RANDOM.dictionaries, loss), RANDOM.dev, CPU)
    assert probabilities.shape == (len(RANDOM.dev.forms), len(RANDOM.dictionaries.tags))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("places", [1, 20])
def test_the_size_of_batches_changes_nothing(places: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = fresh_model(RANDOM.dictionaries)
    probabilities = tag_probabilities(model, RANDOM.dev, CPU)
    monkeypatch.setattr("tagger.core.network.lstm_tagger.INFERENCE_TOKENS", places)
    np.testing.assert_allclose(tag_probabilities(model, RANDOM.dev, CPU), probabilities, atol=1e-6)


def test_tagging_the_same_split_twice_gives_the_same_bits() -> None:
    model = fresh_model(RANDOM.dictionaries)
    np.testing.assert_array_equal(tag_probabilities(model, RANDOM.dev, CPU), tag_probabilities(model, RANDOM.dev, CPU))


def test_scores_are_those_before_the_last_step() -> None:
    model, split = biased_model([3.0, 0.5, -2.0])
    np.testing.assert_array_equal(tag_scores(model, split, CPU), np.array([[3, 0.5, -2]] * 4, dtype=np.float32))
