"""Training: batches, steps, epochs, and the best of them kept."""

import math
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from tagger.batch_plan import plan_batches
from tagger.batching import Batch, make_batch
from tagger.device import be_deterministic
from tagger.dictionary import UNKNOWN, Dictionaries, Dictionary
from tagger.encoding import EncodedSplit
from tagger.errors import InputError
from tagger.inference import check
from tagger.model import LstmTagger
from tagger.params import LossName, ModelParams, TrainParams


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
    """Trains one model. The random numbers of an epoch depend on the seed and its number alone."""

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
        on_step: Callable[[Step], None] = lambda _: None,
    ) -> None:
        """Draw the first weights: the same for every loss with the same seed."""
        be_deterministic()
        torch.manual_seed(seed)
        self.model = LstmTagger.for_dictionaries(model_params, dictionaries, loss).to(device)
        self.history: list[Epoch] = []
        self.best: Epoch | None = None
        self._seed, self._params, self._device, self._on_step = seed, params, device, on_step
        self._train, self._dev = train, dev
        self._batch_tokens = _fit_batch_tokens(train, params)
        self._steps = len(plan_batches(train.lengths, self._batch_tokens))
        self._optimizer = _make_optimizer(self.model, params)
        self._schedule = _make_schedule(self._optimizer, params, self._steps * params.epochs)
        self._word_dropout = _drop_chances(dictionaries.words, params.word_dropout).to(device)
        self._character_dropout = _drop_chances(dictionaries.characters, params.word_dropout).to(device)
        self._best_weights: dict[str, Tensor] = {}

    def epochs(self) -> Iterator[Epoch]:
        """Train, yielding each epoch when it is done; at the end the model has the weights of the best on dev.

        After `load_state_dict` the epochs that are still to be run follow. Training ends early after `patience` epochs
        without a better one, or when the loss is no longer a number.

        Raises:
            InputError: the loss is no number before any epoch was finished.
        """
        while not self._is_done():
            number = len(self.history) + 1
            epoch = self._run_epoch(number)
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
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "history": [tuple(epoch) for epoch in self.history],
            "best": None if self.best is None else tuple(self.best),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to where a trainer with the same arguments was when it gave this state."""
        self.model.load_state_dict(state["model"])
        self._best_weights = state["best_weights"]
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
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

    def _run_epoch(self, number: int) -> Epoch | None:
        start = time.perf_counter()
        torch.manual_seed(_mix(self._seed, number))
        order = np.random.default_rng([self._seed, number])
        self.model.train()
        total_loss, tokens, rate = 0.0, 0, 0.0
        for done, sentences in enumerate(plan_batches(self._train.lengths, self._batch_tokens, order), start=1):
            batch = self._drop_rare(make_batch(self._train, sentences).to(self._device))
            rate = self._optimizer.param_groups[0]["lr"]
            loss = self._step(batch)
            if not math.isfinite(loss):
                return None
            total_loss += loss * len(batch.tokens)
            tokens += len(batch.tokens)
            self._on_step(Step(number, done, self._steps, len(batch.tokens), loss))
        seconds = time.perf_counter() - start
        dev = check(self.model, self._dev, self._device)
        if math.isnan(dev.loss):  # the last step has spoilt the weights
            return None
        ended = time.time_ns() // 1_000_000
        return Epoch(number, rate, total_loss / tokens, dev.loss, dev.accuracy, seconds, tokens / seconds, ended)

    def _step(self, batch: Batch) -> float:
        self._optimizer.zero_grad()
        loss = self.model.loss.criterion(self.model(batch), batch.tags)
        loss.backward()  # type: ignore[no-untyped-call]
        if self._params.clip_norm:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self._params.clip_norm)
        self._optimizer.step()
        self._schedule.step()
        return loss.item()

    def _drop_rare(self, batch: Batch) -> Batch:
        """Turn some words and characters into the unknown one, rare ones more often, so that its vector is trained."""
        if not self._params.word_dropout:
            return batch
        groups = tuple(
            group._replace(characters=_drop(group.characters, self._character_dropout)) for group in batch.groups
        )
        return batch._replace(words=_drop(batch.words, self._word_dropout), groups=groups)


def _quality(epoch: Epoch) -> tuple[float, float]:
    """Order epochs by accuracy on dev; the loss decides between equals."""
    return epoch.dev_accuracy, -epoch.dev_loss


def _drop(ids: Tensor, chances: Tensor) -> Tensor:
    return torch.where(torch.rand(ids.shape, device=ids.device) < chances[ids], UNKNOWN, ids)


def _drop_chances(dictionary: Dictionary, rate: float) -> Tensor:
    """Return rate / (rate + count) for each id, 0 for the reserved ones.

    The form is that of Kiperwasser and Goldberg (2016), "Simple and Accurate Dependency Parsing Using Bidirectional
    LSTM Feature Representations", section 4.
    """
    counts = torch.tensor(dictionary.counts, dtype=torch.float32)
    return torch.cat((torch.zeros(dictionary.first_id), rate / (rate + counts)))


def _fit_batch_tokens(train: EncodedSplit, params: TrainParams) -> int:
    """Lower the size of a batch where an epoch would have fewer than `min_batches`."""
    return min(params.batch_tokens, max(1, len(train.forms) // params.min_batches))


def _make_optimizer(model: LstmTagger, params: TrainParams) -> torch.optim.Optimizer:
    if params.optimizer == "sgd":
        return torch.optim.SGD(
            model.parameters(), lr=params.learning_rate, momentum=params.momentum, weight_decay=params.weight_decay
        )
    return torch.optim.Adam(
        model.parameters(),
        lr=params.learning_rate,
        betas=params.adam_betas,
        weight_decay=params.weight_decay,
        fused=True,
    )


def _make_schedule(
    optimizer: torch.optim.Optimizer, params: TrainParams, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    if params.schedule == "one_cycle":
        # One step more than are taken: the scheduler also counts the one after the last.
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=params.learning_rate, total_steps=steps + 1, cycle_momentum=False
        )
    if params.schedule == "linear":
        return torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1, end_factor=1 / steps, total_iters=steps)
    return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1, total_iters=1)


def _mix(seed: int, number: int) -> int:
    """Return a seed for torch that neighbouring seeds and epochs do not share."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0] >> np.uint64(1))
