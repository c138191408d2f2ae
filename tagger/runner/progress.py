"""How far a training is: a bar on a terminal, a line an epoch elsewhere."""

import sys
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from tagger.train.trainer import Epoch, Step


class Progress:
    """Shows loss, tokens a second and the time left."""

    def __init__(self, name: str, epochs: int) -> None:
        self._name, self._epochs = name, epochs
        self._bar: tqdm[Any] | None = None
        self._tokens = 0
        self._terminal = sys.stderr.isatty()

    def resume(self, history: Sequence[Epoch]) -> None:
        """Say that a training goes on from its checkpoint."""
        print(f"{self._name}: epochs 1-{len(history)} of {self._epochs} were run before", file=sys.stderr, flush=True)

    def step(self, step: Step) -> None:
        """Take a step into account."""
        if not self._terminal:
            return
        bar = self._bar = self._bar or tqdm(
            desc=self._name,
            total=step.steps * self._epochs,
            initial=step.steps * (step.epoch - 1),  # a training that goes on
            dynamic_ncols=True,
            bar_format="{desc} {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left{postfix}",
        )
        self._tokens += step.tokens
        rate = self._tokens / (bar.format_dict["elapsed"] or 1e-9)
        bar.set_postfix_str(
            f"epoch {step.epoch}/{self._epochs}, loss {step.loss:.4f}, {rate:,.0f} tokens/s", refresh=False
        )
        bar.update()

    def epoch(self, epoch: Epoch) -> None:
        """Print the line of an epoch that is done."""
        line = (
            f"{self._name} epoch {epoch.number}/{self._epochs}: train loss {epoch.train_loss:.4f}, "
            f"dev loss {epoch.dev_loss:.4f}, dev accuracy {epoch.dev_accuracy:.2%}, "
            f"{epoch.tokens_per_second:,.0f} tokens/s, {(self._epochs - epoch.number) * epoch.seconds:,.0f} s left"
        )
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        else:
            print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.close()
