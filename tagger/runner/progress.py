"""The progress of a training: a bar on a terminal, one line per epoch elsewhere."""

import sys
from typing import Any

from tqdm import tqdm

from tagger.train.trainer import Epoch, Step


class Progress:
    """Shows loss, tokens per second and time left on standard error."""

    def __init__(self, name: str, epochs: int) -> None:
        self._name, self._epochs = name, epochs
        self._bar: tqdm[Any] | None = None
        self._tokens = 0

    def step(self, step: Step) -> None:
        """Count a step. The bar starts with the first step, so the time before does not count."""
        bar = self._bar = self._bar or tqdm(
            desc=self._name,
            total=step.steps * self._epochs,
            initial=step.steps * (step.epoch - 1),  # more than 0 if the training is resumed
            disable=None,  # unless standard error is a terminal
            dynamic_ncols=True,
            bar_format="{desc} {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left{postfix}",
        )
        self._tokens += step.tokens
        if bar.update():  # it was drawn again, which it is every tenth of a second at most
            rate = self._tokens / (bar.format_dict["elapsed"] or 1e-9)
            bar.set_postfix_str(f"epoch {step.epoch}/{self._epochs}, loss {step.loss:.4f}, {rate:,.0f} tokens/s")

    def epoch(self, epoch: Epoch) -> None:
        """Print one line about a finished epoch; bench/pipeline.py reads the rate from it."""
        tqdm.write(
            f"{self._name} epoch {epoch.number}/{self._epochs}: train loss {epoch.train_loss:.4f}, "
            f"dev loss {epoch.dev_loss:.4f}, dev accuracy {epoch.dev_accuracy:.2%}, "
            f"{epoch.tokens_per_second:,.0f} tokens/s, {(self._epochs - epoch.number) * epoch.seconds:,.0f} s left",
            file=sys.stderr,
        )

    def close(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.close()
