"""The optimizer and the schedule of its learning rate."""

import torch

from tagger.model import LstmTagger
from tagger.params import TrainParams


def make_optimizer(model: LstmTagger, params: TrainParams) -> torch.optim.Optimizer:
    """Return the optimizer of the params for all weights of a model."""
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


def make_schedule(
    optimizer: torch.optim.Optimizer, params: TrainParams, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """Return the schedule of the params over so many steps in all."""
    if params.schedule == "one_cycle":
        # One step more than are taken: the scheduler also counts the one after the last.
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=params.learning_rate, total_steps=steps + 1, cycle_momentum=False
        )
    if params.schedule == "linear":
        return torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1, end_factor=1 / steps, total_iters=steps)
    return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1, total_iters=1)
