"""The step of training: optimizers of all weights, and one schedule of their learning rate."""

from typing import Any

from torch.optim import SGD, Adam, Optimizer, SparseAdam
from torch.optim.lr_scheduler import ConstantLR, LinearLR, LRScheduler, OneCycleLR

from tagger.core.network.lstm_tagger import LstmTagger
from tagger.core.params.schema import TrainParams


class Optimization:
    """Changes the weights of a model by their gradients, those of its tables being sparse.

    Adam leaves the rows of a table that a batch does not use as they are, so a step takes no longer for a corpus of
    more words. Such a row has no momentum (the first beta is 0 there), which would wait for the word's next sentence,
    and no weight decay. SGD changes all rows.
    """

    def __init__(self, model: LstmTagger, params: TrainParams, steps: int) -> None:
        """Take the weights of a model, for so many steps in all."""
        self._tables, _ = model.tables_and_others()
        self._is_sparse = params.optimizer == "adam"
        self._optimizers = _adam(model, params) if self._is_sparse else [_sgd(model, params)]
        self._schedules = [_schedule(optimizer, params, steps) for optimizer in self._optimizers]

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step."""
        rate: float = self._optimizers[0].param_groups[0]["lr"]
        return rate

    def step(self) -> None:
        """Take a step."""
        if not self._is_sparse:
            for weights in self._tables:
                if weights.grad is not None:
                    weights.grad = weights.grad.to_dense()
        for optimizer, schedule in zip(self._optimizers, self._schedules, strict=True):
            optimizer.step()
            schedule.step()

    def state_dict(self) -> dict[str, Any]:
        """Return all that the next step depends on, the weights and gradients left out."""
        return {
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
            "schedules": [schedule.state_dict() for schedule in self._schedules],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to where it was when it gave this state."""
        for optimizer, own in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(own)
        for schedule, own in zip(self._schedules, state["schedules"], strict=True):
            schedule.load_state_dict(own)


def _adam(model: LstmTagger, params: TrainParams) -> list[Optimizer]:
    tables, others = model.tables_and_others()
    rate, betas = params.learning_rate, params.adam_betas
    return [
        Adam(others, lr=rate, betas=betas, weight_decay=params.weight_decay, fused=True),
        SparseAdam(tables, lr=rate, betas=(0, betas[1])),
    ]


def _sgd(model: LstmTagger, params: TrainParams) -> Optimizer:
    rate, momentum = params.learning_rate, params.momentum
    return SGD(model.parameters(), lr=rate, momentum=momentum, weight_decay=params.weight_decay)


def _schedule(optimizer: Optimizer, params: TrainParams, steps: int) -> LRScheduler:
    if params.schedule == "one_cycle":
        # One step more than are taken: the scheduler also counts the one after the last.
        return OneCycleLR(optimizer, max_lr=params.learning_rate, total_steps=steps + 1, cycle_momentum=False)
    if params.schedule == "linear":
        return LinearLR(optimizer, start_factor=1, end_factor=1 / steps, total_iters=steps)
    return ConstantLR(optimizer, factor=1, total_iters=1)
