"""The optimizers of all weights, and their common learning rate schedule."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import SGD, Adam, Optimizer
from torch.optim.adam import adam
from torch.optim.lr_scheduler import ConstantLR, LinearLR, LRScheduler, OneCycleLR

from tagger.core.network.lstm_tagger import LstmTagger
from tagger.core.params.schema import TrainParams


class Optimization:
    """Updates the weights of a model, in `steps` steps in all, from their gradients, which are sparse for its tables.

    Adam updates only the rows of a table that a batch uses, so a step takes no longer with a larger vocabulary. These
    rows have no momentum (the first beta is 0), which would wait for the word's next sentence, and no weight decay.
    SGD updates all rows.
    """

    def __init__(self, model: LstmTagger, params: TrainParams, steps: int) -> None:
        tables, others = model.tables_and_others()
        rate, decay = params.learning_rate, params.weight_decay
        self._dense_tables: list[Tensor] = []
        self._optimizers: list[Optimizer]
        if params.optimizer == "sgd":
            self._dense_tables = tables
            self._optimizers = [SGD(model.parameters(), lr=rate, momentum=params.momentum, weight_decay=decay)]
        else:
            self._optimizers = [
                Adam(others, lr=rate, betas=params.adam_betas, weight_decay=decay, fused=True),
                RowAdam(tables, rate, params.adam_betas[1]),
            ]
        schedules = [_schedule(optimizer, params, steps) for optimizer in self._optimizers]
        self._parts: list[Optimizer | LRScheduler] = [*self._optimizers, *schedules]  # in the order of their steps

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step."""
        return float(self._optimizers[0].param_groups[0]["lr"])

    def step(self) -> None:
        """Update the weights, then the learning rate."""
        for weights in self._dense_tables:
            if weights.grad is not None:
                weights.grad = weights.grad.to_dense()
        for part in self._parts:
            part.step()

    def state_dict(self) -> list[dict[str, Any]]:
        """Return all that the next step depends on, except the weights and gradients."""
        return [part.state_dict() for part in self._parts]

    def load_state_dict(self, state: list[dict[str, Any]]) -> None:
        """Take what `state_dict` returned."""
        for part, own in zip(self._parts, state, strict=True):
            part.load_state_dict(own)


class RowAdam(Optimizer):
    """Adam on the rows of a table that have a gradient; its first beta is 0.

    Unlike `torch.optim.SparseAdam`, it has the bytes of portable arithmetic, because fused Adam takes its square roots
    without MKL, and it is faster. (SparseAdam also adds epsilon before it corrects the bias.)
    """

    def __init__(self, tables: Sequence[Tensor], lr: float, beta: float) -> None:
        """Take tables whose gradients are sparse and coalesced; `beta` is the second one of Adam."""
        super().__init__(tables, {"lr": lr})
        self._beta = beta
        for table in tables:
            self.state[table] = {"step": torch.zeros((), device=table.device), "squares": torch.zeros_like(table)}

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """Update the rows."""
        for group in self.param_groups:
            for table in group["params"]:
                if table.grad is None:
                    continue
                used, gradient, state = table.grad._indices()[0], table.grad._values(), self.state[table]
                rows, squares = table[used], state["squares"][used]
                adam(
                    [rows],
                    [gradient],
                    [torch.zeros_like(gradient)],
                    [squares],
                    [],
                    [state["step"]],
                    fused=True,
                    amsgrad=False,
                    beta1=0,
                    beta2=self._beta,
                    lr=group["lr"],
                    weight_decay=0,
                    eps=1e-8,
                    maximize=False,
                )
                table[used] = rows
                state["squares"][used] = squares


def _schedule(optimizer: Optimizer, params: TrainParams, steps: int) -> LRScheduler:
    if params.schedule == "one_cycle":
        # One step more than are taken: the scheduler also moves on after the last.
        return OneCycleLR(optimizer, max_lr=params.learning_rate, total_steps=steps + 1, cycle_momentum=False)
    if params.schedule == "linear":
        return LinearLR(optimizer, start_factor=1, end_factor=1 / steps, total_iters=steps)
    return ConstantLR(optimizer, factor=1, total_iters=1)
