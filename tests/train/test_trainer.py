import copy
import io
import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tagger.core.common.errors import InputError
from tagger.core.corpus.dictionary import PADDING, UNKNOWN
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.core.corpus.word_vectors import NO_VECTORS, WordVectors
from tagger.core.network.batches import Batch
from tagger.core.params.schema import LossName
from tagger.train.process_group import ALONE
from tagger.train.trainer import Epoch, Step, Trainer, check
from tests.samples import (
    CPU,
    NO_FORMS,
    ONE_STEP,
    PLAIN,
    RANDOM,
    Data,
    batch_of,
    data_of,
    random_corpus,
    run,
    same_weights,
    tagged,
    trainer_of,
    weights_of,
)

ALL: list[LossName] = ["nll", "cross_entropy", "softmax_nll", "mse", "hinge"]
DEFAULTS: dict[str, Any] = {}
PATTERN = data_of(  # sentences of one length: ONE_STEP takes them all in one batch
    [tagged("a/A b/B c/C"), tagged("c/C a/A b/B"), tagged("b/B b/B a/A")], [tagged("c/C b/B a/A")] * 300
)  # 900 words of dev: a standard error is at most 1/60
LEARN = ONE_STEP | {"epochs": 40, "optimizer": "adam", "learning_rate": 0.1}


def script_dev(monkeypatch: pytest.MonkeyPatch, *accuracies: float, losses: Iterable[float] = ()) -> None:
    """Make the check on dev return these accuracies, one per epoch, with these losses, then 0.5."""
    results = zip(itertools.chain(losses, itertools.repeat(0.5)), accuracies, strict=False)
    monkeypatch.setattr("tagger.train.trainer.check", lambda *_: (*next(results), None))


def break_loss(trainer: Trainer, after_steps: int, value: float) -> None:
    """Replace the loss of every step after some by a value that is not finite; that of dev stays."""
    good, shards = trainer.model.loss.criterion, iter(range(10_000))  # two per step

    def criterion(outputs: Tensor, tags: Tensor) -> Tensor:
        loss = good(outputs, tags)
        return loss * value if outputs.requires_grad and next(shards) >= 2 * after_steps else loss

    trainer.model.loss = trainer.model.loss._replace(criterion=criterion)


def watch_batches(trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> list[Batch]:
    """Return a list that receives the batch of each training step as the model sees it."""
    seen: list[Batch] = []
    forward = trainer.model.forward

    def watched(batch: Batch) -> Tensor:
        seen.append(batch)
        return forward(batch)

    monkeypatch.setattr(trainer.model, "forward", watched)
    return seen


def one_step_by_hand(trainer: Trainer, data: Data) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return the weights and the gradients of a first step over the whole corpus."""
    model = copy.deepcopy(trainer.model)
    torch.nn.functional.nll_loss(model(batch_of(data.train)), batch_of(data.train).tags).backward()  # type: ignore[no-untyped-call]
    gradients = {name: value.grad.to_dense() for name, value in model.named_parameters() if value.grad is not None}
    return weights_of(trainer.model), gradients


def close(first: dict[str, Tensor], second: dict[str, Tensor]) -> None:
    torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-6)


def rates(schedule: str, epochs: int) -> list[float]:
    """Return the learning rate of each step, with one step per epoch and 1 as the highest."""
    settings = ONE_STEP | {"epochs": epochs, "schedule": schedule, "learning_rate": 1}
    return [epoch.learning_rate for epoch in run(trainer_of(PATTERN, PLAIN, settings))]


# What the seed fixes


@pytest.mark.parametrize("seed", [1, 2])
def test_nll_and_cross_entropy_end_in_the_same_bits(seed: int) -> None:
    nll, cross_entropy = (trainer_of(RANDOM, {}, DEFAULTS, loss, seed) for loss in ("nll", "cross_entropy"))
    first, second = run(nll), run(cross_entropy)
    assert same_weights(weights_of(nll.model), weights_of(cross_entropy.model))
    assert [epoch[:5] for epoch in first] == [epoch[:5] for epoch in second]
    assert nll.summary() == cross_entropy.summary()


@pytest.mark.parametrize("loss", ALL)
def test_one_seed_gives_the_same_bits_again(loss: LossName) -> None:
    first, second = (trainer_of(RANDOM, {}, DEFAULTS, loss) for _ in range(2))
    assert [epoch[:5] for epoch in run(first)] == [epoch[:5] for epoch in run(second)]
    assert same_weights(weights_of(first.model), weights_of(second.model))


def test_another_seed_gives_other_weights() -> None:
    first, second = (trainer_of(RANDOM, {}, DEFAULTS, seed=seed) for seed in (1, 2))
    run(first), run(second)
    assert not same_weights(weights_of(first.model), weights_of(second.model))


def test_random_numbers_drawn_elsewhere_change_nothing() -> None:
    alone, disturbed = trainer_of(RANDOM, {}, DEFAULTS), trainer_of(RANDOM, {}, DEFAULTS)
    run(alone)
    for _ in disturbed.epochs():
        torch.rand(5)
    assert same_weights(weights_of(alone.model), weights_of(disturbed.model))


def test_the_first_weights_are_the_same_for_every_loss() -> None:
    first, *others = [weights_of(trainer_of(RANDOM, {}, DEFAULTS, loss).model) for loss in ALL]
    assert all(same_weights(first, other) for other in others)


# Pretrained vectors

VECTORS = WordVectors(np.array([4, 2], dtype=np.int32), np.array([[0.5] * 7, [-1.5] * 7], dtype=np.float32))


def test_words_that_have_a_vector_begin_with_it_and_all_else_as_without() -> None:
    without, begun = (weights_of(trainer_of(RANDOM, {}, {}, vectors=part).model) for part in (NO_VECTORS, VECTORS))
    embedding = without["word_embedding.weight"].clone()
    embedding[4], embedding[2] = 0.5, -1.5
    assert same_weights(begun, without | {"word_embedding.weight": embedding})


def test_vectors_are_trained_on() -> None:
    trainer = trainer_of(RANDOM, {}, {"epochs": 1}, vectors=VECTORS)
    run(trainer)
    row = trainer.model.word_embedding.weight[4]
    assert not torch.equal(row, torch.full((7,), 0.5))
    torch.testing.assert_close(row, torch.full((7,), 0.5), rtol=0, atol=0.2)


# What is learnt


@pytest.mark.parametrize("loss", ALL)
def test_every_loss_learns_a_small_pattern(loss: LossName) -> None:
    trainer = trainer_of(PATTERN, {"dropout": 0}, LEARN, loss)
    run(trainer)
    assert check(trainer.model, PATTERN.train, CPU, ALONE)[1] == 1
    assert check(trainer.model, PATTERN.dev, CPU, ALONE)[1] == 1


def test_endings_are_learnt_by_the_characters() -> None:
    trainer = trainer_of(RANDOM, {"dropout": 0}, {"epochs": 12, "learning_rate": 0.02})
    assert run(trainer)[-1].dev_accuracy > 0.95


def test_the_tutorial_tags_its_test_sentence() -> None:
    train = [tagged("The/DET dog/NN chased/V the/DET cat/NN"), tagged("Nobody/NN heard/V that/DET song/NN")]
    test = [tagged("The/DET cat/NN heard/V that/DET dog/NN")]
    settings = ONE_STEP | {"epochs": 300, "batch_tokens": 1}
    trainer = trainer_of(data_of(train, test, lowercase=False), PLAIN | {"word_dim": 6, "hidden": 6}, settings)
    assert run(trainer)[-1].dev_accuracy == 1
    assert check(trainer.model, data_of(train, test, lowercase=False).dev, CPU, ALONE)[1] == 1


def test_words_of_unknown_characters_are_told_apart_by_their_shapes() -> None:
    train = "Abe/NAME Bec/NAME Cad/NAME Dee/NAME add/VERB bade/VERB cede/VERB dab/VERB 11/NUM 23/NUM 45/NUM 60/NUM"
    data = data_of(
        [tagged(word) for word in train.split()], [tagged(word) for word in ("Žůř/NAME", "žůř/VERB", "٧٨/NUM")]
    )
    model = {"characters": "none", "affix_dim": 8, "dropout": 0}
    assert run(trainer_of(data, model, LEARN | {"word_dropout": 1}))[-1].dev_accuracy == 1


def test_the_tutorial_takes_a_sentence_a_step() -> None:
    steps: list[Step] = []
    data = data_of([tagged("a/A b/B c/C"), tagged("c/C a/A"), tagged("b/B b/B a/A c/C")], [tagged("a/A")])
    run(trainer_of(data, PLAIN, ONE_STEP | {"batch_tokens": 1}, on_step=steps.append))
    assert sorted(step.tokens for step in steps) == [2, 3, 4]


@pytest.mark.parametrize(("rate", "trained"), [(0.25, True), (0, False)])
def test_the_vector_of_unknown_words_is_trained_by_word_dropout_alone(rate: float, trained: bool) -> None:
    trainer = trainer_of(RANDOM, {}, {"word_dropout": rate})
    before = trainer.model.word_embedding.weight[UNKNOWN].clone()
    run(trainer)
    assert torch.equal(trainer.model.word_embedding.weight[UNKNOWN], before) is not trained


@pytest.mark.parametrize(("rate", "trained"), [(5, True), (0, False)])
def test_the_vector_of_unknown_characters_is_trained_by_word_dropout_alone(rate: float, trained: bool) -> None:
    trainer = trainer_of(RANDOM, {}, {"word_dropout": rate})
    assert trainer.model.character_encoder is not None
    weights = trainer.model.character_encoder.embedding.weight
    before = weights[UNKNOWN].clone()
    run(trainer)
    assert torch.equal(weights[UNKNOWN], before) is not trained


def test_a_word_is_dropped_by_its_count(monkeypatch: pytest.MonkeyPatch) -> None:
    # "a" is seen 200 times and "b" 50: 100 / (100 + 200) and 100 / (100 + 50)
    data = data_of([tagged("a/A a/A a/A a/A b/B")] * 50, [tagged("a/A")])
    trainer = trainer_of(data, PLAIN, ONE_STEP | {"epochs": 40, "word_dropout": 100})
    seen = watch_batches(trainer, monkeypatch)
    run(trainer)
    dropped = torch.stack([batch.words == UNKNOWN for batch in seen]).double().mean(dim=(0, 2))
    assert dropped[:4].mean().item() == pytest.approx(1 / 3, abs=0.01)
    assert dropped[4].item() == pytest.approx(2 / 3, abs=0.02)


def test_padding_is_never_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = trainer_of(RANDOM, {}, {"epochs": 1, "word_dropout": 100})
    seen = watch_batches(trainer, monkeypatch)
    run(trainer)
    for batch in seen:
        past_end = torch.arange(len(batch.words))[:, None] >= batch.lengths
        assert (batch.words == PADDING).tolist() == past_end.tolist()


@pytest.mark.parametrize("train", [DEFAULTS, {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.1}])
def test_the_vector_of_padding_stays_zero(train: dict[str, Any]) -> None:
    trainer = trainer_of(RANDOM, {"characters": "lstm"}, train)
    run(trainer)
    assert trainer.model.character_encoder is not None
    assert not trainer.model.word_embedding.weight[PADDING].any()
    assert trainer.model.affix_embedding is not None
    assert not trainer.model.character_encoder.embedding.weight[PADDING].any()
    assert not trainer.model.affix_embedding.weight[PADDING].any()


@pytest.mark.parametrize("batch_tokens", [1, 40, 10_000])
def test_train_loss_is_the_mean_over_the_real_tokens(batch_tokens: int) -> None:
    still = ONE_STEP | {"learning_rate": 1e-30, "batch_tokens": batch_tokens}
    trainer = trainer_of(RANDOM, {"dropout": 0}, still)
    batches = [batch_of(RANDOM.train, sentence) for sentence in range(RANDOM.train.sentences)]
    losses = torch.cat([-trainer.model(batch)[torch.arange(len(batch.tags)), batch.tags] for batch in batches])
    (epoch,) = run(trainer)
    assert epoch.train_loss == pytest.approx(losses.mean().item(), rel=1e-5)


def test_tags_of_dev_that_train_lacks_count_as_wrong() -> None:
    data = data_of([tagged("a/A b/B c/C")] * 3, [tagged("a/A b/NEW c/C a/OTHER")])
    trainer = trainer_of(data, {"dropout": 0}, LEARN)
    epoch = run(trainer)[-1]
    assert epoch.dev_accuracy == 0.5
    assert epoch.dev_loss < 0.1


# Which epoch is kept


def test_training_stops_after_epochs_without_a_better_accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    script_dev(monkeypatch, 0.5, 0.6, 0.6, 0.55, 0.9)
    trainer = trainer_of(PATTERN, PLAIN, ONE_STEP | {"epochs": 5, "patience": 2})
    assert [epoch.number for epoch in run(trainer)] == [1, 2, 3, 4]
    assert trainer.summary()["best_epoch"] == 3
    assert trainer.summary()["epochs"] == 4


def test_a_lower_loss_at_the_same_accuracy_renews_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    script_dev(monkeypatch, *[0.5] * 6, losses=[0.5, 0.6, 0.4, 0.6, 0.6, 0.6])
    trainer = trainer_of(PATTERN, PLAIN, ONE_STEP | {"epochs": 6, "patience": 2})
    assert len(run(trainer)) == 5


def test_an_epoch_that_is_only_within_the_standard_error_does_not_renew_the_patience(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script_dev(monkeypatch, 0.6, 0.599, 0.599, 0.599)
    trainer = trainer_of(PATTERN, PLAIN, ONE_STEP | {"epochs": 4, "patience": 2})
    assert len(run(trainer)) == 3
    assert trainer.summary()["best_epoch"] == 3


def test_a_better_epoch_renews_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    script_dev(monkeypatch, 0.5, 0.4, 0.6, 0.5, 0.7, 0.6)
    trainer = trainer_of(PATTERN, PLAIN, ONE_STEP | {"epochs": 6, "patience": 2})
    assert len(run(trainer)) == 6


def test_without_patience_every_epoch_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    script_dev(monkeypatch, 0.9, *[0.1] * 9)
    assert len(run(trainer_of(PATTERN, PLAIN, ONE_STEP | {"epochs": 10}))) == 10


@pytest.mark.parametrize(
    ("accuracies", "best"),
    [
        ((0.1, 0.3, 0.2), 2),
        ((0.3, 0.2, 0.1), 1),
        ((0.1, 0.2, 0.3), 3),
        ((0.3, 0.3, 0.3), 3),
        # With 900 words, sqrt(0.8 * 0.2 / 900) = 0.0133 is the standard error of 0.8, and 0 that of 1.
        ((0.8, 0.787, 0.5), 2),
        ((0.8, 0.5, 0.787), 3),
        ((0.8, 0.786, 0.5), 1),
        ((0.787, 0.8, 0.786), 2),
        ((0.78, 0.79, 0.8), 3),
        ((1.0, 1.0, 0.999), 2),
        ((0.0, 0.0, 0.0), 3),
    ],
)
def test_the_weights_of_the_last_epoch_within_a_standard_error_of_the_highest_accuracy_are_kept(
    accuracies: tuple[float, ...], best: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    script_dev(monkeypatch, *accuracies)
    trainer = trainer_of(PATTERN, {}, {"epochs": 3, "min_batches": 1})
    after_epoch = {epoch.number: weights_of(trainer.model) for epoch in trainer.epochs()}
    assert [number for number in after_epoch if same_weights(after_epoch[number], weights_of(trainer.model))] == [best]


def test_the_best_epoch_is_chosen_by_spans_where_the_tags_mark_them(monkeypatch: pytest.MonkeyPatch) -> None:
    # The standard error of 0.6 with 100 spans, of 300 words, is 0.049.
    data = data_of([tagged("a/B-P b/I-P c/O")], [tagged("a/B-P b/I-P c/O")] * 100)
    results = iter([(0.5, 0.9, 0.54), (0.5, 0.8, 0.6), (0.5, 0.7, 0.552), (0.5, 0.95, 0.55)])
    monkeypatch.setattr("tagger.train.trainer.check", lambda *_: next(results))
    trainer = trainer_of(data, PLAIN, ONE_STEP | {"epochs": 4})
    assert [epoch.dev_span_f1 for epoch in run(trainer)] == [0.54, 0.6, 0.552, 0.55]
    assert (trainer.summary()["best_epoch"], trainer.summary()["best_dev_accuracy"]) == (3, 0.7)


def test_a_dev_split_without_spans_keeps_the_last_epoch() -> None:
    data = data_of([tagged("a/B-P b/I-P c/O")], [tagged("a/O b/O")])
    trainer = trainer_of(data, PLAIN, ONE_STEP | {"epochs": 3})
    assert [epoch.dev_span_f1 for epoch in run(trainer)] == [0, 0, 0]
    assert trainer.summary()["best_epoch"] == 3


def test_the_kept_model_has_the_accuracy_of_the_best_epoch() -> None:
    trainer = trainer_of(RANDOM, {}, {"epochs": 6, "learning_rate": 0.3, "schedule": "constant"}, seed=3)
    accuracies = [epoch.dev_accuracy for epoch in run(trainer)]
    assert accuracies[-1] < max(accuracies)
    assert check(trainer.model, RANDOM.dev, CPU, ALONE)[1] == max(accuracies)


def test_the_summary_has_the_figures_of_the_best_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    script_dev(monkeypatch, 0.25, 2 / 3, 0.5, losses=[2, 1.23456789, 1])
    trainer = trainer_of(PATTERN, PLAIN, ONE_STEP | {"epochs": 3})
    epochs = run(trainer)
    # 5 word ids of 7 numbers; 4 gates of 5 cells that read 7 + 5 numbers and have two biases; 3 tags from 5 cells
    parameters = 5 * 7 + 4 * 5 * (7 + 5 + 2) + 3 * (5 + 1)
    assert trainer.summary() == {
        "best_epoch": 2,
        "best_dev_accuracy": 0.666667,
        "best_dev_loss": 1.234568,
        "best_train_loss": round(epochs[1].train_loss, 6),
        "epochs": 3,
        "parameters": parameters,
    }


def test_there_is_no_summary_before_training() -> None:
    with pytest.raises(ValueError, match="empty"):
        trainer_of(PATTERN, PLAIN, ONE_STEP).summary()


# Steps


def test_sgd_takes_the_learning_rate_times_the_gradient() -> None:
    trainer = trainer_of(PATTERN, PLAIN, ONE_STEP)
    weights, gradients = one_step_by_hand(trainer, PATTERN)
    run(trainer)
    close(weights_of(trainer.model), {name: weights[name] - 0.1 * gradients[name] for name in weights})


def test_weight_decay_pulls_to_zero() -> None:
    trainer = trainer_of(PATTERN, PLAIN, ONE_STEP | {"weight_decay": 0.5})
    weights, gradients = one_step_by_hand(trainer, PATTERN)
    run(trainer)
    expected = {name: weights[name] - 0.1 * (gradients[name] + 0.5 * weights[name]) for name in weights}
    close(weights_of(trainer.model), expected)


def test_momentum_adds_a_share_of_the_step_before(monkeypatch: pytest.MonkeyPatch) -> None:
    script_dev(monkeypatch, 0.1, 0.2)
    trainer = trainer_of(PATTERN, PLAIN, ONE_STEP | {"epochs": 2, "momentum": 0.9})
    _, first = one_step_by_hand(trainer, PATTERN)
    epochs = trainer.epochs()
    next(epochs)
    weights, second = one_step_by_hand(trainer, PATTERN)
    assert len(list(epochs)) == 1
    expected = {name: weights[name] - 0.1 * (0.9 * first[name] + second[name]) for name in weights}
    close(weights_of(trainer.model), expected)


def test_the_first_step_of_adam_has_the_length_of_the_learning_rate() -> None:
    trainer = trainer_of(PATTERN, PLAIN, ONE_STEP | {"optimizer": "adam", "learning_rate": 0.01})
    weights, gradients = one_step_by_hand(trainer, PATTERN)
    run(trainer)
    for name, value in weights_of(trainer.model).items():
        clear = gradients[name].abs() > 1e-4
        torch.testing.assert_close(
            (value - weights[name])[clear], -0.01 * gradients[name].sign()[clear], rtol=1e-2, atol=0
        )


def test_adam_takes_its_betas_from_the_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    script_dev(monkeypatch, 0.1, 0.2)
    adam = {"epochs": 2, "optimizer": "adam", "learning_rate": 0.01, "adam_betas": [0.5, 0.75]}
    trainer = trainer_of(PATTERN, PLAIN, ONE_STEP | adam)
    _, first = one_step_by_hand(trainer, PATTERN)
    epochs = trainer.epochs()
    next(epochs)
    weights, second = one_step_by_hand(trainer, PATTERN)
    assert len(list(epochs)) == 1
    for name, value in weights_of(trainer.model).items():
        in_table = name == "word_embedding.weight"  # whose rows have no momentum
        mean = second[name] if in_table else (0.25 * first[name] + 0.5 * second[name]) / (1 - 0.5**2)
        square = (0.75 * 0.25 * first[name] ** 2 + 0.25 * second[name] ** 2) / (1 - 0.75**2)
        torch.testing.assert_close(value, weights[name] - 0.01 * mean / (square.sqrt() + 1e-8), rtol=1e-4, atol=1e-5)


def test_clipping_bounds_the_length_of_a_step() -> None:
    bound = 0.05
    trainer = trainer_of(PATTERN, PLAIN, ONE_STEP | {"learning_rate": 1, "clip_norm": bound})
    weights, gradients = one_step_by_hand(trainer, PATTERN)
    length = torch.cat([gradient.flatten() for gradient in gradients.values()]).norm()
    assert length > 2 * bound
    run(trainer)
    close(weights_of(trainer.model), {name: weights[name] - gradients[name] * bound / length for name in weights})


def test_a_short_step_is_not_clipped() -> None:
    clipped, free = (trainer_of(PATTERN, PLAIN, ONE_STEP | {"clip_norm": bound}) for bound in (100, 0))
    run(clipped), run(free)
    close(weights_of(clipped.model), weights_of(free.model))


def test_the_constant_schedule_keeps_the_learning_rate() -> None:
    assert rates("constant", 5) == [1, 1, 1, 1, 1]


def test_the_linear_schedule_falls_evenly_from_the_highest() -> None:
    found = rates("linear", 10)
    falls = [before - after for before, after in itertools.pairwise(found)]
    assert found[0] == 1
    assert falls == pytest.approx([falls[0]] * 9)
    assert 0 < found[-1] <= 0.2


def test_the_one_cycle_schedule_rises_to_the_highest_and_falls_to_almost_nothing() -> None:
    found = rates("one_cycle", 19)
    assert found[0] == pytest.approx(1 / 25)
    assert found[5] == pytest.approx(1)
    assert found[:6] == sorted(found[:6])
    assert found[5:] == sorted(found[5:], reverse=True)
    assert 0 < found[-1] < 0.02


@pytest.mark.parametrize("schedule", ["constant", "linear", "one_cycle"])
def test_a_single_step_is_enough_for_a_schedule(schedule: str) -> None:
    assert len(rates(schedule, 1)) == 1


@pytest.mark.parametrize("schedule", ["linear", "one_cycle"])
def test_a_schedule_spans_the_steps_of_all_epochs(schedule: str) -> None:
    settings = ONE_STEP | {"epochs": 4, "batch_tokens": 1, "schedule": schedule}
    epochs = run(trainer_of(PATTERN, PLAIN, settings | {"learning_rate": 1}))
    assert epochs[0].learning_rate > 0.3
    assert epochs[-1].learning_rate < 0.2


@pytest.mark.parametrize(("min_batches", "steps"), [(1, 1), (5, 5), (10, 10)])
def test_a_small_corpus_gets_smaller_batches(min_batches: int, steps: int) -> None:
    data = data_of([tagged("a/A b/B c/C d/D")] * 10, [tagged("a/A")])
    seen: list[Step] = []
    run(trainer_of(data, PLAIN, ONE_STEP | {"min_batches": min_batches}, on_step=seen.append))
    assert [step.done for step in seen] == list(range(1, steps + 1))


@pytest.mark.parametrize(
    ("words", "min_batches", "steps", "passes"),
    [
        (12, 50, 12, 5),
        (1200, 50, 12, 5),
        (2400, 50, 12, 5),
        (4000, 50, 20, 3),
        (10_000, 50, 50, 1),
        (20_000, 50, 50, 1),
    ],
)
def test_a_pass_over_a_tiny_corpus_has_batches_of_a_twelfth_or_200_words(
    words: int, min_batches: int, steps: int, passes: int
) -> None:
    data = data_of([tagged("a/A")] * words, [tagged("a/A")])
    seen: list[Step] = []
    run(trainer_of(data, PLAIN, ONE_STEP | {"min_batches": min_batches}, on_step=seen.append))
    assert len(seen) == steps * passes
    assert sum(step.tokens for step in seen) == words * passes


@pytest.mark.parametrize(("words", "min_batches", "shards"), [(500, 1, 2), (499, 1, 1), (1500, 3, 2), (1497, 3, 1)])
def test_a_small_batch_is_one_shard(words: int, min_batches: int, shards: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = data_of([tagged("a/A")] * words, [tagged("a/A")])
    trainer = trainer_of(data, PLAIN, ONE_STEP | {"min_batches": min_batches, "shards": "auto"})
    seen = watch_batches(trainer, monkeypatch)
    run(trainer)
    assert len(seen) == min_batches * shards
    assert trainer.inputs._replace(device=torch.device("cuda")).shards == 1


@pytest.mark.parametrize(("min_batches", "passes"), [(3, 1), (4, 2), (6, 2), (7, 3)])
def test_a_tiny_corpus_is_read_several_times_in_an_epoch(min_batches: int, passes: int) -> None:
    data = data_of([tagged("a/A b/B"), tagged("c/C"), tagged("d/D a/A b/B c/C")], [tagged("a/A")])
    seen: list[Step] = []
    settings = ONE_STEP | {"epochs": 2, "min_batches": min_batches, "schedule": "linear"}
    epochs = run(trainer_of(data, PLAIN, settings, on_step=seen.append))
    assert [(step.epoch, step.done) for step in seen] == [(n, i + 1) for n in (1, 2) for i in range(3 * passes)]
    assert {step.steps for step in seen} == {3 * passes}
    for first in range(0, len(seen), 3):
        assert sorted(step.tokens for step in seen[first : first + 3]) == [1, 2, 4]
    for epoch in epochs:
        total = sum(step.loss * step.tokens for step in seen if step.epoch == epoch.number)
        assert epoch.train_loss == pytest.approx(total / (7 * passes))
        assert epoch.tokens_per_second == pytest.approx(7 * passes / epoch.seconds)
    share = 1 / (6 * passes)  # the schedule falls over all steps from 1 to this
    assert epochs[-1].learning_rate == pytest.approx(0.1 * (1 - (1 - share) ** 2))


def test_batches_stay_within_their_tokens() -> None:
    seen: list[Step] = []
    run(trainer_of(RANDOM, PLAIN, ONE_STEP | {"batch_tokens": 30}, on_step=seen.append))
    assert max(step.tokens for step in seen) <= 30


@pytest.mark.parametrize(
    ("model", "read"), [(NO_FORMS, False), ({"affix_dim": 0}, True), ({"characters": "none"}, True), (DEFAULTS, True)]
)
def test_batches_have_forms_where_the_network_reads_them(
    monkeypatch: pytest.MonkeyPatch, model: dict[str, Any], read: bool
) -> None:
    trainer = trainer_of(RANDOM, model, ONE_STEP)
    seen = watch_batches(trainer, monkeypatch)
    run(trainer)
    assert seen
    assert all(bool(batch.groups) == read for batch in seen)


def test_every_step_is_reported() -> None:
    seen: list[Step] = []
    epochs = run(trainer_of(RANDOM, {}, {"epochs": 2}, on_step=seen.append))
    steps = len(seen) // 2
    assert [(step.epoch, step.done, step.steps) for step in seen] == [
        (epoch, done, steps) for epoch in (1, 2) for done in range(1, steps + 1)
    ]
    for epoch in epochs:
        own = [step for step in seen if step.epoch == epoch.number]
        assert sum(step.tokens for step in own) == len(RANDOM.train.forms)
        total = sum(step.loss * step.tokens for step in own)
        assert epoch.train_loss == pytest.approx(total / len(RANDOM.train.forms))


def test_each_epoch_has_another_order() -> None:
    seen: list[Step] = []
    data = data_of(random_corpus(20, seed=5), [tagged("a/A")])
    run(trainer_of(data, PLAIN, ONE_STEP | {"epochs": 2, "batch_tokens": 1}, on_step=seen.append))
    orders = [[step.tokens for step in seen if step.epoch == epoch] for epoch in (1, 2)]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


def test_an_epoch_says_how_long_it_took() -> None:
    for epoch in run(trainer_of(PATTERN, {}, {"min_batches": 3})):
        assert epoch.seconds > 0
        assert epoch.tokens_per_second == pytest.approx(9 / epoch.seconds)


# A loss that is no finite number


def test_a_huge_learning_rate_is_a_clear_error() -> None:
    settings = ONE_STEP | {"learning_rate": 100, "batch_tokens": 1}
    trainer = trainer_of(RANDOM, {"dropout": 0}, settings, "softmax_nll")
    with pytest.raises(InputError) as caught:
        run(trainer)
    assert str(caught.value) == (
        "the loss of 'softmax_nll' became infinite or NaN in epoch 1; expected a train.learning_rate below 100.0"
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_loss_that_is_not_finite_in_the_first_epoch_is_a_clear_error(value: float) -> None:
    trainer = trainer_of(RANDOM, {}, DEFAULTS)
    break_loss(trainer, after_steps=1, value=value)
    with pytest.raises(InputError, match=r"^the loss of 'nll' became infinite or NaN in epoch 1; "):
        run(trainer)


def test_a_loss_that_is_not_finite_ends_training_before_the_epoch_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagger.train.trainer.LOOK_EVERY", 2)
    seen: list[Step] = []
    trainer = trainer_of(RANDOM, {}, DEFAULTS, on_step=seen.append)
    break_loss(trainer, after_steps=2, value=float("nan"))
    with pytest.raises(InputError):
        run(trainer)
    assert [step.done for step in seen] == [1, 2, 3]  # it looks at the loss of the fourth


class Waits(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes the operations that wait for a GPU, while it watches: their result decides what the CPU does next."""

    ASKING = ("_local_scalar_dense", "equal", "masked_select", "nonzero", "unique")

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.watching, self.found = False, list[str]()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        by_flags = name.startswith("index") and any(
            each is not None and each.dtype == torch.bool for each in tree_leaves(args[1:]) if isinstance(each, Tensor)
        )
        if self.watching and (by_flags or name.strip("_") in {each.strip("_") for each in self.ASKING}):
            self.found.append(name)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("characters", ["cnn", "lstm"])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_step_does_not_wait_for_the_device(monkeypatch: pytest.MonkeyPatch, characters: str, optimizer: str) -> None:
    waits, to, tagged = Waits(), Batch.to, Batch.tagged

    def on_the_cpu(batch: Batch) -> Batch:
        waits.watching = False
        return tagged(batch)

    def on_the_device(batch: Batch, device: torch.device) -> Batch:
        waits.watching = True
        return to(batch, device)

    def done(_: Step) -> None:
        waits.watching = False

    monkeypatch.setattr("tagger.train.trainer.check", lambda *_: (1.0, 0.5, None))  # after the steps
    monkeypatch.setattr(Batch, "tagged", on_the_cpu)
    monkeypatch.setattr(Batch, "to", on_the_device)
    trainer = trainer_of(RANDOM, {"characters": characters}, ONE_STEP | {"optimizer": optimizer}, on_step=done)
    with waits:
        trainer._run_epoch(1, ALONE)
        assert waits.found == []
        waits.watching = True
        float(torch.ones(()))
    assert waits.found == ["_local_scalar_dense"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_later_keeps_the_best_epoch(value: float) -> None:
    trainer = trainer_of(PATTERN, PLAIN, ONE_STEP | {"epochs": 9})
    break_loss(trainer, after_steps=2, value=value)
    after_epoch = {epoch.number: weights_of(trainer.model) for epoch in trainer.epochs()}
    assert list(after_epoch) == [1, 2]
    assert same_weights(weights_of(trainer.model), after_epoch[int(trainer.summary()["best_epoch"] or 0)])
    assert all(value.isfinite().all() for value in weights_of(trainer.model).values())
    assert trainer.summary()["epochs"] == 2


def test_a_dev_loss_that_is_infinite_is_none_in_the_summary_and_training_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script_dev(monkeypatch, 0.5, 0.6, 0.7, losses=[float("inf")] * 3)
    trainer = trainer_of(PATTERN, PLAIN, ONE_STEP | {"epochs": 3})
    run(trainer)
    assert trainer.summary()["best_epoch"] == 3
    assert trainer.summary()["best_dev_loss"] is None


def test_a_dev_loss_that_is_no_number_in_the_first_epoch_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    script_dev(monkeypatch, 0.5, 0.5, 0.5, losses=[float("nan")] * 3)
    with pytest.raises(InputError, match=r"^the loss of 'nll' became infinite or NaN in epoch 1; "):
        run(trainer_of(PATTERN, PLAIN, ONE_STEP | {"epochs": 3}))


def test_weights_that_are_no_numbers_after_the_last_step_are_not_kept() -> None:
    trainer = trainer_of(PATTERN, PLAIN, ONE_STEP | {"epochs": 3})
    numbers = []
    for epoch in trainer.epochs():
        numbers.append(epoch.number)
        trainer.model.linear.weight.register_hook(lambda gradient: gradient * float("nan"))  # type: ignore[no-untyped-call]
    assert numbers == [1]
    assert all(value.isfinite().all() for value in weights_of(trainer.model).values())


# Resuming after a break

FEW = data_of(random_corpus(12, seed=1), random_corpus(6, seed=2))
FEW_STEPS: dict[str, Any] = {"epochs": 3, "min_batches": 3, "learning_rate": 0.05}


def train_in_parts(trainers: Iterable[Trainer], after: int) -> tuple[Trainer, list[Epoch]]:
    """Train to the end of an epoch with the first trainer, then to the last with another that has its state."""
    first, second = trainers
    done = list(itertools.islice(first.epochs(), after))
    if after:  # the state is saved once an epoch is done
        file = io.BytesIO()
        torch.save(first.state_dict(), file)
        file.seek(0)
        second.load_state_dict(torch.load(file, weights_only=True))
    return second, done + list(second.epochs())


def lasting(epochs: Iterable[Epoch]) -> list[tuple[float, ...]]:
    """Return what does not change from run to run."""
    return [epoch[:5] for epoch in epochs]


@pytest.mark.parametrize("schedule", ["constant", "one_cycle", "linear"])
@pytest.mark.parametrize("optimizer", [{"optimizer": "adam"}, {"optimizer": "sgd", "momentum": 0.9}])
def test_a_training_that_breaks_off_and_goes_on_ends_in_the_same_bits(optimizer: dict[str, Any], schedule: str) -> None:
    settings = optimizer | FEW_STEPS | {"epochs": 4, "schedule": schedule, "weight_decay": 0.01}
    whole = trainer_of(FEW, {}, settings)
    undisturbed = lasting(run(whole))
    assert len({rate for _, rate, *_ in undisturbed}) == (1 if schedule == "constant" else 4)
    for after in range(5):
        trainer, epochs = train_in_parts([trainer_of(FEW, {}, settings) for _ in range(2)], after)
        assert lasting(epochs) == undisturbed
        assert lasting(trainer.history) == undisturbed
        assert trainer.summary() == whole.summary()
        assert same_weights(weights_of(trainer.model), weights_of(whole.model))


@pytest.mark.parametrize("loss", ALL)
def test_every_loss_goes_on(loss: LossName) -> None:
    whole = trainer_of(FEW, {}, FEW_STEPS, loss)
    run(whole)
    trainer, _ = train_in_parts([trainer_of(FEW, {}, FEW_STEPS, loss) for _ in range(2)], 1)
    assert trainer.summary() == whole.summary()
    assert same_weights(weights_of(trainer.model), weights_of(whole.model))


def test_a_training_can_break_off_after_every_epoch() -> None:
    whole = trainer_of(FEW, {}, FEW_STEPS)
    run(whole)
    trainer = trainer_of(FEW, {}, FEW_STEPS)
    for _ in range(3):
        next(trainer.epochs())
        state = copy.deepcopy(trainer.state_dict())
        trainer = trainer_of(FEW, {}, FEW_STEPS)
        trainer.load_state_dict(state)
    assert run(trainer) == []
    assert lasting(trainer.history) == lasting(whole.history)
    assert same_weights(weights_of(trainer.model), weights_of(whole.model))


@pytest.mark.parametrize(
    "change",
    [
        {"number": 2},
        {"dev_accuracy": 1.5},
        {"dev_accuracy": float("nan")},
        {"dev_loss": None},
        {"dev_span_f1": "x"},
    ],
)
def test_a_state_with_epochs_that_no_training_has_is_refused(change: dict[str, Any]) -> None:
    first, second = (trainer_of(PATTERN, PLAIN, ONE_STEP | {"epochs": 9}) for _ in range(2))
    next(first.epochs())
    state = first.state_dict()
    with pytest.raises(ValueError, match=r"such epochs|list\[Epoch\]"):
        second.load_state_dict(state | {"history": [tuple(first.history[0]._replace(**change))]})
    with pytest.raises(ValueError, match=r"list\[Epoch\]"):
        second.load_state_dict(state | {"history": [(1, 2)]})
    second.load_state_dict(state)


def test_the_times_of_the_epochs_before_a_break_are_kept() -> None:
    trainer, epochs = train_in_parts([trainer_of(PATTERN, PLAIN, ONE_STEP | {"epochs": 3}) for _ in range(2)], 2)
    assert trainer.history == epochs


def test_the_best_epoch_before_a_break_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for after in range(1, 5):
        script_dev(monkeypatch, 0.5, 0.9, 0.6, 0.7)
        first, second = (trainer_of(PATTERN, {}, {"epochs": 4, "min_batches": 1}) for _ in range(2))
        weights = {}
        for epoch in itertools.islice(first.epochs(), after):
            weights[epoch.number] = weights_of(first.model)
        second.load_state_dict(copy.deepcopy(first.state_dict()))
        weights |= {epoch.number: weights_of(second.model) for epoch in second.epochs()}
        assert list(weights) == [1, 2, 3, 4]
        assert second.summary()["best_epoch"] == 2
        assert same_weights(weights_of(second.model), weights[2])


@pytest.mark.parametrize("after", range(1, 5))
def test_the_patience_counts_across_a_break(after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    script_dev(monkeypatch, 0.5, 0.6, 0.6, 0.55, 0.9, 0.9)
    settings = ONE_STEP | {"epochs": 6, "patience": 2}
    trainer, epochs = train_in_parts([trainer_of(PATTERN, PLAIN, settings) for _ in range(2)], after)
    assert [epoch.number for epoch in epochs] == [1, 2, 3, 4]
    assert trainer.summary()["best_epoch"] == 3
    assert trainer.summary()["epochs"] == 4


@pytest.mark.parametrize("settings", [{"epochs": 3}, {"epochs": 9, "patience": 2}])
def test_a_trainer_whose_epochs_are_all_run_has_the_best_weights_and_runs_none(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    script_dev(monkeypatch, 0.9, 0.8, 0.7)
    first, second = (trainer_of(PATTERN, PLAIN, ONE_STEP | settings) for _ in range(2))
    epochs = run(first)
    assert len(epochs) == 3
    second.load_state_dict(first.state_dict())
    assert run(second) == []
    assert second.history == epochs
    assert second.summary() == first.summary()
    assert same_weights(weights_of(second.model), weights_of(first.model))


def test_a_loss_that_is_not_finite_after_a_break_keeps_the_best_epoch() -> None:
    first, second = (trainer_of(PATTERN, PLAIN, ONE_STEP | {"epochs": 9}) for _ in range(2))
    next(first.epochs())
    second.load_state_dict(first.state_dict())
    best = weights_of(second.model)
    break_loss(second, after_steps=0, value=float("nan"))
    assert run(second) == []
    assert second.summary()["epochs"] == 1
    assert same_weights(weights_of(second.model), best)


@pytest.mark.parametrize("loss", ALL)
@pytest.mark.parametrize("shards", [1, 4])
def test_words_without_a_tag_are_read_but_not_learned_from(loss: LossName, shards: int) -> None:
    holes = [Sentence(("a", "b", "c"), ("A", "", "C")), Sentence(("z", "a", "b"), ("", "", "B"))]
    data = data_of([tagged("b/B c/C a/A"), *holes, Sentence(("y", "a", "a"), ())], [tagged("c/C b/B a/A")])
    trainer = trainer_of(data, PLAIN, ONE_STEP | {"shards": shards}, loss)
    model, expected = copy.deepcopy(trainer.model), []
    batch = batch_of(data.train)
    for place, tag in enumerate(batch.tags.tolist()):
        if tag >= 0:
            expected.append(model.loss.criterion(model(batch)[[place]], batch.tags[[place]]))
    mean = torch.stack(expected).mean()
    mean.backward()  # type: ignore[no-untyped-call]
    (epoch,) = trainer.epochs()
    assert (len(expected), len(batch.tags)) == (6, 12)
    assert epoch.train_loss == pytest.approx(mean.item(), rel=1e-5)
    for name, before in model.named_parameters():
        gradient = before.grad.to_dense() if before.grad is not None else 0
        torch.testing.assert_close(trainer.model.state_dict()[name], before - 0.1 * gradient, rtol=1e-4, atol=1e-6)
