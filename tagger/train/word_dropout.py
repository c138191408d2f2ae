"""Word dropout: in training, some words and characters become the unknown one, so that its vector is trained."""

import torch
from torch import Tensor

from tagger.core.corpus.dictionary import UNKNOWN, Dictionaries, Dictionary
from tagger.core.network.batches import Batch


class WordDropout:
    """Turns some words and characters into the unknown one, rare ones more often; the rate 0 changes nothing."""

    def __init__(self, dictionaries: Dictionaries, rate: float, device: torch.device) -> None:
        self._rate = rate
        self._words = _chances(dictionaries.words, rate).to(device)
        self._characters = _chances(dictionaries.characters, rate).to(device)

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with some words and characters replaced at random."""
        if not self._rate:
            return batch
        groups = tuple(group._replace(characters=_drop(group.characters, self._characters)) for group in batch.groups)
        return batch._replace(words=_drop(batch.words, self._words), groups=groups)


def _drop(ids: Tensor, chances: Tensor) -> Tensor:
    return torch.where(torch.rand(ids.shape, device=ids.device) < chances[ids], UNKNOWN, ids)


def _chances(dictionary: Dictionary, rate: float) -> Tensor:
    """Return the probability of dropping each id: rate / (rate + count), and 0 for the reserved ids.

    The formula is from Kiperwasser and Goldberg (2016), "Simple and Accurate Dependency Parsing Using Bidirectional
    LSTM Feature Representations", section 4.
    """
    counts = torch.tensor(dictionary.counts, dtype=torch.float32)
    return torch.cat((torch.zeros(dictionary.first_id), rate / (rate + counts)))
