"""What the charts of the page show: `charts.html` draws them as SVG. Coordinates are pixels of a panel, y downwards."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binomtest

from tagger.evaluate.metrics import METRICS, Metric, shown_in
from tagger.report.shared.results import Result
from tagger.report.shared.wording import grouped

WIDTH, HEIGHT = 360, 250  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 14, 38  # margins of the plot within the panel
FLOOR = TOP + WIDTH - LEFT - RIGHT  # y of an accuracy of 0 in a reliability diagram: both axes are equally long
STRIP = 44  # height of the strip below the diagram, which shows how many words a bin has
EDGE, ROW = 16, 42  # of a chart of seeds: margins at both sides, height of a row
LINE, STEP = 2.0, 3.5  # widths: if lines lie on one another, the lower ones are wider, so that each is seen
PANELS = (  # column of a history, title, whether the axis is logarithmic
    ("dev_accuracy", "Accuracy on dev", False),
    ("dev_loss", "Loss on dev", True),
    ("train_loss", "Loss in training", True),
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


def training_curves(results: Mapping[str, Result]) -> list[Chart]:
    """Lay out a chart for each of the `PANELS`."""
    return [
        epoch_chart(title, {loss: result.history[column] for loss, result in results.items()}, logarithmic)
        for column, title, logarithmic in PANELS
    ]


def epoch_chart(title: str, series: Mapping[str, Iterable[float]], logarithmic: bool = False) -> Chart:
    """Lay out one value per epoch and loss, epoch 1 first.

    A line has a gap at a value that is not finite, or not positive on a logarithmic axis.
    """
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
    lines = []
    for loss, row in points.items():
        group = next(group for group in together if loss in group)
        drawn = [point for point in row if not math.isnan(point[1])]
        above = len(group) - 1 - group.index(loss)
        lines.append(Line(loss, path(row), drawn, LINE + STEP * above, len(row) - len(drawn)))
    return Chart(
        title=title,
        logarithmic=logarithmic,
        x_ticks=[(x(epoch), str(epoch)) for epoch in epoch_ticks(epochs)],
        y_ticks=[(y(mark), name) for mark, name in zip(shown, names, strict=True)],
        lines=lines,
        together=[group for group in together if len(group) > 1],
    )


def _coincide(first: Sequence[Point], second: Sequence[Point]) -> bool:
    """Return whether two lines have their gaps at the same epochs, and are nowhere further apart than a pixel."""
    return len(first) == len(second) and np.allclose(first, second, rtol=0, atol=1, equal_nan=True)


class SeedRow(NamedTuple):
    """The models of one loss in a chart: the x of each and of their mean."""

    loss: str
    y: int
    dots: list[float]
    mean: float


class SeedChart(NamedTuple):
    """One metric of every model, a row for each loss."""

    name: str
    metric: Metric
    bottom: int  # y of the axis
    ticks: list[Tick]
    rows: list[SeedRow]


def seed_charts(values: Mapping[str, Sequence[Mapping[str, float | None]]]) -> list[SeedChart]:
    """Lay out a chart for each metric that has intervals, given loss -> the metrics with each seed."""
    charts = []
    for name in shown_in("intervals"):
        metric = METRICS[name]
        rows = {loss: [each.get(name) for each in models] for loss, models in values.items()}
        found = [value * (100 if metric.share else 1) for row in rows.values() for value in row if value is not None]
        if not found:
            continue
        marks = linear_ticks(min(found), max(found))
        x = partial(pixel, low=marks[0], high=marks[-1], start=EDGE, end=WIDTH - EDGE)
        seeds = len(found) // len(rows)
        drawn = [found[start : start + seeds] for start in range(0, len(found), seeds)]
        charts.append(
            SeedChart(
                name=name,
                metric=metric,
                bottom=TOP + ROW * len(rows),
                ticks=list(zip(map(x, marks), labels(marks), strict=True)),
                rows=[
                    SeedRow(loss, TOP + ROW * place + 26, [x(value) for value in own], x(fmean(own)))
                    for place, (loss, own) in enumerate(zip(rows, drawn, strict=True))
                ],
            )
        )
    return charts


def path(points: Sequence[Point]) -> str:
    """Return the `d` of an SVG path with a gap at each point whose y is NaN."""
    commands, pen = [], "M"
    for x, y in points:
        missing = math.isnan(y)
        if not missing:
            commands.append(f"{pen}{x:g} {y:g}")
        pen = "M" if missing else "L"
    return "".join(commands)


def reliability_bins(table: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the bins that have words, with the `interval` of their accuracy and the height of a `bar`.

    Intervals are Wilson's at 95 % (Wilson 1927, Probable inference, the law of succession, and statistical inference).
    The height is proportional to the square root of the words, or all bars but the last would vanish.
    """
    most = max(row["tokens"] for row in table)
    bins = []
    for row in table:
        if row["tokens"]:
            right = round(row["accuracy"] * row["tokens"])
            interval = binomtest(right, row["tokens"]).proportion_ci(0.95, "wilson")
            bar = max(1.0, round(STRIP * math.sqrt(row["tokens"] / most), 1))
            bins.append({**row, "interval": interval, "bar": bar})
    return bins


def pixel(
    value: float, *, low: float, high: float, start: float, end: float, unit: Callable[[float], float] = float
) -> float:
    """Map a value between `low` and `high` to a place between `start` and `end`, to a tenth of a pixel.

    The axis is even in `unit`, such as the logarithm.
    """
    share = (unit(value) - unit(low)) / ((unit(high) - unit(low)) or 1)
    return round(start + share * (end - start), 1)


share_x = partial(pixel, low=0, high=1, start=LEFT, end=WIDTH - RIGHT)
share_y = partial(pixel, low=0, high=1, start=FLOOR, end=TOP)


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
