from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tagger.core.corpus.dictionary import PADDING
from tagger.core.network.batches import CharacterGroup
from tagger.core.network.lstm_tagger import (
    CharacterCnn,
    CharacterLstm,
    Lstm,
    LstmTagger,
    reversal_of,
    tag_probabilities,
    tag_scores,
)
from tagger.core.params.schema import LossName
from tests.samples import (
    CPU,
    NO_FORMS,
    PLAIN,
    RANDOM,
    batch_of,
    biased_model,
    data_of,
    fresh_model,
    model_params,
    random_corpus,
    tagged,
)

DATA = data_of(random_corpus(30, seed=3), [])
SPLIT = DATA.train


class TutorialTagger(nn.Module):
    """The network of the PyTorch tutorial, line for line."""

    def __init__(self, embedding_dim: int, hidden_dim: int, vocab_size: int, tagset_size: int) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim)
        self.hidden2tag = nn.Linear(hidden_dim, tagset_size)

    def forward(self, sentence: Tensor) -> Tensor:
        embeds = self.word_embeddings(sentence)
        lstm_out, _ = self.lstm(embeds.view(len(sentence), 1, -1))
        tag_space = self.hidden2tag(lstm_out.view(len(sentence), -1))
        return nn.functional.log_softmax(tag_space, dim=1)


def copy_lstm(layers: list[Lstm], reference: nn.LSTM) -> None:
    for number, layer in enumerate(layers):
        for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(reference, f"{kind}_l{number}").data.copy_(getattr(layer.forward_lstm, f"{kind}_l0"))
            if layer.backward_lstm is not None:
                getattr(reference, f"{kind}_l{number}_reverse").data.copy_(getattr(layer.backward_lstm, f"{kind}_l0"))


def torch_lstm_of(layers: list[Lstm]) -> nn.LSTM:
    first = layers[0].forward_lstm
    both = layers[0].backward_lstm is not None
    reference = nn.LSTM(first.input_size, first.hidden_size, num_layers=len(layers), bidirectional=both)
    copy_lstm(layers, reference)
    return reference


def one_layer(bidirectional: bool) -> Lstm:
    torch.manual_seed(1)
    return Lstm(4, 3, bidirectional)


def whole(steps: int, count: int = 1) -> Tensor:
    return reversal_of(torch.full((count,), steps), steps)


def far_apart(first: Tensor, second: Tensor) -> bool:
    return bool((first - second).abs().max() > 1e-3)


def test_the_plain_network_is_that_of_the_tutorial_bit_for_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MKL_CBWR")  # native arithmetic: the portable one multiplies matrices elsewhere
    model = fresh_model(DATA.dictionaries, **PLAIN)
    tutorial = TutorialTagger(7, 5, len(DATA.dictionaries.words), len(DATA.dictionaries.tags))
    tutorial.word_embeddings.weight.data.copy_(model.word_embedding.weight)
    copy_lstm([layer for layer in model.layers if isinstance(layer, Lstm)], tutorial.lstm)
    tutorial.hidden2tag.load_state_dict(model.linear.state_dict())
    for sentence in range(SPLIT.sentences):
        batch = batch_of(SPLIT, sentence)
        assert torch.equal(model(batch), tutorial(batch.words[:, 0]))


def test_the_plain_network_has_no_other_weights_than_the_tutorial() -> None:
    shapes = {name: tuple(value.shape) for name, value in fresh_model(DATA.dictionaries, **PLAIN).state_dict().items()}
    assert shapes == {
        "word_embedding.weight": (len(DATA.dictionaries.words), 7),
        "layers.0.forward_lstm.weight_ih_l0": (20, 7),
        "layers.0.forward_lstm.weight_hh_l0": (20, 5),
        "layers.0.forward_lstm.bias_ih_l0": (20,),
        "layers.0.forward_lstm.bias_hh_l0": (20,),
        "linear.weight": (len(DATA.dictionaries.tags), 5),
        "linear.bias": (len(DATA.dictionaries.tags),),
    }


@pytest.mark.parametrize("steps", [1, 2, 9])
def test_both_directions_are_those_of_torch(steps: int) -> None:
    layer, inputs = one_layer(bidirectional=True), torch.randn(steps, 1, 4)
    expected, _ = torch_lstm_of([layer])(inputs)
    torch.testing.assert_close(layer(inputs, whole(steps)), expected, rtol=1e-5, atol=1e-6)


def test_one_direction_is_that_of_torch() -> None:
    layer, inputs = one_layer(bidirectional=False), torch.randn(6, 1, 4)
    expected, _ = torch_lstm_of([layer])(inputs)
    assert torch.equal(layer(inputs, whole(6)), expected)


def test_a_padded_batch_is_what_packing_gives() -> None:
    layer, inputs, lengths = one_layer(bidirectional=True), torch.randn(6, 4, 4), torch.tensor([3, 6, 1, 5])
    packed, _ = torch_lstm_of([layer])(pack_padded_sequence(inputs, lengths, enforce_sorted=False))
    expected, _ = pad_packed_sequence(packed)  # 0 past the ends
    real = torch.arange(6)[:, None] < lengths
    torch.testing.assert_close(
        layer(inputs, reversal_of(lengths, 6)) * real[:, :, None], expected, rtol=1e-5, atol=1e-6
    )


def test_no_gradient_reaches_the_padding() -> None:
    layer, lengths = one_layer(bidirectional=True), torch.tensor([2, 4])
    inputs = torch.randn(4, 2, 4, requires_grad=True)
    real = torch.arange(4)[:, None] < lengths
    layer(inputs, reversal_of(lengths, 4))[real].sum().backward()
    assert inputs.grad is not None
    assert inputs.grad.abs().sum(dim=-1).bool().tolist() == real.tolist()


def test_a_sequence_is_reversed_within_its_own_length() -> None:
    letters = np.array(list("adbec_")).reshape(3, 2)  # columns abc and de_
    places = reversal_of(torch.tensor([3, 2]), 3).numpy()
    assert letters.flatten()[places].reshape(3, 2).T.tolist() == [["c", "b", "a"], ["e", "d", "_"]]


@pytest.mark.parametrize("bidirectional", [False, True])
def test_several_layers_are_those_of_torch(bidirectional: bool) -> None:
    model = fresh_model(DATA.dictionaries, **PLAIN | {"bidirectional": bidirectional, "layers": 3})
    reference = torch_lstm_of([layer for layer in model.layers if isinstance(layer, Lstm)])
    batch = batch_of(SPLIT, 4)
    states, _ = reference(model.word_embedding(batch.words))
    torch.testing.assert_close(model.scores(batch), model.linear(states[:, 0]), rtol=1e-5, atol=1e-6)


def test_a_form_is_encoded_by_the_last_states_of_both_directions() -> None:
    torch.manual_seed(1)
    encoder = CharacterLstm(characters=9, dim=4, hidden=3)
    forms = [[2, 3, 4, 5], [6], [8, 7, 2]]
    characters = torch.tensor([[2, 6, 8], [3, 0, 7], [4, 0, 2], [5, 0, 0]])
    encoded = encoder(characters, torch.tensor([4, 1, 3]))
    reference = torch_lstm_of([encoder.lstm])
    for row, form in zip(encoded, forms, strict=True):
        _, (last_states, _) = reference(encoder.embedding(torch.tensor(form))[:, None])
        torch.testing.assert_close(row, last_states.flatten(), rtol=1e-5, atol=1e-6)


def test_a_form_is_encoded_by_the_highest_values_of_the_filters() -> None:
    torch.manual_seed(1)
    encoder = CharacterCnn(characters=9, dim=4, filters=5)
    forms = [[2, 3, 4, 5], [6], [8, 7, 2]]
    characters = torch.tensor([[2, 6, 8], [3, 0, 7], [4, 0, 2], [5, 0, 0]])
    encoded = encoder(characters, torch.tensor([4, 1, 3]))
    kernel = encoder.filters.weight.view(5, 3, 4).transpose(1, 2)  # (V, E, 3), as torch's own convolution has it
    for row, form in zip(encoded, forms, strict=True):
        embedded = encoder.embedding(torch.tensor([PADDING, *form, PADDING])).T  # (E, C + 2)
        filtered = nn.functional.conv1d(embedded, kernel, encoder.filters.bias)
        torch.testing.assert_close(row, filtered.relu().amax(dim=1), rtol=1e-5, atol=1e-6)


def test_a_form_has_the_sum_of_its_affixes_vectors() -> None:
    data = data_of([tagged("xing/X ying/X zing/X ab/Y")], [tagged("wing/X AB/X")])
    model = fresh_model(data.dictionaries, characters="none", affix_dim=3)
    assert model.affix_embedding is not None
    (vectors,) = model._form_vectors(batch_of(data.dev))  # of wing, then of AB
    ids = data.dictionaries.affixes.ids
    expected = sum(model.affix_embedding.weight[ids[affix]] for affix in ("$g", "$ng", "$ing", "~x"))
    torch.testing.assert_close(vectors[0], expected)
    assert not vectors[1].any()  # each of its affixes stands in one word of training alone, its shape in none


@pytest.mark.parametrize(
    "changes",
    [{}, {"layers": 2}, {"bidirectional": False}, {"characters": "lstm"}, {"characters": "none"}, {"affix_dim": 0}],
)
def test_a_batch_is_its_sentences_one_by_one(changes: dict[str, Any]) -> None:
    model = fresh_model(DATA.dictionaries, **changes)
    alone = torch.cat([model.scores(batch_of(SPLIT, sentence)) for sentence in range(SPLIT.sentences)])
    torch.testing.assert_close(model.scores(batch_of(SPLIT)), alone, rtol=1e-5, atol=1e-6)


def test_what_stands_in_the_padding_changes_nothing() -> None:
    model, batch = fresh_model(DATA.dictionaries, layers=2, characters="lstm"), batch_of(SPLIT)
    steps = torch.arange(batch.words.shape[0])[:, None]
    real = steps < batch.lengths
    groups = tuple(
        CharacterGroup(
            torch.where(torch.arange(len(group.characters))[:, None] < group.lengths, group.characters, 3),
            group.lengths,
        )
        for group in batch.groups
    )
    other = batch._replace(
        words=torch.where(real, batch.words, 5), form_of=torch.where(real, batch.form_of, 2), groups=groups
    )
    assert not torch.equal(other.words, batch.words)
    assert any(not torch.equal(new[0], old[0]) for new, old in zip(other.groups, batch.groups, strict=True))
    assert torch.equal(model.scores(other), model.scores(batch))


def test_more_padding_changes_nothing() -> None:
    model, batch = fresh_model(DATA.dictionaries, layers=2), batch_of(SPLIT)
    more = torch.zeros((4, batch.words.shape[1]), dtype=torch.int64)
    longer = batch._replace(words=torch.cat((batch.words, more)), form_of=torch.cat((batch.form_of, more)))
    torch.testing.assert_close(model.scores(longer), model.scores(batch), rtol=1e-5, atol=1e-6)


def test_a_sentence_does_not_depend_on_its_neighbours_in_the_batch() -> None:
    model = fresh_model(DATA.dictionaries)
    batches = [batch_of(SPLIT, 4, 7), batch_of(SPLIT, 4, 11)]
    first, second = (model.scores(batch)[: int(batch.lengths[0])] for batch in batches)
    torch.testing.assert_close(first, second, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("characters", ["cnn", "lstm", "none"])
def test_there_is_a_score_of_each_tag_for_each_real_token(characters: str, bidirectional: bool, layers: int) -> None:
    torch.manual_seed(1)
    params = model_params(characters=characters, bidirectional=bidirectional, layers=layers)
    model = LstmTagger(params, "nll", (1000, 50, 400, 6))
    batch = batch_of(SPLIT, 0, 1, 2)
    assert model.scores(batch).shape == (int(batch.lengths.sum()), 6)


def test_scores_stand_sentence_by_sentence() -> None:
    model = fresh_model(DATA.dictionaries)
    forward, backward = batch_of(SPLIT, 4, 7), batch_of(SPLIT, 7, 4)
    long = int(forward.lengths[0])
    swapped = torch.roll(model.scores(forward), -long, dims=0)
    torch.testing.assert_close(model.scores(backward), swapped, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "name", ["word_embedding.weight", "character_encoder.embedding.weight", "affix_embedding.weight"]
)
def test_the_vector_of_padding_is_zero_and_gets_no_gradient(name: str) -> None:
    model = fresh_model(DATA.dictionaries, characters="lstm")
    model.scores(batch_of(SPLIT)).square().sum().backward()  # type: ignore[no-untyped-call]
    weights = dict(model.named_parameters())[name]
    assert weights.grad is not None
    gradient = weights.grad.to_dense()
    assert not weights[PADDING].any()
    assert not gradient[PADDING].any()
    assert gradient[2:].any(dim=1).all()


@pytest.mark.parametrize(
    "changes",
    [{"characters": "cnn", "affix_dim": 0}, {"characters": "lstm", "affix_dim": 0}, {"characters": "none"}],
    ids=["cnn", "lstm", "affixes"],
)
def test_characters_tell_unknown_words_apart(changes: dict[str, Any]) -> None:
    data = data_of([tagged("ab/X ba/Y cb/X db/X")], [tagged("aab/X"), tagged("bba/X")])
    scores = fresh_model(data.dictionaries, **changes).scores(batch_of(data.dev))
    assert far_apart(scores[0], scores[1])


def test_without_characters_unknown_words_are_one() -> None:
    data = data_of([tagged("ab/X ba/Y cb/X db/X")], [tagged("aab/X"), tagged("bba/X")])
    scores = fresh_model(data.dictionaries, **NO_FORMS).scores(batch_of(data.dev))
    torch.testing.assert_close(scores[0], scores[1], rtol=1e-5, atol=1e-6)


def test_a_tag_depends_on_later_words_in_two_directions_only() -> None:
    data = data_of([tagged("a/X b/Y c/Z")], [tagged("a/X b/Y"), tagged("a/X c/Z")])
    one = fresh_model(data.dictionaries, **PLAIN).scores(batch_of(data.dev))
    both = fresh_model(data.dictionaries).scores(batch_of(data.dev))
    torch.testing.assert_close(one[0], one[2], rtol=1e-5, atol=1e-6)
    assert far_apart(both[0], both[2])


def test_dropout_acts_in_training_only() -> None:
    model, batch = fresh_model(DATA.dictionaries, dropout=0.5), batch_of(SPLIT)
    assert torch.equal(model.scores(batch), model.scores(batch))
    model.train()
    assert not torch.equal(model.scores(batch), model.scores(batch))


def test_dropout_acts_before_and_after_each_layer() -> None:
    model, dropped = fresh_model(DATA.dictionaries, layers=2).train(), []
    model.dropout.register_forward_hook(lambda _, inputs, __: dropped.append(inputs[0].shape[-1]))
    model.scores(batch_of(SPLIT))
    assert dropped == [7 + 6 + 2, 2 * 5, 2 * 5]


def test_a_batch_can_be_moved_to_a_device() -> None:
    batch = batch_of(SPLIT)
    moved = batch.to(CPU)
    assert torch.equal(fresh_model(DATA.dictionaries).scores(moved), fresh_model(DATA.dictionaries).scores(batch))


def test_words_and_affixes_begin_small_beside_their_characters() -> None:
    model = LstmTagger(model_params(), "nll", (5000, 5000, 5000, 3))
    assert model.character_encoder is not None
    assert model.affix_embedding is not None
    assert model.word_embedding.weight.std().item() == pytest.approx(0.1, rel=0.05)
    assert model.affix_embedding.weight.std().item() == pytest.approx(0.1, rel=0.05)
    assert model.character_encoder.embedding.weight.std().item() == pytest.approx(1, rel=0.05)
    assert not model.word_embedding.weight[PADDING].any()


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
