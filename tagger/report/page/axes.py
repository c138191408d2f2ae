"""The axes of the page's charts: from values to pixels, and which values get a tick."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

WIDTH, HEIGHT = 360, 250  # of a panel, in pixels
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 14, 38  # margins of the plot within the panel


class Tick(NamedTuple):
    """A labelled place on an axis, in pixels."""

    at: float
    label: str


class Scale:
    """From values between `low` and `high` to pixels between `start` and `end`."""

    def __init__(self, low: float, high: float, start: float, end: float, logarithmic: bool = False) -> None:
        self._map = math.log10 if logarithmic else float
        self._low, self._high = self._map(low), self._map(high)
        self._start, self._end = start, end

    def __call__(self, value: float) -> float:
        """Return the place of a value, to a tenth of a pixel."""
        share = (self._map(value) - self._low) / ((self._high - self._low) or 1)
        return round(self._start + share * (self._end - self._start), 1)


def linear_ticks(low: float, high: float) -> list[float]:
    """Return round numbers from at most `low` to at least `high`."""
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [float(f"{tick:.9g}") for tick in ticks]


def log_ticks(low: float, high: float) -> list[float]:
    """Return powers of ten and their multiples by 2 and 5, from at most `low` to at least `high`."""
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    ticks = [float(f"{factor}e{power}") for power in powers for factor in (1, 2, 5)]
    first = max(tick for tick in ticks if tick <= low)
    last = min(tick for tick in ticks if tick >= high and tick > first)
    return [tick for tick in ticks if first <= tick <= last]


def powers_of_ten(ticks: Sequence[float]) -> list[float]:
    """Return the powers of ten among `log_ticks`, or all of them if fewer than three are."""
    powers = [tick for tick in ticks if f"{tick:e}".startswith("1.000000e")]
    return powers if len(powers) >= 3 else list(ticks)


def labels(ticks: Sequence[float]) -> list[str]:
    """Write evenly spaced ticks with as many decimals as their step needs."""
    step = f"{ticks[1] - ticks[0]:.9g}"
    decimals = len(np.format_float_positional(float(step), trim="-").partition(".")[2])
    return [f"{tick:.{decimals}f}" for tick in ticks]


def epoch_ticks(epochs: int) -> list[int]:
    """Return every epoch if they are few, else the first and round numbers."""
    if epochs <= 12:
        return list(range(1, epochs + 1))
    return [1, *(int(tick) for tick in linear_ticks(0, epochs) if 1 < tick <= epochs and tick == int(tick))]


def share_ticks(start: float, end: float) -> list[Tick]:
    """Return the ticks of a share, 0 to 1."""
    scale = Scale(0, 1, start, end)
    return [Tick(scale(tenths / 10), f"{tenths / 10:g}") for tenths in range(0, 11, 2)]
