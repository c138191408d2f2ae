"""The charts of the page as geometry: `charts.html` draws it as SVG. Coordinates are pixels of a panel, y downwards."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

WIDTH, HEIGHT = 360, 250
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 14, 38  # margins of the plot within the panel
SQUARE = WIDTH - LEFT - RIGHT  # a reliability diagram has equal axes
STRIP = 44  # the strip below it that shows how many words a bin has

Point = tuple[float, float]


class Tick(NamedTuple):
    """A mark of an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Line:
    """One loss in a chart; `place` is that of the loss among the losses, which gives its colour, dashes and marker."""

    loss: str
    place: int
    path: str
    points: list[Point]
    width: float  # lines that lie on one another get narrower, so that each of them is seen
    missing: list[int] = field(default_factory=list)  # the epochs without a finite value


@dataclass(frozen=True)
class Chart:
    """Lines over epochs."""

    title: str
    note: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Line]
    together: list[list[str]]  # losses whose lines can't be told apart


class Bin(NamedTuple):
    """A bin of a reliability diagram."""

    x: float
    y: float
    low: float  # of the interval, further down
    high: float
    ideal: float  # where y would be, were the model calibrated
    strip_x: float
    strip_width: float
    strip_height: float


class Scale:
    """From values to pixels."""

    def __init__(self, low: float, high: float, start: float, end: float, logarithmic: bool = False) -> None:
        self._map = math.log10 if logarithmic else float
        self._low, self._high = self._map(low), self._map(high)
        self._start, self._end = start, end

    def __call__(self, value: float) -> float:
        """Return the place of a value, to a tenth of a pixel."""
        share = (self._map(value) - self._low) / ((self._high - self._low) or 1)
        return round(self._start + share * (self._end - self._start), 1)


def epoch_chart(title: str, note: str, series: Mapping[str, Sequence[float]], logarithmic: bool = False) -> Chart:
    """Lay out a value an epoch of each loss; values that are not finite (or not positive, on a logarithmic axis) gap.

    Args:
        title: of the panel.
        note: what a reader has to know to read it.
        series: loss -> its values, epoch 1 first.
        logarithmic: whether the y axis is.
    """
    drawable = {
        loss: [value if math.isfinite(value) and (value > 0 or not logarithmic) else None for value in values]
        for loss, values in series.items()
    }
    values = [value for row in drawable.values() for value in row if value is not None] or [1.0]
    y_values = log_ticks(min(values), max(values)) if logarithmic else linear_ticks(min(values), max(values))
    epochs = max((len(row) for row in drawable.values()), default=1)
    x = Scale(1, max(epochs, 2), LEFT, WIDTH - RIGHT)
    low, high = min(y_values[0], *values), max(y_values[-1], *values)
    y = Scale(low, high, HEIGHT - BOTTOM, TOP, logarithmic)
    points = {
        loss: [None if value is None else (x(epoch), y(value)) for epoch, value in enumerate(row, 1)]
        for loss, row in drawable.items()
    }
    together = coinciding(points)
    lines = []
    for place, (loss, row) in enumerate(points.items()):
        group = next((group for group in together if loss in group), [loss])
        lines.append(
            Line(
                loss=loss,
                place=place,
                path=path(row),
                points=[point for point in row if point],
                width=2 + 3.5 * (len(group) - 1 - group.index(loss)),
                missing=[epoch for epoch, point in enumerate(row, 1) if point is None],
            )
        )
    return Chart(
        title=title,
        note=note,
        x_ticks=[Tick(x(epoch), f"{epoch:g}") for epoch in epoch_ticks(epochs)],
        y_ticks=[Tick(y(value), tick_label(value, y_values, logarithmic)) for value in y_values],
        lines=lines,
        together=together,
    )


def coinciding(points: Mapping[str, Sequence[Point | None]]) -> list[list[str]]:
    """Return the groups of losses whose points nowhere lie further than a pixel apart."""
    groups: list[list[str]] = []
    for loss, row in points.items():
        for group in groups:
            first = points[group[0]]
            if len(first) == len(row) and all(_near(a, b) for a, b in zip(first, row, strict=True)):
                group.append(loss)
                break
        else:
            groups.append([loss])
    return [group for group in groups if len(group) > 1]


def _near(first: Point | None, second: Point | None) -> bool:
    if first is None or second is None:
        return first is second
    return math.dist(first, second) <= 1


def path(points: Sequence[Point | None]) -> str:
    """Return the `d` of a polyline that breaks off where a point is missing."""
    commands, pen = [], "M"
    for point in points:
        if point is None:
            pen = "M"
            continue
        commands.append(f"{pen}{point[0]:g} {point[1]:g}")
        pen = "L"
    return "".join(commands)


def linear_ticks(low: float, high: float, amount: int = 5) -> list[float]:
    """Return round numbers from at most `low` to at least `high`, about `amount` of them."""
    span = (high - low) or abs(high) or 1.0
    raw = span / amount
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 12) for index in range(first, max(last, first + 1) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return the powers of ten around the values, with their halves or fifths where the powers alone would be few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1,) if last - first > 3 else (1, 2, 5)
    ticks = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
    start = max((index for index, tick in enumerate(ticks) if tick <= low), default=0)
    end = min((index for index, tick in enumerate(ticks) if tick >= high), default=len(ticks) - 1)
    return [float(f"{tick:.6g}") for tick in ticks[start : max(end, start + 1) + 1]]


def tick_label(value: float, ticks: Sequence[float], logarithmic: bool) -> str:
    """Return a tick's number with as many decimals as its neighbours need."""
    if logarithmic:
        return f"{value:g}"
    step = abs(ticks[1] - ticks[0])
    decimals = next(count for count in range(13) if abs(round(step, count) - step) < 1e-9 * step)
    return f"{value:.{decimals}f}"


def epoch_ticks(epochs: int) -> list[float]:
    """Return the first epoch and then round ones."""
    if epochs <= 12:
        return [float(epoch) for epoch in range(1, epochs + 1)]
    return [1.0, *(tick for tick in linear_ticks(0, epochs) if 1 < tick <= epochs)]


def reliability_bins(table: Sequence[Mapping[str, Any]]) -> list[Bin]:
    """Lay out the bins of a reliability table that hold words: `low`, `high`, `tokens`, `confidence`, `accuracy`.

    The interval of the accuracy is Wilson's, at 95 % (Wilson 1927, Probable inference).
    """
    x = Scale(0, 1, LEFT, WIDTH - RIGHT)
    y = Scale(0, 1, TOP + SQUARE, TOP)
    most = max((row["tokens"] for row in table), default=1) or 1
    bins = []
    for row in table:
        if not row["tokens"]:
            continue
        low, high = wilson(row["accuracy"], row["tokens"])
        height = max(1.0, round(STRIP * math.sqrt(row["tokens"] / most), 1))
        bins.append(
            Bin(
                x=x(row["confidence"]),
                y=y(row["accuracy"]),
                low=y(low),
                high=y(high),
                ideal=y(row["confidence"]),
                strip_x=x(row["low"]),
                strip_width=round(x(row["high"]) - x(row["low"]) - 1.5, 1),
                strip_height=height,
            )
        )
    return bins


def wilson(share: float, amount: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of `amount` draws."""
    z = 1.959964
    centre = (share + z * z / (2 * amount)) / (1 + z * z / amount)
    half = z / (1 + z * z / amount) * math.sqrt(share * (1 - share) / amount + z * z / (4 * amount * amount))
    return max(0.0, centre - half), min(1.0, centre + half)


def even_ticks(start: float, end: float) -> list[Tick]:
    """Return the ticks of a share from 0 to 1."""
    scale = Scale(0, 1, start, end)
    return [Tick(scale(value), f"{value:g}") for value in np.linspace(0, 1, 6).round(1).tolist()]
