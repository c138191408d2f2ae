"""The network: embeddings, LSTM, linear layer, and the last step of its loss.

Shapes: T tokens, B sentences, N real tokens, C characters, F forms, A affixes, E input width, H hidden width,
D directions, V width of the vectors from characters, K tags.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from tagger.core.common.arrays import Float32s
from tagger.core.corpus.batch_plan import plan_batches
from tagger.core.corpus.dictionary import PADDING
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.losses.definitions import LOSSES, Loss
from tagger.core.network.batches import Batch, make_batch, tokens_of
from tagger.core.network.linear import Linear
from tagger.core.params.schema import CHARACTER_WINDOW, LossName, ModelParams

# Vectors of rare words and affixes get only a few updates. Drawn at torch's scale of 1, they would remain noise that
# the LSTM has to learn to ignore.
WORD_SCALE = 0.1
INFERENCE_TOKENS = 4000  # places in a batch; affects only the last bit of results


class Lstm(nn.Module):
    """One LSTM layer over sequences that are padded on the right, in one or both directions.

    The backward direction reads each sequence reversed within its own length, so padding follows the real steps in both
    directions and can't affect them. Results are exact without packing, which has no fast path on a CPU.
    """

    def __init__(self, input_width: int, hidden: int, bidirectional: bool) -> None:
        super().__init__()
        self.forward_lstm = nn.LSTM(input_width, hidden)
        self.backward_lstm = nn.LSTM(input_width, hidden) if bidirectional else None

    def forward(self, inputs: Tensor, reversal: Tensor) -> Tensor:
        """Return the hidden states: (T, B, E) and the result of `reversal_of` -> (T, B, D * H)."""
        forward_states, _ = self.forward_lstm(inputs)  # (T, B, H)
        if self.backward_lstm is None:
            return forward_states  # type: ignore[no-any-return]
        backward_states, _ = self.backward_lstm(_rearrange(inputs, reversal))  # (T, B, H)
        return torch.cat((forward_states, _rearrange(backward_states, reversal)), dim=-1)  # (T, B, 2 * H)


def reversal_of(lengths: Tensor, steps: int) -> Tensor:
    """Return the index of each place's source in the flattened (T * B), to reverse each sequence within its length."""
    time = torch.arange(steps, device=lengths.device)[:, None]  # (T, 1)
    source = torch.where(time < lengths, lengths - 1 - time, time)  # (T, B)
    count = lengths.shape[0]
    return (source * count + torch.arange(count, device=lengths.device)).flatten()  # (T * B)


def _rearrange(values: Tensor, places: Tensor) -> Tensor:
    return values.flatten(0, 1).index_select(0, places).view_as(values)


class CharacterCnn(nn.Module):
    """A vector for each word form from its characters: the highest value of each filter over the windows of a form.

    Santos and Zadrozny (2014), "Learning Character-level Representations for Part-of-Speech Tagging", section 2.1.2;
    here with a ReLU. PADDING frames each form, and its vector is trained like any other.
    """

    def __init__(self, characters: int, dim: int, filters: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, dim)
        self.filters = Linear(CHARACTER_WINDOW * dim, filters)

    def forward(self, characters: Tensor, lengths: Tensor) -> Tensor:  # noqa: ARG002 - the interface of CharacterLstm
        """Encode forms: (C, F) ids, (F) lengths -> (F, V)."""
        framed = nn.functional.pad(characters, (0, 0, 1, 1), value=PADDING)  # (C + 2, F)
        embedded = self.embedding(framed)  # (C + 2, F, E)
        windows = torch.cat((embedded[:-2], embedded[1:-1], embedded[2:]), dim=-1)  # (C, F, 3 * E)
        values = torch.relu(self.filters(windows))  # (C, F, V): at least 0, which padding gets below
        return values.masked_fill((characters == PADDING)[:, :, None], 0).amax(dim=0)


class CharacterLstm(nn.Module):
    """A vector for each word form from its characters: the last states of both directions of an LSTM.

    Ling et al. (2015), "Finding Function in Form: Compositional Character Models for Open Vocabulary Word
    Representation", section 3.
    """

    def __init__(self, characters: int, dim: int, hidden: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, dim, padding_idx=PADDING)
        self.lstm = Lstm(dim, hidden, bidirectional=True)
        self.hidden = hidden

    def forward(self, characters: Tensor, lengths: Tensor) -> Tensor:
        """Encode forms: (C, F) ids, (F) lengths -> (F, V)."""
        embedded = self.embedding(characters)  # (C, F, E)
        states = self.lstm(embedded, reversal_of(lengths, characters.shape[0]))  # (C, F, 2 * H)
        forms = torch.arange(characters.shape[1], device=characters.device)
        last_forward = states[lengths - 1, forms, : self.hidden]  # (F, H)
        last_backward = states[0, :, self.hidden :]  # (F, H): the backward direction ends at the first character
        return torch.cat((last_forward, last_backward), dim=-1)


class Table(nn.Embedding):
    """Small vectors of words or affixes, with a sparse gradient. The vector of PADDING is 0 and stays so."""

    def __init__(self, entries: int, dim: int) -> None:
        super().__init__(entries, dim, padding_idx=PADDING, sparse=True)
        with torch.no_grad():
            self.weight *= WORD_SCALE

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """Return (..., E) for (...) ids."""
        # Given `padding_idx`, torch's backward pass would wait for a GPU to count the ids that remain.
        vectors = nn.functional.embedding(input, self.weight, sparse=True)
        return torch.where((input == PADDING)[..., None], vectors.detach(), vectors)


class LstmTagger(nn.Module):
    """Vectors of words, their characters and affixes; LSTM layers; and a linear layer with one score per tag."""

    def __init__(self, params: ModelParams, loss: LossName, sizes: Sequence[int]) -> None:
        """Build the network with random weights from torch's global generator.

        `sizes` are those of the dictionaries of words, characters, affixes and tags, including reserved ids.
        """
        super().__init__()
        words, characters, affixes, tags = sizes
        self.params = params
        self.loss_name = loss
        self.loss: Loss = LOSSES[loss]
        self.word_embedding = Table(words, params.word_dim)
        self.affix_embedding = Table(affixes, params.affix_dim) if params.affix_dim else None
        self.character_encoder: CharacterCnn | CharacterLstm | None = None
        if params.characters == "cnn":
            self.character_encoder = CharacterCnn(characters, params.character_dim, params.character_filters)
        if params.characters == "lstm":
            self.character_encoder = CharacterLstm(characters, params.character_dim, params.character_hidden)
        width = params.word_dim + params.form_width
        self.layers = nn.ModuleList()
        for _ in range(params.layers):
            self.layers.append(Lstm(width, params.hidden, params.bidirectional))
            width = params.hidden * (2 if params.bidirectional else 1)
        self.linear = Linear(width, tags)
        self.dropout = nn.Dropout(params.dropout)

    @property
    def reads_forms(self) -> bool:
        """Whether it reads characters or affixes; if not, batches can omit them."""
        return self.params.form_width > 0

    def tables_and_others(self) -> tuple[list[Tensor], list[Tensor]]:
        """Return the embeddings of words and affixes, of which a batch reads only a few rows, and all other weights."""
        tables = [table.weight for table in (self.word_embedding, self.affix_embedding) if table is not None]
        known = set(tables)
        return tables, [weights for weights in self.parameters() if weights not in known]

    def forward(self, batch: Batch) -> Tensor:
        """Return the outputs of the real tokens, as the criterion of the model's loss expects them: (N, K)."""
        return self.loss.last_step(self.scores(batch))

    def scores(self, batch: Batch) -> Tensor:
        """Return the raw scores of the real tokens, sentence by sentence: (N, K)."""
        states = self.word_embedding(batch.words)  # (T, B, E)
        if vectors := self._form_vectors(batch):
            forms = torch.cat(vectors, dim=-1)
            states = torch.cat((states, nn.functional.embedding(batch.form_of, forms)), dim=-1)
        reversal = reversal_of(batch.lengths, batch.words.shape[0])
        for layer in self.layers:
            states = layer(self._drop(states), reversal)  # (T, B, D * H)
        states = self._drop(states).flatten(0, 1).index_select(0, batch.tokens)  # (N, D * H)
        return self.linear(states)  # type: ignore[no-any-return]

    def _drop(self, states: Tensor) -> Tensor:
        """Drop in training, with one mask for all steps of a sequence: (T, B, E) -> (T, B, E).

        Gal and Ghahramani (2016), "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks",
        section 4; here between layers, not between steps.
        """
        return states * self.dropout(torch.ones_like(states[:1]))  # type: ignore[no-any-return]

    def _form_vectors(self, batch: Batch) -> list[Tensor]:
        """Return the vectors of each form from its characters and its affixes, if any: (F, V) and (F, E)."""
        vectors = []
        if self.character_encoder is not None:
            vectors.append(torch.cat([self.character_encoder(*group) for group in batch.groups]))
        if self.affix_embedding is not None:
            vectors.append(self.affix_embedding(batch.affixes).sum(dim=1))
        return vectors


def tag_probabilities(model: LstmTagger, split: EncodedSplit, device: torch.device) -> Float32s:
    """Return the probability of each tag for each token, in the order of the split: (N, K)."""
    return _each_token(model, split, device, lambda batch: model.loss.probabilities(model(batch)))


def tag_scores(model: LstmTagger, split: EncodedSplit, device: torch.device) -> Float32s:
    """Return the raw score of each tag for each token, before the last step, in the order of the split: (N, K)."""
    return _each_token(model, split, device, model.scores)


@torch.inference_mode()
def _each_token(
    model: LstmTagger, split: EncodedSplit, device: torch.device, values: Callable[[Batch], Tensor]
) -> Float32s:
    model.eval()
    result = np.empty((len(split.forms), model.linear.out_features), dtype=np.float32)
    for sentences in plan_batches(split.lengths, INFERENCE_TOKENS):
        batch = make_batch(split, sentences, with_forms=model.reads_forms).to(device)
        result[tokens_of(split, sentences)] = values(batch).cpu().numpy()
    return result
