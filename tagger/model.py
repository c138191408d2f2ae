"""The network: embeddings, LSTM, linear layer, and the last step that its loss needs.

Shapes: T tokens, B sentences, N real tokens, C characters, F forms, E input width, H hidden width, D directions,
K tags.
"""

import torch
from torch import Tensor, nn

from tagger.batching import Batch
from tagger.dictionary import PADDING, Dictionaries
from tagger.losses import LOSSES, Loss
from tagger.params import LossName, ModelParams

# A rare word's vector is moved a few times only. Drawn at torch's scale of 1 it would stay noise beside the characters,
# which the LSTM has to learn to ignore.
WORD_SCALE = 0.1


class Lstm(nn.Module):
    """One LSTM layer over sequences that are padded on the right, in one or both directions.

    The backward direction reads each sequence reversed within its own length, so padding stands behind the real steps
    in both directions and can't reach them. Results are exact without packing, which has no fast path on a CPU.
    """

    def __init__(self, input_width: int, hidden: int, bidirectional: bool) -> None:
        super().__init__()
        self.forward_lstm = nn.LSTM(input_width, hidden)
        self.backward_lstm = nn.LSTM(input_width, hidden) if bidirectional else None
        self.output_width = hidden * (2 if bidirectional else 1)

    def forward(self, inputs: Tensor, reversal: Tensor) -> Tensor:
        """Return the hidden states: (T, B, E) and the places of `reversal_of` -> (T, B, D * H)."""
        forward_states, _ = self.forward_lstm(inputs)  # (T, B, H)
        if self.backward_lstm is None:
            return forward_states  # type: ignore[no-any-return]
        backward_states, _ = self.backward_lstm(_rearrange(inputs, reversal))  # (T, B, H)
        return torch.cat((forward_states, _rearrange(backward_states, reversal)), dim=-1)  # (T, B, 2 * H)


def reversal_of(lengths: Tensor, steps: int) -> Tensor:
    """Return where to read each place of the flattened (T * B) from, to reverse each sequence within its length."""
    time = torch.arange(steps, device=lengths.device)[:, None]  # (T, 1)
    source = torch.where(time < lengths, lengths - 1 - time, time)  # (T, B)
    count = lengths.shape[0]
    return (source * count + torch.arange(count, device=lengths.device)).flatten()  # (T * B)


def _rearrange(values: Tensor, places: Tensor) -> Tensor:
    return values.flatten(0, 1).index_select(0, places).view_as(values)


class VariationalDropout(nn.Module):
    """Dropout with one mask for all steps of a sequence.

    Gal and Ghahramani (2016), "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks",
    section 4: here between the layers, not from step to step.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, states: Tensor) -> Tensor:
        """Drop in training: (T, B, E) -> (T, B, E)."""
        if not self.training or not self.rate:
            return states
        return states * nn.functional.dropout(torch.ones_like(states[:1]), self.rate)


class CharacterEncoder(nn.Module):
    """A vector for each word form from its characters: both last states of a BiLSTM."""

    def __init__(self, characters: int, dim: int, hidden: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, dim, padding_idx=PADDING)
        self.lstm = Lstm(dim, hidden, bidirectional=True)
        self.hidden = hidden

    def forward(self, characters: Tensor, lengths: Tensor) -> Tensor:
        """Encode forms: (C, F) ids, (F) lengths -> (F, 2 * H)."""
        embedded = self.embedding(characters)  # (C, F, E)
        states = self.lstm(embedded, reversal_of(lengths, characters.shape[0]))  # (C, F, 2 * H)
        forms = torch.arange(characters.shape[1], device=characters.device)
        last_forward = states[lengths - 1, forms, : self.hidden]  # (F, H)
        last_backward = states[0, :, self.hidden :]  # (F, H): the backward direction ends at the first character
        return torch.cat((last_forward, last_backward), dim=-1)


class LstmTagger(nn.Module):
    """Word and character embeddings, LSTM layers, and a linear layer to one score for each tag."""

    def __init__(self, params: ModelParams, words: int, characters: int, tags: int, loss: LossName) -> None:
        """Build the network for dictionaries of these sizes, with fresh weights from torch's random state."""
        super().__init__()
        self.params = params
        self.loss_name = loss
        self.loss: Loss = LOSSES[loss]
        self.word_embedding = nn.Embedding(words, params.word_dim, padding_idx=PADDING)
        with torch.no_grad():
            self.word_embedding.weight *= WORD_SCALE
        width = params.word_dim
        self.character_encoder: CharacterEncoder | None = None
        if params.characters:
            self.character_encoder = CharacterEncoder(characters, params.character_dim, params.character_hidden)
            width += 2 * params.character_hidden
        self.layers = nn.ModuleList()
        for _ in range(params.layers):
            layer = Lstm(width, params.hidden, params.bidirectional)
            self.layers.append(layer)
            width = layer.output_width
        self.linear = nn.Linear(width, tags)
        self.dropout = VariationalDropout(params.dropout)

    @classmethod
    def for_dictionaries(cls, params: ModelParams, dictionaries: Dictionaries, loss: LossName) -> "LstmTagger":
        """Build the network for these dictionaries."""
        return cls(params, len(dictionaries.words), len(dictionaries.characters), len(dictionaries.tags), loss)

    def forward(self, batch: Batch) -> Tensor:
        """Return the outputs of the real tokens, as the model's loss takes them: (N, K)."""
        outputs: Tensor = self.loss.last_step(self.scores(batch))
        return outputs

    def scores(self, batch: Batch) -> Tensor:
        """Return the raw scores of the real tokens, sentence by sentence: (N, K)."""
        states = self.word_embedding(batch.words)  # (T, B, E)
        if self.character_encoder is not None:
            forms = [self.character_encoder(group.characters, group.lengths) for group in batch.groups]
            states = torch.cat((states, nn.functional.embedding(batch.form_of, torch.cat(forms))), dim=-1)
        reversal = reversal_of(batch.lengths, batch.words.shape[0])
        for layer in self.layers:
            states = layer(self.dropout(states), reversal)  # (T, B, D * H)
        states = self.dropout(states).flatten(0, 1).index_select(0, batch.tokens)  # (N, D * H)
        scores: Tensor = self.linear(states)
        return scores
