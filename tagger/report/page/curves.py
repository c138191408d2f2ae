"""The training curves as geometry: `charts.html` draws them as SVG. Coordinates are pixels of a panel, y downwards."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

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

Point = tuple[float, float]
OWN_UNITS = "Logarithmic, each loss in a unit of its own: compare shapes, not heights."
PANELS = (  # column of a history, title, note, whether the axis is logarithmic
    ("dev_accuracy", "Accuracy on dev", "", False),
    ("dev_loss", "Loss on dev", OWN_UNITS, True),
    ("train_loss", "Loss in training", OWN_UNITS, True),
)
LINE, STEP = 2.0, 3.5  # widths: lines that lie on one another get wider towards the bottom, so that each is seen


class Line(NamedTuple):
    """One loss in a chart; `place` is that of the loss among the losses, which gives its colour, dashes and marker."""

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


def training_curves(histories: Mapping[str, pd.DataFrame]) -> list[Chart]:
    """Lay out a chart for each of the `PANELS`."""
    return [
        epoch_chart(
            title, note, {loss: table[column].astype(float).tolist() for loss, table in histories.items()}, logarithmic
        )
        for column, title, note, logarithmic in PANELS
    ]


def epoch_chart(title: str, note: str, series: Mapping[str, Sequence[float]], logarithmic: bool = False) -> Chart:
    """Lay out a value an epoch of each loss.

    Args:
        title: of the chart.
        note: what a reader has to know to read it.
        series: loss -> its values, epoch 1 first. Where one is not finite, or not positive on a logarithmic axis, the
            line has a gap.
        logarithmic: whether the y axis is.
    """
    rows = {
        loss: [value if math.isfinite(value) and (value > 0 or not logarithmic) else None for value in values]
        for loss, values in series.items()
    }
    found = [value for row in rows.values() for value in row if value is not None] or [1.0]
    marks = (log_ticks if logarithmic else linear_ticks)(min(found), max(found))
    shown = powers_of_ten(marks) if logarithmic else marks
    names = [f"{mark:g}" for mark in shown] if logarithmic else labels(shown)
    epochs = max(map(len, rows.values()), default=1)
    x = Scale(1, max(epochs, 2), LEFT, WIDTH - RIGHT)
    y = Scale(marks[0], marks[-1], HEIGHT - BOTTOM, TOP, logarithmic)
    points = {
        loss: [None if value is None else (x(epoch), y(value)) for epoch, value in enumerate(row, 1)]
        for loss, row in rows.items()
    }
    together = coinciding(points)
    lines = []
    for place, (loss, row) in enumerate(points.items()):
        group = next((group for group in together if loss in group), [loss])
        drawn = [point for point in row if point]
        above = len(group) - 1 - group.index(loss)
        lines.append(Line(loss, place, path(row), drawn, LINE + STEP * above, len(row) - len(drawn)))
    return Chart(
        title=title,
        note=note,
        x_ticks=[Tick(x(epoch), str(epoch)) for epoch in epoch_ticks(epochs)],
        y_ticks=[Tick(y(mark), name) for mark, name in zip(shown, names, strict=True)],
        lines=lines,
        together=together,
    )


def coinciding(points: Mapping[str, Sequence[Point | None]]) -> list[list[str]]:
    """Return the groups of losses whose points nowhere lie further than a pixel apart."""
    groups: list[list[str]] = []
    for loss, row in points.items():
        for group in groups:
            first = points[group[0]]
            if len(first) == len(row) and all(map(_near, first, row)):
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
    """Return the `d` of a line that breaks off where a point is missing."""
    commands, pen = [], "M"
    for point in points:
        if point is not None:
            commands.append(f"{pen}{point[0]:g} {point[1]:g}")
        pen = "M" if point is None else "L"
    return "".join(commands)
