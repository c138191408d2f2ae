"""Training: its inputs, batches, steps and epochs, the check on dev after each, and writing the best."""

import csv
import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from pydantic import TypeAdapter
from torch import Tensor

from tagger.core.common import arithmetic, paths
from tagger.core.common.arrays import Int64s
from tagger.core.common.errors import InputError
from tagger.core.common.files import new_file, new_folder, write_json
from tagger.core.corpus.batch_plan import plan_batches
from tagger.core.corpus.dictionary import Dictionaries
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.indexed_corpus import NO_TAG
from tagger.core.corpus.span_tags import best_tags
from tagger.core.corpus.spans import span_f1, spans_of
from tagger.core.corpus.word_vectors import NO_VECTORS, WordVectors
from tagger.core.network.batches import make_batch, tokens_of
from tagger.core.network.device import be_deterministic, choose_device, seed_random
from tagger.core.network.lstm_tagger import INFERENCE_TOKENS, LstmTagger
from tagger.core.network.model_folder import TrainedModel, write_model
from tagger.core.params.reader import read_params
from tagger.core.params.schema import Training, TrainView
from tagger.train.gradients import BatchGradient
from tagger.train.optimization import Optimization
from tagger.train.process_group import ALONE, ProcessGroup
from tagger.train.word_dropout import WordDropout

SMALL_BATCH, FEWEST_BATCHES = 200, 12  # tokens, batches: a pass over a tiny corpus has no smaller or fewer ones
WORTH_CUTTING = 500  # tokens: on smaller batches, PyTorch's calls take longer than their arithmetic
LOOK_EVERY = 100  # steps: to look at a loss is to wait for the GPU, which then runs dry
HISTORY_COLUMNS = ("epoch", "learning_rate", "train_loss", "dev_loss", "dev_accuracy")


class TrainingInputs(NamedTuple):
    """All that the result of a training depends on, besides code and versions."""

    training: Training
    params: TrainView
    device: torch.device
    dictionaries: Dictionaries
    train: EncodedSplit
    dev: EncodedSplit
    vectors: WordVectors = NO_VECTORS  # the initial vectors of words

    @classmethod
    def load(cls, training: Training) -> Self:
        """Read the params and the prepared data. Raises InputError if a file is missing or damaged."""
        params = read_params(TrainView)
        device = choose_device(params.device)
        arithmetic.check(params.arithmetic, device.type)
        dictionaries = Dictionaries.load(paths.DICTIONARIES)
        train, dev = (EncodedSplit.load(path, dictionaries.sizes) for path in (paths.TRAIN, paths.DEV))
        vectors = WordVectors.load(paths.VECTORS, (len(dictionaries.words), params.model.word_dim))
        return cls(training, params, device, dictionaries, train, dev, vectors)

    @property
    def batch_tokens(self) -> int:
        """The most tokens in a batch: fewer on a small corpus, for enough batches per epoch.

        Batches of a few sentences have noisy gradients: a tiny corpus gets several passes instead.
        """
        tokens = len(self.train.forms)
        enough = min(SMALL_BATCH, tokens // FEWEST_BATCHES)
        return min(self.params.train.batch_tokens, max(1, enough, tokens // self.params.train.min_batches))

    @property
    def shards(self) -> int:
        """The number of shards of a batch."""
        if self.params.train.shards != "auto":
            return self.params.train.shards
        return 2 if self.batch_tokens >= WORTH_CUTTING and self.device.type == "cpu" else 1  # a GPU is hardly busy


class Epoch(NamedTuple):
    """The results of one epoch. Times change from run to run, so only tracking gets them, and what follows."""

    number: int  # from 1
    learning_rate: float  # of the last step
    train_loss: float  # mean over the tagged tokens, dropout on
    dev_loss: float
    dev_accuracy: float
    seconds: float  # of the training steps, without the check on dev
    tokens_per_second: float
    ended: int  # milliseconds since 1970
    dev_span_f1: float | None = None  # if the tags mark spans

    @property
    def score(self) -> float:
        """What the best epoch is chosen by, from 0 to 1."""
        return self.dev_accuracy if self.dev_span_f1 is None else self.dev_span_f1


class Step(NamedTuple):
    """One step of an epoch, for a display of progress."""

    epoch: int
    done: int  # steps of this epoch
    steps: int  # of this epoch in all
    tokens: int  # of this step
    loss: Tensor  # a scalar; reading it waits for the device


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
        seed_random(inputs.training.seed, inputs.device)
        self.inputs, self._params, self._on_step = inputs, params.train, on_step
        self.model = LstmTagger(params.model, inputs.training.loss, inputs.dictionaries.sizes)
        if len(inputs.vectors.ids):
            with torch.no_grad():
                rows = torch.tensor(inputs.vectors.ids)
                self.model.word_embedding.weight[rows] = torch.tensor(inputs.vectors.vectors)
        self.model.to(inputs.device)
        self.history: list[Epoch] = []
        self._best_weights: dict[str, Tensor] = {}
        batches = len(plan_batches(inputs.train.lengths, inputs.batch_tokens))
        self._passes = math.ceil(params.train.min_batches / batches)
        self._steps = batches * self._passes
        self._optimization = Optimization(self.model, params.train, self._steps * params.train.epochs)
        spans = spans_of(inputs.dev.tags, inputs.dev)
        self._judged = len(spans.get("gold", ())) or int(inputs.dev.tagged.sum())  # what the score is a share of
        self._word_dropout = WordDropout(inputs.dictionaries, params.train.word_dropout, inputs.device)

    def epochs(self, group: ProcessGroup = ALONE) -> Iterator[Epoch]:
        """Train, yielding each epoch when it is done; at the end the model has the weights of the best on dev.

        After `load_state_dict`, only the remaining epochs are run. Training ends early after `patience` epochs without
        a better one, or when the loss is no longer a finite number. All processes of a group yield the same epochs,
        except for their times. Raises InputError if the loss stopped being a finite number before an epoch was
        finished. Raises ConnectionError if another process of the group has ended.
        """
        while len(self.history) < self._params.epochs:
            if self.history and 0 < self._params.patience <= len(self.history) - self._peak().number:
                break
            epoch = self._run_epoch(len(self.history) + 1, group)
            if epoch is None:
                break
            self.history.append(epoch)
            if self._best() is epoch:
                self._best_weights = {name: value.clone() for name, value in self.model.state_dict().items()}
            yield epoch
        if not self.history:
            raise InputError(
                f"the loss of {self.inputs.training.loss!r} became infinite or NaN in epoch 1; "
                f"expected a train.learning_rate below {self._params.learning_rate}"
            )
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
        """Take the state of another trainer with the same inputs; one that does not fit may raise anything."""
        self.history = TypeAdapter(list[Epoch]).validate_python(state["history"])
        if not all(epoch.number == number and 0 <= epoch.score <= 1 for number, epoch in enumerate(self.history, 1)):
            raise ValueError("no training has such epochs")
        self.model.load_state_dict(state["best_weights"])  # it has to fit, too
        self.model.load_state_dict(state["model"])
        self._best_weights = state["best_weights"]
        self._optimization.load_state_dict(state["optimization"], len(self.history) * self._steps)

    def summary(self) -> dict[str, float | None]:
        """Return the figures of the best epoch, the number of epochs run, and the number of weights.

        The dev loss is None if it is infinite, as that of `softmax_nll` is once a single probability is rounded to 0.
        """
        best = self._best()
        return {
            "best_epoch": best.number,
            "best_dev_accuracy": round(best.dev_accuracy, 6),
            "best_dev_loss": round(best.dev_loss, 6) if math.isfinite(best.dev_loss) else None,
            "best_train_loss": round(best.train_loss, 6),
            "epochs": len(self.history),
            "parameters": sum(weights.numel() for weights in self.model.parameters()),
        }

    def _best(self) -> Epoch:
        """Return the last epoch whose score is within one standard error of the highest.

        Breiman, Friedman, Olshen and Stone (1984), "Classification and Regression Trees", section 3.4.3. What is
        highest on a small dev is highest by chance, and would often end training before it has settled.
        """
        highest = self._peak().score
        error = math.sqrt(highest * (1 - highest) / self._judged)
        return next(epoch for epoch in reversed(self.history) if epoch.score >= highest - error)

    def _peak(self) -> Epoch:
        """Return the epoch with the highest score, then the lowest loss on dev, then the first."""
        return max(self.history, key=lambda epoch: (epoch.score, -epoch.dev_loss))

    def _run_epoch(self, number: int, group: ProcessGroup) -> Epoch | None:
        """Train for one epoch and check the model on dev; return None if a loss is not a finite number."""
        start = time.perf_counter()
        train, device = self.inputs.train, self.inputs.device
        gradient = BatchGradient(self.model, train, group, self._params.clip_norm)
        order = np.random.default_rng([self.inputs.training.seed, number])
        self.model.train()
        losses, tagged, rate = list[Tensor](), list[int](), 0.0
        plans = (plan_batches(train.lengths, self.inputs.batch_tokens, order) for _ in range(self._passes))
        for step, sentences in enumerate(chain.from_iterable(plans), start=1):
            rate = self._optimization.learning_rate
            shards = np.array_split(sentences, self.inputs.shards)
            losses.append(gradient.compute(shards, partial(self._loss_of, number, step)))
            if step % LOOK_EVERY == 0 and not math.isfinite(losses[-1]):
                return None
            self._optimization.step()
            tagged.append(int(train.tagged_lengths[sentences].sum()))
            self._on_step(Step(number, step, self._steps, int(train.lengths[sentences].sum()), losses[-1]))
        total_loss = 0.0
        for loss, amount in zip(torch.stack(losses).tolist(), tagged, strict=True):
            total_loss += loss * amount
        seconds = time.perf_counter() - start
        if not math.isfinite(total_loss):
            return None
        dev_loss, accuracy, f1 = check(self.model, self.inputs.dev, device, group)
        if math.isnan(dev_loss):  # the last step has spoilt the weights
            return None
        tokens, ended = self._passes * len(train.forms), time.time_ns() // 1_000_000
        return Epoch(number, rate, total_loss / sum(tagged), dev_loss, accuracy, seconds, tokens / seconds, ended, f1)

    def _loss_of(self, epoch: int, step: int, shard: int, sentences: Int64s) -> Tensor:
        """Return the mean loss over the tagged tokens of a shard: a scalar."""
        numbers = np.random.SeedSequence((self.inputs.training.seed, epoch, step, shard))  # unrelated for neighbours
        seed_random(int(numbers.generate_state(1, np.uint64)[0] >> np.uint64(1)), self.inputs.device)
        batch = make_batch(self.inputs.train, sentences, with_forms=self.model.reads_forms).tagged()
        batch = batch.to(self.inputs.device)
        return self.model.loss.criterion(self.model(self._word_dropout(batch)), batch.tags)


def write_outputs(trainer: Trainer) -> None:
    """Write the outputs of the stage, once all epochs are run: history, summary and model.

    The history has one row per epoch, without its times: they would change the file from run to run.
    """
    training = trainer.inputs.training
    with new_file(paths.history_file(*training)) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(HISTORY_COLUMNS)
        rows.writerows([f"{value:.6g}" for value in epoch[: len(HISTORY_COLUMNS)]] for epoch in trainer.history)
    write_json(paths.summary_file(*training), trainer.summary())
    with new_folder(paths.model_folder(*training)) as folder:
        write_model(TrainedModel(trainer.model, trainer.inputs.dictionaries), folder)


@torch.inference_mode()
def check(
    model: LstmTagger, split: EncodedSplit, device: torch.device, group: ProcessGroup
) -> tuple[float, float, float | None]:
    """Return the loss, the accuracy, and the span F1 if the tags mark spans.

    The processes of a group share the batches, and all get the result.

    The loss is the mean over the tokens whose tag the model knows, infinite if there are none. The accuracy is over all
    tagged tokens: a tag that the model does not know counts as wrong.

    Predictions are taken from the scores, not from the last step: its rounding could make two losses that train the
    same weights choose different epochs.
    """
    model.eval()
    plan = plan_batches(split.lengths, INFERENCE_TOKENS)
    results = torch.zeros(len(plan), 2, dtype=torch.float64)  # per batch: loss, tokens with known tags
    predicted = torch.zeros(len(split.forms), dtype=torch.float64)
    for number in range(group.rank, len(plan), group.size):
        batch = make_batch(split, plan[number], with_forms=model.reads_forms).to(device)
        scores = model.scores(batch)  # (N, K)
        known = (batch.tags != NO_TAG) & (batch.tags < scores.shape[-1])
        tags = best_tags(scores.double().softmax(dim=-1).cpu().numpy(), split.lengths[plan[number]], split.may_follow)
        predicted[tokens_of(split, plan[number])] = torch.tensor(tags, dtype=torch.float64)
        loss, amount = 0.0, int(known.sum())
        if amount:
            outputs = model.loss.last_step(scores[known])
            loss = float(model.loss.criterion(outputs, batch.tags[known])) * amount
        results[number] = torch.tensor((loss, amount), dtype=torch.float64)
    # Each batch is zero in all processes but one: the sum over processes is exact, and the one over batches always
    # adds the same numbers.
    total_loss, known_tokens = torch.stack(group.gather(results.to(device))).sum(dim=0).sum(dim=0).tolist()
    tags = torch.stack(group.gather(predicted.to(device))).sum(dim=0).long().cpu().numpy()
    loss, accuracy = total_loss / known_tokens if known_tokens else math.inf, (tags == split.tags)[split.tagged].mean()
    return loss, float(accuracy), span_f1(**spans) if (spans := spans_of(tags, split)) else None
