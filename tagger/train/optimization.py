"""The optimizer's step: all weights by Adam or SGD, with one learning rate schedule.

It calls PyTorch's functional optimizers: the classes import PyTorch's compiler, which takes a second.
"""

import math
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.sgd import sgd

from tagger.core.network.lstm_tagger import LstmTagger
from tagger.core.params.schema import TrainParams

_ADAM = partial(adam, fused=True, amsgrad=False, eps=1e-8, maximize=False)
_SGD = partial(sgd, dampening=0, nesterov=False, maximize=False)


class Optimization:
    """Updates the weights of a model, in `steps` steps in all, from their gradients, which are sparse for its tables.

    Adam updates only the rows of a table that a batch uses, so a step takes no longer with a larger vocabulary. These
    rows have no momentum (the first beta is 0), which would wait for the word's next sentence, and no weight decay.
    SGD updates all rows.

    Unlike `torch.optim.SparseAdam`, it has the bytes of portable arithmetic, because fused Adam takes its square roots
    without MKL, and it is faster. (SparseAdam also adds epsilon before it corrects the bias.)
    """

    learning_rate: float  # of the next step

    def __init__(self, model: LstmTagger, params: TrainParams, steps: int) -> None:
        self._params, self._steps = params, steps
        self._start_at(0)
        self._tables, others = model.tables_and_others()
        self._weights = [*self._tables, *others]
        self._counts = [torch.zeros((), device=each.device) for each in self._weights]  # steps, as Adam wants them
        self._squares = [torch.zeros_like(each) for each in self._weights]  # Adam's means of squared gradients
        averaged = others if params.optimizer == "adam" else self._weights
        self._momenta = [torch.zeros_like(each) for each in averaged]

    @torch.no_grad()
    def step(self) -> None:
        """Update the weights, then the learning rate."""
        (self._step_adam if self._params.optimizer == "adam" else self._step_sgd)()
        self._done += 1
        self.learning_rate = self._next_rate(self.learning_rate)

    def state_dict(self) -> list[Tensor]:
        """Return all that the next step depends on, except its number, the weights and the gradients."""
        return self._tensors

    def load_state_dict(self, tensors: Sequence[Tensor], done: int) -> None:
        """Take what `state_dict` returned after so many steps, on whatever device."""
        self._start_at(done)
        for own, given in zip(self._tensors, tensors, strict=True):
            own.copy_(given)

    def _start_at(self, done: int) -> None:
        self._done, self.learning_rate = 0, self._params.learning_rate
        for self._done in range(done + 1):
            self.learning_rate = self._next_rate(self.learning_rate)

    @property
    def _tensors(self) -> list[Tensor]:
        return [*self._counts, *self._squares, *self._momenta]

    def _step_adam(self) -> None:
        tables = len(self._tables)
        for table, count, squares in zip(self._tables, self._counts, self._squares, strict=False):
            if table.grad is not None:
                used, gradient = table.grad._indices()[0], table.grad._values()
                rows, of_rows = table[used], squares[used]
                self._adam([(rows, gradient, torch.zeros_like(gradient), of_rows, count)], first_beta=0, decay=0)
                table[used], squares[used] = rows, of_rows
        states = zip(self._weights[tables:], self._momenta, self._squares[tables:], self._counts[tables:], strict=True)
        parts = [(weights, weights.grad, *state) for weights, *state in states if weights.grad is not None]
        self._adam(parts, self._params.adam_betas[0], self._params.weight_decay)

    def _adam(self, parts: Sequence[tuple[Tensor, ...]], first_beta: float, decay: float) -> None:
        """Make Adam's step; each part is weights, gradient, mean of the gradient, mean of its square, steps before."""
        weights, gradients, means, squares, counts = map(list, zip(*parts, strict=True))
        beta1, beta2, rate = first_beta, self._params.adam_betas[1], self.learning_rate
        _ADAM(weights, gradients, means, squares, [], counts, beta1=beta1, beta2=beta2, lr=rate, weight_decay=decay)

    def _step_sgd(self) -> None:
        states = zip(self._weights, self._momenta, strict=True)
        parts = [(each, each.grad.to_dense(), momenta) for each, momenta in states if each.grad is not None]
        weights, gradients, momenta = map(list, zip(*parts, strict=True))
        momentum, decay = self._params.momentum, self._params.weight_decay
        _SGD(weights, gradients, momenta, lr=self.learning_rate, momentum=momentum, weight_decay=decay)

    def _next_rate(self, rate: float) -> float:
        """Return the learning rate of the next step, given that of the one before: as PyTorch's schedulers do."""
        if self._params.schedule == "one_cycle":
            return one_cycle(self._params.learning_rate, self._done, self._steps)
        if self._params.schedule == "linear" and self._done:
            fall = 1 / self._steps - 1
            return rate * (1 + fall / (self._steps + (self._done - 1) * fall))
        return rate


def one_cycle(highest: float, step: int, steps: int) -> float:
    """Return the rate of a step, counted from 0: up along a cosine for 30 % of the steps, then down to nearly 0.

    It equals the rate of `OneCycleLR` with one step more than are taken.
    """
    lowest, top = highest / 25, 0.3 * (steps + 1) - 1
    first, last, begin, end = (lowest, highest, 0.0, top) if step <= top else (highest, lowest / 1e4, top, steps)
    return last + (first - last) / 2 * (math.cos(math.pi * ((step - begin) / (end - begin))) + 1)
