"""The tables of the page, ready to be laid out: which rows there are, and what stands in them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from tagger.report.page.confusions import wrong_style

AXIS = 160  # pixels of the small axes within tables


class Metric(NamedTuple):
    """A row of the comparison."""

    name: str
    meaning: str
    share: bool  # shown in percent
    best: int  # 1: more is better, -1: less is


METRICS = {
    "accuracy": Metric("Accuracy", "words with the right tag", True, 1),
    "macro_f1": Metric("Macro F1", "mean over the tags, each weighing the same", True, 1),
    "known_accuracy": Metric("Known words", "accuracy on words that training has", True, 1),
    "ambiguous_accuracy": Metric("Ambiguous words", "accuracy on known words of several tags", True, 1),
    "unknown_accuracy": Metric("Unknown words", "accuracy on words that training lacks", True, 1),
    "sentence_accuracy": Metric("Sentences", "without a wrong word", True, 1),
    "span_f1": Metric("Span F1", "whole spans, as seqeval counts them", True, 1),
    "nll": Metric("NLL", "mean of -ln(probability of the gold tag)", False, -1),
    "brier": Metric("Brier score", "squared distance to one-hot, 0 to 2", False, -1),
    "ece": Metric("Calibration error", "gap of confidence and accuracy, 15 bins", True, -1),
}


class Row(NamedTuple):
    """A metric with its value for each loss."""

    metric: Metric
    baseline: float | None
    values: list[float | None]
    best: list[bool]  # none of them where all losses are equal
    spots: list[float | None]  # the values on a line of `AXIS` pixels, from 0 to 100 % or to the largest
    baseline_spot: float | None

    @property
    def differs(self) -> bool:
        """Whether some loss is better than another."""
        return any(self.best)


def comparison_rows(evaluations: Mapping[str, Mapping[str, Any]], baseline: Mapping[str, Any]) -> list[Row]:
    """Return a row for each metric that some loss has."""
    rows = []
    for key, metric in METRICS.items():
        values = [evaluation.get(key) for evaluation in evaluations.values()]
        found = [value * metric.best for value in values if value is not None]
        if not found:
            continue
        differ = max(found) > min(found)
        best = [differ and value is not None and value * metric.best == max(found) for value in values]
        full = 1.0 if metric.best > 0 else max(map(abs, found)) or 1.0
        spots = [None if value is None else round(value / full * AXIS, 1) for value in (*values, baseline.get(key))]
        rows.append(Row(metric, baseline.get(key), values, best, spots[:-1], spots[-1]))
    return rows


class TagRow(NamedTuple):
    """A tag with its F1 under each loss."""

    tag: str
    support: int
    baseline: float | None
    values: list[float | None]  # none where the tag is neither gold nor predicted


def tag_rows(tags: Mapping[str, pd.DataFrame]) -> list[TagRow]:
    """Return a row for each tag of some loss's table, the most frequent gold tag first."""
    by_loss = [{str(row["tag"]): row for row in table.to_dict("records")} for table in tags.values()]
    rows = []
    for tag in sorted(set().union(*by_loss)):
        found = [row[tag] for row in by_loss if tag in row]
        baseline = found[0].get("baseline_f1")
        rows.append(
            TagRow(
                tag=tag,
                support=int(found[0]["support"]),
                baseline=None if baseline is None or pd.isna(baseline) else float(baseline),
                values=[float(row[tag]["f1"]) if tag in row else None for row in by_loss],
            )
        )
    return sorted(rows, key=lambda row: -row.support)


def lengths(details: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the accuracy by sentence length: the losses share the sentences, so their rows go together."""
    rows = zip(*(detail["lengths"] for detail in details.values()), strict=True)
    return [row[0] | {"accuracies": [each["accuracy"] for each in row]} for row in rows]


class Interval(NamedTuple):
    """A pair of the comparison with its interval on an axis of `AXIS` pixels that has 0 in the middle."""

    pair: dict[str, Any]
    low: float
    high: float
    at: float


def intervals(pairs: Iterable[dict[str, Any]]) -> list[Interval]:
    """Put the intervals of the accuracies' differences on one axis."""
    listed = list(pairs)
    ends = [abs(pair["accuracy"][key]) for pair in listed for key in ("low", "high", "difference")]
    scale = (AXIS / 2 - 8) / (max(ends, default=0) or 1)

    def place(value: float) -> float:
        return round(AXIS / 2 + value * scale, 1)

    return [Interval(pair, *(place(pair["accuracy"][key]) for key in ("low", "high", "difference"))) for pair in listed]


class Precision(NamedTuple):
    """Measurements of two ways to compute the same thing: a row a number format, a column a scale of the scores."""

    scales: list[float]
    methods: list[tuple[str, list[tuple[str, list[dict[str, Any]]]]]]  # method, then number format, then the scales


def by_scale(rows: Sequence[dict[str, Any]]) -> Precision:
    """Arrange the rows of `logarithms` or `log_sum_exp`; each gets the `style` of its share that is infinite."""
    methods: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for row in rows:
        cells = methods.setdefault(row["method"], {}).setdefault(row["dtype"], [])
        cells.append(row | {"style": wrong_style(row["infinite"])})
    scales = sorted({row["scale"] for row in rows})
    return Precision(scales, [(method, list(formats.items())) for method, formats in methods.items()])
