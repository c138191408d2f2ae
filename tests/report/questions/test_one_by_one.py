from typing import Any

import pytest
import torch

from tagger.report.questions.one_by_one import SENTENCES, one_by_one
from tests.samples import RANDOM, data_of, fresh_model, random_corpus, tagged


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
