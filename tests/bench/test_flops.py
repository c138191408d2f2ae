import pytest
from torch import nn

from bench.flops import model_flops
from tagger.core.network.lstm_tagger import CharacterCnn, CharacterLstm
from tests.samples import RANDOM, fresh_model


@pytest.mark.parametrize("characters", ["cnn", "lstm"])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("layers", [1, 2])
def test_each_weight_of_a_matrix_is_multiplied_and_added_once_a_step(
    layers: int, bidirectional: bool, characters: str
) -> None:
    model = fresh_model(RANDOM.dictionaries, layers=layers, bidirectional=bidirectional, characters=characters)
    counted = model_flops(model.params, model.linear.out_features)
    encoder = model.character_encoder
    assert counted.lstm == 2 * weights(model.layers)
    assert isinstance(encoder, CharacterCnn | CharacterLstm)
    assert counted.characters == 2 * weights(encoder.filters if isinstance(encoder, CharacterCnn) else encoder.lstm)
    assert counted.linear == 2 * weights(model.linear)
    assert model_flops(model.params.model_copy(update={"characters": "none"}), 4).characters == 0


def weights(module: nn.Module) -> int:
    return sum(values.numel() for values in module.parameters() if values.dim() == 2)
