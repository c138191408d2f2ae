"""The tables of the page, ready to be laid out: which rows there are, and what they hold."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tagger.evaluate.metrics import METRICS, Metric
from tagger.report.comparison.verdict import Pair
from tagger.report.shared.results import LossResult

AXIS = 160  # pixels of the small axes within tables


class Row(NamedTuple):
    """A metric with its value for each loss."""

    metric: Metric
    baseline: float | None
    values: list[float | None]
    best: list[bool]  # all False if all losses are equal
    spots: list[float | None]  # the values on a line of `AXIS` pixels, from 0 to 100 % or to the largest
    baseline_spot: float | None

    @property
    def differs(self) -> bool:
        """Whether some loss is better than another."""
        return any(self.best)


def comparison_rows(results: Mapping[str, LossResult], baseline: Mapping[str, float | None]) -> list[Row]:
    """Return a row for each metric that some loss has; the baseline is given by its metrics."""
    rows = []
    for key, metric in METRICS.items():
        values = [result.evaluation.get(key) for result in results.values()]
        found = [value * metric.better for value in values if value is not None]
        if not found:
            continue
        differ = max(found) > min(found)
        best = [differ and value is not None and value * metric.better == max(found) for value in values]
        full = 1.0 if metric.better > 0 else max(map(abs, found)) or 1.0
        spots = [None if value is None else round(value / full * AXIS, 1) for value in (*values, baseline.get(key))]
        rows.append(Row(metric, baseline.get(key), values, best, spots[:-1], spots[-1]))
    return rows


class TagRow(NamedTuple):
    """A tag with its F1 under each loss."""

    tag: str
    support: int
    baseline: float
    values: list[float | None]  # None if the tag is neither gold nor predicted


def tag_rows(results: Mapping[str, LossResult]) -> list[TagRow]:
    """Return a row for each tag of some loss's table, the most frequent gold tag first."""
    by_loss = [{str(row["tag"]): row for row in result.tags.to_dict("records")} for result in results.values()]
    rows = []
    for tag in sorted(set().union(*by_loss)):
        found = next(table[tag] for table in by_loss if tag in table)
        values = [table[tag]["f1"] if tag in table else None for table in by_loss]
        rows.append(TagRow(tag, found["support"], found["baseline_f1"], values))
    return sorted(rows, key=lambda row: -row.support)


class Interval(NamedTuple):
    """A pair of the comparison with its interval on an axis of `AXIS` pixels that has 0 in the middle."""

    pair: Pair
    low: float
    high: float
    at: float


def intervals(pairs: Iterable[Pair]) -> list[Interval]:
    """Put the intervals of the differences in accuracy on one axis."""
    rows = []
    for pair in pairs:
        found = pair.differences["accuracy"]
        rows.append(Interval(pair, found.low, found.high, found.difference))
    scale = (AXIS / 2 - 8) / (max((abs(end) for row in rows for end in row[1:]), default=0) or 1)
    return [Interval(pair, *(round(AXIS / 2 + end * scale, 1) for end in ends)) for pair, *ends in rows]
