import torch

from tagger.core.common.rounding import six_digits
from tagger.core.network.lstm_tagger import LstmTagger
from tagger.core.params.schema import LossName
from tagger.report.questions.equality import PAIR, equality
from tests.samples import RANDOM, batch_of, fresh_model

BATCH = batch_of(RANDOM.dev)


def model_of(loss: LossName, seed: int = 1) -> LstmTagger:
    return fresh_model(RANDOM.dictionaries, loss, seed)


def test_the_same_weights_under_both_losses_differ_in_rounding_at_most() -> None:
    found = equality([{"nll": model_of("nll"), "cross_entropy": model_of("cross_entropy")}], BATCH)
    assert found["trained"] is True
    assert found["batch_tokens"] == len(BATCH.tokens)
    difference = found["largest_difference"]
    assert {name: difference[name] for name in ("loss", "gradient", "weight")} == {
        "loss": 0,
        "gradient": 0,
        "weight": 0,
    }
    assert difference["probability"] < 1e-6
    assert found["largest"]["gradient"] > 0.001


def test_a_difference_is_seen() -> None:
    other = model_of("cross_entropy")
    with torch.no_grad():
        other.linear.bias[0] += 0.5
    found = equality([{"nll": model_of("nll"), "cross_entropy": other}], BATCH)
    assert found["largest_difference"]["weight"] == 0.5
    assert found["largest_difference"]["loss"] > 0.001
    assert found["largest_difference"]["gradient"] > 0.001
    assert found["largest_difference"]["probability"] > 0.01


def test_if_one_is_not_trained_one_models_weights_are_put_under_both() -> None:
    for loss in ("nll", "cross_entropy", "hinge"):
        model = model_of(loss)
        found = equality([{loss: model}], BATCH)
        assert found["trained"] is False
        assert found["largest_difference"]["weight"] is None
        assert found["largest_difference"]["gradient"] == 0
        assert model.loss_name == loss  # the model itself stays as it was


def test_the_gradient_is_that_of_the_mean_loss() -> None:
    model = model_of("cross_entropy")
    torch.nn.functional.cross_entropy(model(BATCH), BATCH.tags).backward()  # type: ignore[no-untyped-call]
    largest = max(
        float(weights.grad.to_dense().abs().max()) for weights in model.parameters() if weights.grad is not None
    )
    found = equality([{"nll": model_of("nll"), "cross_entropy": model_of("cross_entropy")}], BATCH)
    assert found["largest"]["gradient"] == six_digits(largest)


def test_the_largest_difference_of_all_seeds_counts() -> None:
    pairs = [{loss: model_of(loss, seed) for loss in PAIR} for seed in (1, 2, 3)]
    found = equality(pairs, BATCH)
    assert found["largest_difference"]["weight"] == 0
    with torch.no_grad():
        pairs[1]["nll"].linear.bias[0] += 0.5
    assert equality(pairs, BATCH)["largest_difference"]["weight"] == 0.5
