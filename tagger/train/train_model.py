"""The training of one model, from the files that it reads to those that it writes. Who watches it is not known here."""

from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, Self

import torch

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.common.files import new_folder, write_json
from tagger.core.corpus.dictionary import Dictionaries
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.word_vectors import WordVectors
from tagger.core.losses.definitions import loss_name
from tagger.core.network.device import choose_device
from tagger.core.network.model_folder import TrainedModel, write_model
from tagger.core.params.reader import read_params
from tagger.core.params.schema import TrainView
from tagger.train.history import write_history
from tagger.train.process_group import joined
from tagger.train.trainer import Step, Trainer


class Training(NamedTuple):
    """All that a training reads."""

    loss: str
    params: TrainView
    device: torch.device
    dictionaries: Dictionaries
    train: EncodedSplit
    dev: EncodedSplit
    vectors: WordVectors

    @classmethod
    def load(cls, name: str) -> Self:
        """Read the params and the prepared data.

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
            vectors=WordVectors.load(paths.VECTORS, params.model.word_dim),
        )

    @property
    def tokens(self) -> int:
        """The number of tokens in all epochs."""
        return len(self.train.forms) * self.params.train.epochs

    def trainer(self, on_step: Callable[[Step], None] = lambda _: None) -> Trainer:
        """Return a trainer with its first weights."""
        return Trainer(
            loss=self.loss,
            seed=self.params.seed,
            model_params=self.params.model,
            params=self.params.train,
            dictionaries=self.dictionaries,
            train=self.train,
            dev=self.dev,
            device=self.device,
            vectors=self.vectors,
            on_step=on_step,
        )

    def compute(self) -> None:
        """Train along with the process of rank 0, which alone keeps and writes."""
        trainer = self.trainer()
        with joined(self.device) as group, suppress(InputError):  # rank 0 comes to the same error, and reports it
            state = group.share(None)
            if state is not None:
                trainer.load_state_dict(state)
            for _ in trainer.epochs(group):
                pass

    def write(self, trainer: Trainer) -> None:
        """Write the outputs of the stage."""
        write_history(trainer.history, paths.history_file(self.loss))
        write_json(paths.summary_file(self.loss), {self.loss: trainer.summary()})
        with new_folder(paths.model_folder(self.loss)) as folder:
            write_model(TrainedModel(trainer.model, self.dictionaries), folder)
