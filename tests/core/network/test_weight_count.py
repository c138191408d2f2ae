"""The count of a network's weights, without the network."""

from typing import Any

import pytest

from tagger.core.network.lstm_tagger import LstmTagger
from tests.samples import NO_FORMS, PLAIN, model_params

SIZES = (23, 11, 17, 5)  # words, characters, affixes, tags
SHAPES: list[dict[str, Any]] = [
    {},
    PLAIN,
    PLAIN | {"layers": 3},
    NO_FORMS,
    NO_FORMS | {"layers": 2},
    {"bidirectional": False},
    {"bidirectional": False, "layers": 2},
    {"affix_dim": 0, "layers": 3},
    {"characters": "lstm"},
    {"characters": "lstm", "affix_dim": 0},
    {"characters": "lstm", "bidirectional": False, "layers": 2},
    {"characters": "none"},
    {"characters": "none", "bidirectional": False},
    {"word_dim": 1, "character_dim": 1, "character_filters": 1, "affix_dim": 1, "hidden": 1},
]


@pytest.mark.parametrize("changes", SHAPES, ids=str)
def test_the_weights_are_counted_without_building_the_network(changes: dict[str, Any]) -> None:
    params = model_params(**changes)
    built = sum(weights.numel() for weights in LstmTagger(params, "nll", SIZES).parameters())
    assert params.count_weights(*SIZES) == built
