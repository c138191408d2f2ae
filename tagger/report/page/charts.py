"""The layout of the page's charts, which `charts.html` draws as SVG. Coordinates are pixels of a panel, y downwards."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from tagger.evaluate.metrics import METRICS, Metric, shown_in
from tagger.report.shared.wording import grouped

WIDTH, HEIGHT = 360, 250  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 14, 38  # margins of the plot within the panel
FLOOR = TOP + WIDTH - LEFT - RIGHT  # y of an accuracy of 0 in a reliability diagram: both axes are equally long
STRIP = 44  # height of the strip below the diagram, which shows how many words a bin has
EDGE, ROW = 16, 42  # of a chart of seeds: margins at both sides, height of a row
NEARLY = 1e-9  # in steps: a value this close to a tick is on it
LINE, STEP = 2.0, 3.5  # widths: if lines coincide, the lower ones are wider, so that all are visible
PANELS = (  # column of a history, title, whether the axis is logarithmic
    ("dev_accuracy", "Dev accuracy", False),
    ("dev_loss", "Dev loss", True),
    ("train_loss", "Training loss", True),
)

Point = tuple[float, float]
Tick = tuple[float, str]  # a place on an axis and its label


class Line(NamedTuple):
    """One loss in a chart."""

    loss: str
    path: str
    points: list[Point]
    width: float
    missing: int  # epochs without a value that can be drawn


class Chart(NamedTuple):
    """Lines over epochs."""

    title: str
    logarithmic: bool  # the y axis
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Line]
    together: list[list[str]]  # losses whose lines can't be told apart


def epoch_chart(title: str, series: Mapping[str, Iterable[float]], logarithmic: bool = False) -> Chart:
    """Lay out one value per epoch and loss, epoch 1 first. A line has a gap where the axis has no place for a value."""
    rows = {
        loss: [value if math.isfinite(value) and (value > 0 or not logarithmic) else math.nan for value in values]
        for loss, values in series.items()
    }
    found = [value for row in rows.values() for value in row if not math.isnan(value)] or [1.0]
    marks = (log_ticks if logarithmic else linear_ticks)(min(found), max(found))
    shown = powers_of_ten(marks) if logarithmic else marks
    names = [f"{mark:g}" for mark in shown] if logarithmic else labels(shown)
    epochs = max(map(len, rows.values()))
    x = partial(pixel, low=1, high=max(epochs, 2), start=LEFT, end=WIDTH - RIGHT)
    unit = math.log10 if logarithmic else float
    y = partial(pixel, low=marks[0], high=marks[-1], start=HEIGHT - BOTTOM, end=TOP, unit=unit)
    points = {loss: [(x(epoch), y(value)) for epoch, value in enumerate(row, 1)] for loss, row in rows.items()}
    together = grouped(points, lambda one, other: _coincide(points[one], points[other]))
    widths = {loss: LINE + STEP * above for group in together for above, loss in enumerate(reversed(group))}
    lines = []
    for loss, row in points.items():
        drawn = [point for point in row if not math.isnan(point[1])]
        lines.append(Line(loss, path(row), drawn, widths[loss], len(row) - len(drawn)))
    x_ticks = [(x(epoch), str(epoch)) for epoch in epoch_ticks(epochs)]
    y_ticks = [(y(mark), name) for mark, name in zip(shown, names, strict=True)]
    return Chart(title, logarithmic, x_ticks, y_ticks, lines, [group for group in together if len(group) > 1])


def _coincide(first: Sequence[Point], second: Sequence[Point]) -> bool:
    """Return whether two lines have their gaps at the same epochs, and are nowhere further apart than a pixel."""
    return len(first) == len(second) and np.allclose(first, second, rtol=0, atol=1, equal_nan=True)


class SeedChart(NamedTuple):
    """One metric of every model, a row for each loss."""

    name: str
    metric: Metric
    ticks: list[Tick]
    rows: list[tuple[str, list[float], float]]  # the loss, the x of each seed's model and of their mean


def seed_charts(values: Mapping[str, Sequence[Mapping[str, float | None]]]) -> list[SeedChart]:
    """Lay out a chart for each metric that has intervals, given loss -> the metrics with each seed."""
    charts = []
    for name in shown_in("intervals"):
        unit = 100 if METRICS[name].share else 1
        rows = {
            loss: [value * unit for each in models if (value := each.get(name)) is not None]
            for loss, models in values.items()
        }
        found = [value for row in rows.values() for value in row]
        if not found:
            continue
        marks = linear_ticks(min(found), max(found))
        x = partial(pixel, low=marks[0], high=marks[-1], start=EDGE, end=WIDTH - EDGE)
        drawn = [(loss, [x(value) for value in row], x(fmean(row))) for loss, row in rows.items()]
        charts.append(SeedChart(name, METRICS[name], list(zip(map(x, marks), labels(marks), strict=True)), drawn))
    return charts


def path(points: Sequence[Point]) -> str:
    """Return the `d` of an SVG path with a gap at each point whose y is NaN."""
    pens = ["M", *("M" if math.isnan(y) else "L" for _, y in points)]
    return "".join(f"{pen}{x:g} {y:g}" for pen, (x, y) in zip(pens, points, strict=False) if not math.isnan(y))


def accuracy_interval(accuracy: float, tokens: int) -> tuple[float, float]:
    """Return Wilson's interval at 95 % (1927, Probable inference, the law of succession, and statistical inference)."""
    # SciPy has it in scipy.stats, whose import takes as long as the rest of the report.
    share, square = round(accuracy * tokens) / tokens, ndtri(0.975) ** 2 / tokens
    middle, width = share + square / 2, math.sqrt(square * (share * (1 - share) + square / 4))
    return float((middle - width) / (1 + square)), float((middle + width) / (1 + square))


def pixel(
    value: float, *, low: float, high: float, start: float, end: float, unit: Callable[[float], float] = float
) -> float:
    """Map a value to a tenth of a pixel on an axis that is even in `unit`, such as the logarithm."""
    share = (unit(value) - unit(low)) / ((unit(high) - unit(low)) or 1)
    return round(start + share * (end - start), 1)


share_x = partial(pixel, low=0, high=1, start=LEFT, end=WIDTH - RIGHT)
share_y = partial(pixel, low=0, high=1, start=FLOOR, end=TOP)


def linear_ticks(low: float, high: float) -> list[float]:
    """Return evenly spaced round numbers that include `low` and `high`; a step is at least a fifth of the range."""
    least = (high - low if high - low > 1e-6 * abs(high) else abs(high) or 1.0) / 5
    power = math.floor(math.log10(least))
    step = next(step for factor in (1, 2, 2.5, 5, 10) if (step := float(f"{factor}e{power}")) >= least)
    last = math.ceil(high / step - NEARLY)
    first = min(math.floor(low / step + NEARLY), last - 1)
    return [float(f"{number * step:.9g}") for number in range(first, last + 1)]


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
