"""What a training reads: params and prepared data."""

from typing import NamedTuple, Self

import torch

from tagger.core.common import paths
from tagger.core.corpus.dictionary import Dictionaries
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.word_vectors import NO_VECTORS, WordVectors
from tagger.core.losses.definitions import loss_name
from tagger.core.network.device import choose_device
from tagger.core.params.reader import read_params
from tagger.core.params.schema import LossName, TrainView


class TrainingInputs(NamedTuple):
    """All that the result of a training depends on, besides code and versions."""

    loss: LossName
    params: TrainView
    device: torch.device
    dictionaries: Dictionaries
    train: EncodedSplit
    dev: EncodedSplit
    vectors: WordVectors = NO_VECTORS  # the initial vectors of words

    @classmethod
    def load(cls, name: str) -> Self:
        """Read the params and the prepared data for the loss of this name.

        Raises:
            InputError: there is no such loss, or a file is missing or damaged.
        """
        params = read_params(TrainView)
        return cls(
            loss=loss_name(name),
            params=params,
            device=choose_device(params.device),
            dictionaries=Dictionaries.load(paths.DICTIONARIES),
            train=EncodedSplit.load(paths.TRAIN),
            dev=EncodedSplit.load(paths.DEV),
            vectors=WordVectors.load_of_width(paths.VECTORS, params.model.word_dim),
        )

    @property
    def tokens(self) -> int:
        """The number of tokens in all epochs."""
        return len(self.train.forms) * self.params.train.epochs
