import pytest
from torch import nn

from bench.flops import model_flops
from tagger.model import LstmTagger
from tagger.params import ModelParams


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("layers", [1, 2])
def test_each_weight_of_a_matrix_is_multiplied_and_added_once_a_step(layers: int, bidirectional: bool) -> None:
    params = ModelParams(
        word_dim=7,
        characters=True,
        character_dim=3,
        character_hidden=5,
        hidden=11,
        layers=layers,
        bidirectional=bidirectional,
        dropout=0,
    )
    model = LstmTagger(params, 20, 10, 4, "nll")
    counted = model_flops(params, 4)
    assert model.character_encoder is not None
    assert counted.lstm == 2 * weights(model.layers)
    assert counted.characters == 2 * weights(model.character_encoder.lstm)
    assert counted.linear == 2 * weights(model.linear)
    assert model_flops(params.model_copy(update={"characters": False}), 4).characters == 0


def weights(module: nn.Module) -> int:
    return sum(values.numel() for values in module.parameters() if values.dim() == 2)
