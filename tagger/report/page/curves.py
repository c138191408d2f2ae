"""The training curves as geometry: `charts.html` draws them as SVG. Coordinates are pixels of a panel, y downwards."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tagger.report.page.axes import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Scale,
    Tick,
    epoch_ticks,
    labels,
    linear_ticks,
    log_ticks,
    powers_of_ten,
)
from tagger.report.shared.grouping import grouped
from tagger.report.shared.results import LossResult

Point = tuple[float, float]
OWN_UNITS = "Logarithmic, each loss in a unit of its own: compare shapes, not heights."
PANELS = (  # column of a history, title, note, whether the axis is logarithmic
    ("dev_accuracy", "Accuracy on dev", "", False),
    ("dev_loss", "Loss on dev", OWN_UNITS, True),
    ("train_loss", "Loss in training", OWN_UNITS, True),
)
LINE, STEP = 2.0, 3.5  # widths: of lines that lie on one another the lower ones are wider, so that each is seen


class Line(NamedTuple):
    """One loss in a chart; its place among the losses decides its colour, dashes and marker."""

    loss: str
    place: int
    path: str
    points: list[Point]
    width: float
    missing: int  # epochs without a value that can be drawn


class Chart(NamedTuple):
    """Lines over epochs."""

    title: str
    note: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Line]
    together: list[list[str]]  # losses whose lines can't be told apart


def training_curves(results: Mapping[str, LossResult]) -> list[Chart]:
    """Lay out a chart for each of the `PANELS`."""
    return [
        epoch_chart(title, note, {loss: result.history[column] for loss, result in results.items()}, logarithmic)
        for column, title, note, logarithmic in PANELS
    ]


def epoch_chart(title: str, note: str, series: Mapping[str, Iterable[float]], logarithmic: bool = False) -> Chart:
    """Lay out one value per epoch and loss.

    Args:
        title: of the chart.
        note: what a reader has to know to read it.
        series: loss -> its values, epoch 1 first. The line has a gap at a value that is not finite, or not positive on
            a logarithmic axis.
        logarithmic: whether the y axis is.
    """
    rows = {
        loss: [value if math.isfinite(value) and (value > 0 or not logarithmic) else math.nan for value in values]
        for loss, values in series.items()
    }
    found = [value for row in rows.values() for value in row if not math.isnan(value)] or [1.0]
    marks = (log_ticks if logarithmic else linear_ticks)(min(found), max(found))
    shown = powers_of_ten(marks) if logarithmic else marks
    names = [f"{mark:g}" for mark in shown] if logarithmic else labels(shown)
    epochs = max(map(len, rows.values()), default=1)
    x = Scale(1, max(epochs, 2), LEFT, WIDTH - RIGHT)
    y = Scale(marks[0], marks[-1], HEIGHT - BOTTOM, TOP, logarithmic)
    points = {loss: [(x(epoch), y(value)) for epoch, value in enumerate(row, 1)] for loss, row in rows.items()}
    together = grouped(points, lambda one, other: _coincide(points[one], points[other]))
    lines = []
    for place, (loss, row) in enumerate(points.items()):
        group = next(group for group in together if loss in group)
        drawn = [point for point in row if not math.isnan(point[1])]
        above = len(group) - 1 - group.index(loss)
        lines.append(Line(loss, place, path(row), drawn, LINE + STEP * above, len(row) - len(drawn)))
    return Chart(
        title=title,
        note=note,
        x_ticks=[Tick(x(epoch), str(epoch)) for epoch in epoch_ticks(epochs)],
        y_ticks=[Tick(y(mark), name) for mark, name in zip(shown, names, strict=True)],
        lines=lines,
        together=[group for group in together if len(group) > 1],
    )


def _coincide(first: Sequence[Point], second: Sequence[Point]) -> bool:
    """Return whether two lines have their gaps at the same epochs, and are nowhere further apart than a pixel."""
    return len(first) == len(second) and np.allclose(first, second, rtol=0, atol=1, equal_nan=True)


def path(points: Sequence[Point]) -> str:
    """Return the `d` of an SVG path with a gap at each point whose y is NaN."""
    commands, pen = [], "M"
    for x, y in points:
        missing = math.isnan(y)
        if not missing:
            commands.append(f"{pen}{x:g} {y:g}")
        pen = "M" if missing else "L"
    return "".join(commands)
