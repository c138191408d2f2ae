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
from tagger.core.corpus.dictionary import Dictionaries
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.word_vectors import NO_VECTORS, WordVectors
from tagger.core.network.batches import make_batch
from tagger.core.network.device import be_deterministic, seed_random
from tagger.core.network.lstm_tagger import LstmTagger
from tagger.core.params.schema import LossName, ModelParams, TrainParams
from tagger.train.dev_check import check
from tagger.train.gradients import BatchGradient
from tagger.train.optimization import Optimization
from tagger.train.process_group import ALONE, ProcessGroup
from tagger.train.word_dropout import WordDropout


class Epoch(NamedTuple):
    """What one epoch gave. The last three fields change from run to run: for tracking, not for DVC outputs."""

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
    """Trains one model. Random numbers depend on the seed and on the epoch, step and shard that they serve alone."""

    def __init__(
        self,
        *,
        loss: LossName,
        seed: int,
        model_params: ModelParams,
        params: TrainParams,
        dictionaries: Dictionaries,
        train: EncodedSplit,
        dev: EncodedSplit,
        device: torch.device,
        vectors: WordVectors = NO_VECTORS,
        on_step: Callable[[Step], None] = lambda _: None,
    ) -> None:
        """Draw the first weights, the same for every loss with the same seed; words begin with their `vectors`."""
        be_deterministic()
        seed_random(seed, device)
        self.model = LstmTagger.for_dictionaries(model_params, dictionaries, loss)
        _begin_with(vectors, self.model)
        self.model.to(device)
        self.history: list[Epoch] = []
        self.best: Epoch | None = None
        self._seed, self._params, self._device, self._on_step = seed, params, device, on_step
        self._train, self._dev = train, dev
        self._batch_tokens = _fit_batch_tokens(train, params)
        self._steps = len(plan_batches(train.lengths, self._batch_tokens))
        self._optimization = Optimization(self.model, params, self._steps * params.epochs)
        self._word_dropout = WordDropout(dictionaries, params.word_dropout, device)
        self._best_weights: dict[str, Tensor] = {}

    def epochs(self, group: ProcessGroup = ALONE) -> Iterator[Epoch]:
        """Train, yielding each epoch when it is done; at the end the model has the weights of the best on dev.

        After `load_state_dict` the epochs that are still to be run follow. Training ends early after `patience` epochs
        without a better one, or when the loss is no longer a number. All processes of a group give the same epochs, but
        for their times.

        Raises:
            InputError: the loss is no number before any epoch was finished.
            ConnectionError: another process of the group has ended.
        """
        while not self._is_done():
            number = len(self.history) + 1
            epoch = self._run_epoch(number, group)
            if epoch is None:
                if self.best is None:
                    raise InputError(
                        f"the loss of {self.model.loss_name!r} stopped being a finite number in epoch {number}; "
                        f"expected a lower train.learning_rate than {self._params.learning_rate}"
                    )
                break
            if self.best is None or _quality(epoch) > _quality(self.best):
                self.best = epoch
                self._best_weights = {name: value.clone() for name, value in self.model.state_dict().items()}
            self.history.append(epoch)
            yield epoch
        self.model.load_state_dict(self._best_weights)

    def state_dict(self) -> dict[str, Any]:
        """Return all that the next epoch depends on: tensors, numbers and text in dicts and lists.

        Random numbers and the order of the data need no place in it: each epoch draws its own from the seed.
        """
        return {
            "model": self.model.state_dict(),
            "best_weights": self._best_weights,
            "optimization": self._optimization.state_dict(),
            "history": [tuple(epoch) for epoch in self.history],
            "best": None if self.best is None else tuple(self.best),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to where a trainer with the same arguments was when it gave this state."""
        self.model.load_state_dict(state["model"])
        self._best_weights = state["best_weights"]
        self._optimization.load_state_dict(state["optimization"])
        self.history = [Epoch(*epoch) for epoch in state["history"]]
        self.best = None if state["best"] is None else Epoch(*state["best"])

    def summary(self) -> dict[str, float | None]:
        """Return the figures of the best epoch, how many epochs were run, and the size of the model.

        A dev loss is none where it is infinite: `softmax_nll` gives that as soon as one probability is rounded to 0.
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
        start = time.perf_counter()
        gradient = BatchGradient(self.model, self._train, group, self._device, self._params.clip_norm)
        order = np.random.default_rng([self._seed, number])
        self.model.train()
        total_loss, done, rate = 0.0, 0, 0.0
        for step, sentences in enumerate(plan_batches(self._train.lengths, self._batch_tokens, order), start=1):
            rate = self._optimization.learning_rate
            shards = np.array_split(sentences, self._params.shards)
            loss = gradient.compute(shards, partial(self._loss_of, number, step))
            if not math.isfinite(loss):
                return None
            self._optimization.step()
            tokens = int(self._train.lengths[sentences].sum())
            total_loss += loss * tokens
            done += tokens
            self._on_step(Step(number, step, self._steps, tokens, loss))
        seconds = time.perf_counter() - start
        dev = check(self.model, self._dev, self._device, group)
        if math.isnan(dev.loss):  # the last step has spoilt the weights
            return None
        ended = time.time_ns() // 1_000_000
        return Epoch(number, rate, total_loss / done, dev.loss, dev.accuracy, seconds, done / seconds, ended)

    def _loss_of(self, epoch: int, step: int, shard: int, sentences: Int64s) -> Tensor:
        """Return the mean loss over the tokens of a shard. Its random numbers are its own, whoever computes it."""
        seed_random(_mix(self._seed, epoch, step, shard), self._device)
        batch = make_batch(self._train, sentences, with_forms=self.model.reads_forms).to(self._device)
        return self.model.loss.criterion(self.model(self._word_dropout(batch)), batch.tags)


def _begin_with(vectors: WordVectors, model: LstmTagger) -> None:
    if len(vectors.ids):
        with torch.no_grad():
            model.word_embedding.weight[torch.tensor(vectors.ids)] = torch.tensor(vectors.vectors)


def _quality(epoch: Epoch) -> tuple[float, float]:
    """Order epochs by accuracy on dev; the loss decides between equals."""
    return epoch.dev_accuracy, -epoch.dev_loss


def _fit_batch_tokens(train: EncodedSplit, params: TrainParams) -> int:
    """Lower the size of a batch where an epoch would have fewer than `min_batches`."""
    return min(params.batch_tokens, max(1, len(train.forms) // params.min_batches))


def _mix(*numbers: int) -> int:
    """Return a seed for torch that neighbouring numbers do not share."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))
