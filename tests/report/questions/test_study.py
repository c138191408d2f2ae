import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from tagger.core.corpus.encoded_split import EncodedSplit, encode
from tagger.core.corpus.lexicon import word_groups
from tagger.core.losses.definitions import LOSSES
from tagger.core.network.lstm_tagger import LstmTagger, tag_probabilities
from tagger.evaluate.metrics import score
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.questions.study import SENTENCES, one_by_one, study_losses
from tests.report_results import result_of
from tests.samples import CPU, RANDOM, data_of, fresh_model, random_corpus, tagged

HISTORY = pd.DataFrame(
    {"epoch": [1, 2, 3, 4], "dev_loss": [0.9, 0.5, np.inf, 0.4], "dev_accuracy": [0.5, 0.98, 0.985, 0.99]}
)
SUMMARY = {"best_epoch": 4}
SECTIONS = ["textbook", "equality", "precision", "comparison", "identities", "one_by_one"]


def study(models: dict[str, LstmTagger], dev: EncodedSplit = RANDOM.dev) -> dict[str, Any]:
    results = {loss: {1: result_of(model, HISTORY, SUMMARY)} for loss, model in models.items()}
    return study_losses(results, dev, word_groups(RANDOM.train, dev))


def models_of(*losses: Any) -> dict[str, LstmTagger]:
    return {loss: fresh_model(RANDOM.dictionaries, loss) for loss in losses}


TWO = study(models_of("nll", "cross_entropy"))
FIVE = study(models_of(*LOSSES))


def test_it_says_which_losses_were_trained() -> None:
    assert TWO["losses"] == ["nll", "cross_entropy"]
    assert TWO["not_trained"] == ["softmax_nll", "mse", "hinge"]
    assert FIVE["not_trained"] == []


def test_every_section_has_an_answer() -> None:
    for found in (TWO, FIVE):
        assert list(found)[-6:] == SECTIONS
        assert all(found[section]["answer"].endswith(".") for section in SECTIONS)


def test_it_is_json_and_the_same_each_time() -> None:
    assert json.dumps(TWO, allow_nan=False) == json.dumps(study(models_of("nll", "cross_entropy")))


@pytest.mark.parametrize("loss", LOSSES)
def test_the_metrics_of_a_loss_are_those_of_its_own_probabilities(loss: Any) -> None:
    (row,) = [row for row in FIVE["comparison"]["rows"] if row["loss"] == loss]
    probabilities = tag_probabilities(fresh_model(RANDOM.dictionaries, loss), RANDOM.dev, CPU)
    expected = score(TaggedSplit.of(probabilities, RANDOM.dev, word_groups(RANDOM.train, RANDOM.dev)))
    names = ("accuracy", "macro_f1", "nll", "brier", "ece")
    assert [row[name] for name in names] == pytest.approx([expected[name] for name in names], abs=2e-6)
    assert (row["best_epoch"], row["epochs_to_99"]) == (4, 3)  # the first from 0.99 * 0.99 = 0.9801 on; 0.98 is less


def test_what_a_loss_reaches_is_the_mean_over_its_seeds() -> None:
    models = {seed: fresh_model(RANDOM.dictionaries, seed=seed) for seed in (1, 2)}
    dev, groups = RANDOM.dev, word_groups(RANDOM.train, RANDOM.dev)
    results = {seed: result_of(model, HISTORY, {"best_epoch": seed}) for seed, model in models.items()}
    found = study_losses({"nll": results}, dev, groups)
    assert "under both losses of each of 2 seeds." in found["equality"]["answer"]
    one, other = (study({"nll": model})["comparison"]["rows"][0]["accuracy"] for model in models.values())
    (row,) = found["comparison"]["rows"]
    assert one != other
    assert row["accuracy"] == pytest.approx((one + other) / 2, abs=1e-6)
    assert (row["best_epoch"], row["epochs_to_99"], row["epochs_to_99_sd"]) == (1.5, 3, 0)


def test_an_answer_has_the_figures_that_were_found() -> None:
    found, dev = TWO["equality"], TWO["textbook"]["dev"]
    said = f"On dev nll has a mean of {dev['mean']:.4f} and a sum of {dev['sum']:.1f} over {dev['tokens']} words; fed"
    assert said in TWO["textbook"]["answer"]
    said = (
        f"compared on {found['batch_tokens']} words of dev with the two trained models. Largest differences: loss 0, "
    )
    assert said in found["answer"]
    assert ", weight 0. The arithmetic" in found["answer"]
    assert f"the entropy of the targets, {TWO['identities']['rows'][0]['entropy']:.4f}," in TWO["identities"]["answer"]
    assert f"in {TWO['one_by_one']['sentences']} sentences is " in TWO["one_by_one"]["answer"]


@pytest.mark.parametrize("loss", ["nll", "cross_entropy", "hinge"])
def test_if_one_of_two_is_not_trained_the_answer_names_the_model(loss: str) -> None:
    answer = study(models_of(loss))["equality"]["answer"]
    assert f" with the weights of {loss} under both losses. Largest differences: loss 0, " in answer
    assert "weight 0" not in answer


def test_equal_losses_are_named_together() -> None:
    accuracy = TWO["comparison"]["rows"][0]["accuracy"]
    assert TWO["comparison"]["answer"].startswith(f"Accuracy on dev: nll and cross_entropy {accuracy:.4f}. NLL on dev")


def test_the_training_on_softmax_is_reported_when_it_took_place() -> None:
    assert TWO["precision"]["softmax_nll"] is None
    assert FIVE["precision"]["softmax_nll"] == {"epochs": 4, "infinite_dev_epochs": 1, "dev_accuracy": 0.99}
    assert "1 of 4 epochs" in FIVE["precision"]["answer"]


def test_tags_that_the_models_do_not_know_are_left_out() -> None:
    dev = encode([tagged("as/NOUN bly/ADV cy/NEW")], RANDOM.dictionaries)
    found = study(models_of("nll"), dev)
    assert found["tokens"] == 3
    assert found["textbook"]["dev"]["tokens"] == found["precision"]["tokens"] == found["equality"]["batch_tokens"] == 2


def test_without_a_known_tag_nothing_is_measured() -> None:
    found = study(models_of("nll"), encode([tagged("a/NEW")], RANDOM.dictionaries))
    assert [found[section] for section in SECTIONS] == [None] * 6


@pytest.mark.parametrize(
    "shape", [{}, {"bidirectional": False}, {"layers": 2}, {"characters": "none", "bidirectional": False, "layers": 3}]
)
def test_word_by_word_is_the_same_only_with_the_state(shape: dict[str, Any]) -> None:
    found = one_by_one(fresh_model(RANDOM.dictionaries, **shape), RANDOM.dev)
    assert found["with_state"] < 1e-6
    assert found["without_state"] > 0.01
    assert (found["sentences"], found["tokens"]) == (20, len(RANDOM.dev.tags))


def test_in_sentences_of_one_word_there_is_no_state_to_carry() -> None:
    data = data_of([tagged("a/A b/B")], [tagged("a/A"), tagged("b/B")])
    found = one_by_one(fresh_model(data.dictionaries), data.dev)
    assert (found["with_state"], found["without_state"]) == (0, 0)
    assert found["largest_output"] > 0


def test_the_first_sentences_are_taken() -> None:
    data = data_of(random_corpus(5, seed=1), random_corpus(SENTENCES + 1, seed=2))
    found = one_by_one(fresh_model(data.dictionaries), data.dev)
    assert (found["sentences"], found["tokens"]) == (200, data.dev.sentence_starts[200])


def test_the_model_is_left_without_hooks() -> None:
    model = fresh_model(RANDOM.dictionaries)
    one_by_one(model, RANDOM.dev)
    assert not any(module._forward_hooks for module in model.modules() if isinstance(module, torch.nn.LSTM))
