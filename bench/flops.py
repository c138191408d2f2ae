"""How many floating-point operations the network needs, counted from its shapes.

Only matrix products are counted; a multiplication and an addition are two. The backward pass needs two products for
each of the forward one, by its inputs and by its weights: training takes three times what tagging takes.
"""

from typing import NamedTuple

from tagger.core.params.schema import CHARACTER_WINDOW, ModelParams

TRAINING = 3  # times the forward pass
GATES = 4


class Flops(NamedTuple):
    """Operations of the forward pass."""

    lstm: int  # a token, all layers of the LSTM over the sentence
    characters: int  # a character, its BiLSTM or its filters
    linear: int  # a token, the layer to the tags


def lstm_flops(inputs: int, hidden: int, directions: int) -> int:
    """Return those of one step of an LSTM layer: a product of (4 * hidden) x (inputs + hidden) in each direction."""
    return 2 * GATES * hidden * (inputs + hidden) * directions


def model_flops(params: ModelParams, tags: int) -> Flops:
    """Return those of the tagger with this many tags."""
    directions = 2 if params.bidirectional else 1
    width = params.word_dim + params.form_width
    lstm = 0
    for _ in range(params.layers):
        lstm += lstm_flops(width, params.hidden, directions)
        width = directions * params.hidden
    characters = {
        "cnn": 2 * CHARACTER_WINDOW * params.character_dim * params.character_filters,
        "lstm": lstm_flops(params.character_dim, params.character_hidden, 2),
        "none": 0,
    }
    return Flops(lstm, characters[params.characters], 2 * width * tags)
