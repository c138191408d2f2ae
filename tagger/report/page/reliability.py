"""The reliability diagrams as geometry: `charts.html` draws them as SVG. Pixels of a panel, y downwards."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from scipy.stats import binomtest

from tagger.report.page.axes import LEFT, RIGHT, TOP, WIDTH, Scale, Tick, share_ticks

FLOOR = TOP + WIDTH - LEFT - RIGHT  # y of an accuracy of 0: both axes are equally long
STRIP = 44  # height of the strip below, which shows how many words a bin has


class Bin(NamedTuple):
    """A bin with words: its point, the interval of its accuracy, its bar in the strip."""

    x: float
    y: float
    low: float
    high: float
    bar_x: float
    bar_width: float
    bar_height: float


class Diagram(NamedTuple):
    """Accuracy against confidence of one loss."""

    loss: str
    error: float  # expected calibration error
    bins: list[Bin]
    x_ticks: list[Tick]
    y_ticks: list[Tick]


def reliability_diagram(loss: str, error: float, table: Sequence[Mapping[str, Any]]) -> Diagram:
    """Lay out a reliability table: `low`, `high`, `tokens`, `confidence`, `accuracy` of each bin.

    Points carry Wilson's interval at 95 % (Wilson 1927, Probable inference, the law of succession, and statistical
    inference). The height of a bar is proportional to the square root of its words, or all but the last would vanish.
    """
    x, y = Scale(0, 1, LEFT, WIDTH - RIGHT), Scale(0, 1, FLOOR, TOP)
    most = max(row["tokens"] for row in table)
    bins = []
    for row in table:
        if not row["tokens"]:
            continue
        right = round(row["accuracy"] * row["tokens"])
        interval = binomtest(right, row["tokens"]).proportion_ci(0.95, "wilson")
        bins.append(
            Bin(
                x=x(row["confidence"]),
                y=y(row["accuracy"]),
                low=y(interval.low),
                high=y(interval.high),
                bar_x=x(row["low"]),
                bar_width=round(x(row["high"]) - x(row["low"]) - 1.5, 1),
                bar_height=max(1.0, round(STRIP * math.sqrt(row["tokens"] / most), 1)),
            )
        )
    return Diagram(loss, error, bins, share_ticks(LEFT, WIDTH - RIGHT), share_ticks(FLOOR, TOP))
