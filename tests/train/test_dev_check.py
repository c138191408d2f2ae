"""Loss and accuracy on dev."""

import numpy as np
import pytest
import torch

from tagger.core.corpus.indexed_corpus import Sentence
from tagger.core.network.lstm_tagger import tag_probabilities
from tagger.core.params.schema import LossName
from tagger.train.process_group import ALONE
from tagger.train.trainer import check
from tests.samples import CPU, RANDOM, batch_of, biased_model, data_of, fresh_model, tagged


def test_loss_is_the_mean_over_the_tokens() -> None:
    model = fresh_model(RANDOM.dictionaries)
    losses = []
    for sentence in range(RANDOM.train.sentences):
        batch = batch_of(RANDOM.train, sentence)
        losses += (-model(batch)[torch.arange(len(batch.tags)), batch.tags]).tolist()
    assert check(model, RANDOM.train, CPU, ALONE)[0] == pytest.approx(float(np.mean(losses)), rel=1e-6)


def test_loss_leaves_tags_out_that_the_model_does_not_know() -> None:
    model, split = biased_model([float(np.log(value)) for value in (0.5, 0.25, 0.25)])
    assert check(model, split, CPU, ALONE)[0] == pytest.approx(float(np.log([2, 4, 4]).mean()), rel=1e-6)


def test_accuracy_counts_tags_as_wrong_that_the_model_does_not_know() -> None:
    model, split = biased_model([1, 0, 0])
    assert check(model, split, CPU, ALONE)[1] == 0.25


@pytest.mark.parametrize("loss", ["nll", "cross_entropy", "softmax_nll", "mse", "hinge"])
def test_a_split_without_a_known_tag_has_an_infinite_loss(loss: LossName) -> None:
    data = data_of([tagged("a/A b/B")], [tagged("a/X b/Y")])
    assert check(fresh_model(data.dictionaries, loss), data.dev, CPU, ALONE) == (float("inf"), 0, None)


def test_dropout_is_off_while_checking() -> None:
    model = fresh_model(RANDOM.dictionaries, dropout=0.5)
    first = check(model, RANDOM.dev, CPU, ALONE)
    model.train()
    assert check(model, RANDOM.dev, CPU, ALONE) == first


def test_the_prediction_is_taken_before_the_last_step_rounds() -> None:
    # B leads, but softmax of these scores is 1/3 three times in float32.
    model, split = biased_model([0, 1e-9, 0], "softmax_nll")
    split.tags[:] = 1
    assert check(model, split, CPU, ALONE)[1] == 1
    assert tag_probabilities(model, split, CPU).argmax(axis=1).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("places", [1, 20])
def test_the_size_of_batches_changes_nothing(places: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = fresh_model(RANDOM.dictionaries)
    result = check(model, RANDOM.dev, CPU, ALONE)[:2]
    monkeypatch.setattr("tagger.train.trainer.INFERENCE_TOKENS", places)
    assert check(model, RANDOM.dev, CPU, ALONE)[:2] == pytest.approx(result, rel=1e-6)


def test_words_without_a_tag_are_context_alone() -> None:
    model, split = biased_model([1, 0, 0])
    expected = check(model, split, CPU, ALONE)[:2]
    data = data_of(
        [tagged("a/A b/B c/C")], [Sentence(("z", "a", "b"), ("", "A", "B")), Sentence(("z",), ("",)), tagged("a/C b/X")]
    )
    assert check(model, data.dev, CPU, ALONE)[:2] == pytest.approx(expected, rel=1e-6)


def test_a_span_begins_before_it_goes_on() -> None:
    data = data_of([tagged("a/B-P b/I-P c/O")], [tagged("a/B-P b/I-P"), tagged("a/B-P b/O c/I-P")])
    model = fresh_model(data.dictionaries)
    model.linear.weight.data.zero_()
    model.linear.bias.data.copy_(torch.tensor([0.25, 0.625, 0.125]).log())
    loss, accuracy, span_f1 = check(model, data.dev, CPU, ALONE)
    assert accuracy == 0.8  # B-P I-P and B-P I-P I-P; 0.4 if all were I-P
    assert span_f1 == 0.4  # one of two found and three gold ones
    assert loss == pytest.approx(-np.log([0.25, 0.625, 0.25, 0.125, 0.625]).mean())
