"""Training: batches, steps, epochs, and the best of them kept."""

import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from tagger.core.common.arrays import Int64s
from tagger.core.common.errors import InputError
from tagger.core.corpus.batch_plan import plan_batches
from tagger.core.corpus.word_vectors import WordVectors
from tagger.core.network.batches import make_batch
from tagger.core.network.device import be_deterministic, seed_random
from tagger.core.network.lstm_tagger import LstmTagger
from tagger.train.dev_check import check
from tagger.train.gradients import BatchGradient
from tagger.train.optimization import Optimization
from tagger.train.process_group import ALONE, ProcessGroup
from tagger.train.training_inputs import TrainingInputs
from tagger.train.word_dropout import WordDropout


class Epoch(NamedTuple):
    """The results of one epoch. The last three fields change from run to run, so only tracking gets them."""

    number: int  # from 1
    learning_rate: float  # of the last step
    train_loss: float  # mean over the tokens, dropout on
    dev_loss: float
    dev_accuracy: float
    seconds: float  # of the training steps, without the check on dev
    tokens_per_second: float
    ended: int  # milliseconds since 1970


class Step(NamedTuple):
    """One step of an epoch, for a display of progress."""

    epoch: int
    done: int  # steps of this epoch
    steps: int  # of this epoch in all
    tokens: int  # of this step
    loss: float


class Trainer:
    """Trains one model.

    The random numbers of a shard depend only on the seed and on its epoch, step and number: not on who computes it.

    Attributes:
        inputs: what it trains from.
        model: with the weights of the last epoch, or of the best one once all are run.
        history: the epochs that are done.
    """

    def __init__(self, inputs: TrainingInputs, on_step: Callable[[Step], None] = lambda _: None) -> None:
        """Draw the initial weights, the same for every loss with the same seed; words get the vectors of the inputs."""
        be_deterministic()
        params = inputs.params
        seed_random(params.seed, inputs.device)
        self.inputs, self._params, self._on_step = inputs, params.train, on_step
        self.model = LstmTagger(params.model, inputs.loss, inputs.dictionaries.sizes)
        _set_vectors(self.model, inputs.vectors)
        self.model.to(inputs.device)
        self.history: list[Epoch] = []
        self._best_weights: dict[str, Tensor] = {}
        most = max(1, len(inputs.train.forms) // params.train.min_batches)  # for enough batches per epoch
        self._batch_tokens = min(params.train.batch_tokens, most)
        self._steps = len(plan_batches(inputs.train.lengths, self._batch_tokens))
        self._optimization = Optimization(self.model, params.train, self._steps * params.train.epochs)
        self._word_dropout = WordDropout(inputs.dictionaries, params.train.word_dropout, inputs.device)

    @property
    def best(self) -> Epoch | None:
        """The epoch with the highest accuracy on dev, then the lowest loss there, then the first; None before any."""
        return max(self.history, key=lambda epoch: (epoch.dev_accuracy, -epoch.dev_loss), default=None)

    def epochs(self, group: ProcessGroup = ALONE) -> Iterator[Epoch]:
        """Train, yielding each epoch when it is done; at the end the model has the weights of the best on dev.

        After `load_state_dict`, only the remaining epochs are run. Training ends early after `patience` epochs without
        a better one, or when the loss is no longer a finite number. All processes of a group yield the same epochs,
        except for their times.

        Raises:
            InputError: the loss stopped being a finite number before an epoch was finished.
            ConnectionError: another process of the group has ended.
        """
        while not self._is_done():
            number = len(self.history) + 1
            epoch = self._run_epoch(number, group)
            if epoch is None and not self.history:
                raise InputError(
                    f"the loss of {self.inputs.loss!r} stopped being a finite number in epoch {number}; "
                    f"expected a lower train.learning_rate than {self._params.learning_rate}"
                )
            if epoch is None:
                break
            self.history.append(epoch)
            if self.best is epoch:
                self._best_weights = {name: value.clone() for name, value in self.model.state_dict().items()}
            yield epoch
        self.model.load_state_dict(self._best_weights)

    def state_dict(self) -> dict[str, Any]:
        """Return all that the next epoch depends on: tensors, numbers and text in dicts and lists.

        It needs neither random states nor the order of the data: each epoch derives its own from the seed.
        """
        return {
            "model": self.model.state_dict(),
            "best_weights": self._best_weights,
            "optimization": self._optimization.state_dict(),
            "history": [tuple(epoch) for epoch in self.history],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the state of another trainer with the same inputs."""
        self.model.load_state_dict(state["model"])
        self._best_weights = state["best_weights"]
        self._optimization.load_state_dict(state["optimization"])
        self.history = [Epoch(*epoch) for epoch in state["history"]]

    def summary(self) -> dict[str, float | None]:
        """Return the figures of the best epoch, the number of epochs run, and the number of weights.

        The dev loss is None if it is infinite, as that of `softmax_nll` is once a single probability is rounded to 0.
        """
        if self.best is None:
            raise RuntimeError("epochs() has to be run first")
        return {
            "best_epoch": self.best.number,
            "best_dev_accuracy": round(self.best.dev_accuracy, 6),
            "best_dev_loss": round(self.best.dev_loss, 6) if math.isfinite(self.best.dev_loss) else None,
            "best_train_loss": round(self.best.train_loss, 6),
            "epochs": len(self.history),
            "parameters": sum(weights.numel() for weights in self.model.parameters()),
        }

    def _is_done(self) -> bool:
        patience, run = self._params.patience, len(self.history)
        waited = run - self.best.number if self.best else 0
        return run >= self._params.epochs or 0 < patience <= waited

    def _run_epoch(self, number: int, group: ProcessGroup) -> Epoch | None:
        """Train for one epoch and check the model on dev; return None if a loss is not a finite number."""
        start = time.perf_counter()
        train, device = self.inputs.train, self.inputs.device
        gradient = BatchGradient(self.model, train, group, device, self._params.clip_norm)
        order = np.random.default_rng([self.inputs.params.seed, number])
        self.model.train()
        total_loss, done, rate = 0.0, 0, 0.0
        for step, sentences in enumerate(plan_batches(train.lengths, self._batch_tokens, order), start=1):
            rate = self._optimization.learning_rate
            shards = np.array_split(sentences, self._params.shards)
            loss = gradient.compute(shards, partial(self._loss_of, number, step))
            if not math.isfinite(loss):
                return None
            self._optimization.step()
            tokens = int(train.lengths[sentences].sum())
            total_loss += loss * tokens
            done += tokens
            self._on_step(Step(number, step, self._steps, tokens, loss))
        seconds = time.perf_counter() - start
        dev = check(self.model, self.inputs.dev, device, group)
        if math.isnan(dev.loss):  # the last step has spoilt the weights
            return None
        ended = time.time_ns() // 1_000_000
        return Epoch(number, rate, total_loss / done, dev.loss, dev.accuracy, seconds, done / seconds, ended)

    def _loss_of(self, epoch: int, step: int, shard: int, sentences: Int64s) -> Tensor:
        """Return the mean loss over the tokens of a shard: a scalar."""
        device = self.inputs.device
        seed_random(_mix(self.inputs.params.seed, epoch, step, shard), device)
        batch = make_batch(self.inputs.train, sentences, with_forms=self.model.reads_forms).to(device)
        return self.model.loss.criterion(self.model(self._word_dropout(batch)), batch.tags)


def _set_vectors(model: LstmTagger, vectors: WordVectors) -> None:
    if len(vectors.ids):
        with torch.no_grad():
            model.word_embedding.weight[torch.tensor(vectors.ids)] = torch.tensor(vectors.vectors)


def _mix(*numbers: int) -> int:
    """Return a seed for torch; neighbouring numbers give unrelated seeds."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))
