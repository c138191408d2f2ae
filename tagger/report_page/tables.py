"""The tables of the page, ready to be laid out: which rows there are, and how strong a cell's colour is."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

MATRIX_TAGS = 50  # XPOS may have a thousand, and the table grows with their square
RIGHT_LEVELS = (0.5, 0.7, 0.9, 0.97)  # shares of a row at which the colour of the diagonal gets stronger
AXIS = 160  # pixels
WRONG_LEVELS = (0.005, 0.02, 0.05, 0.15)  # and that of the cells off it


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
    "nll": Metric("NLL", "mean −ln of the gold tag’s probability", False, -1),
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


class Cell(NamedTuple):
    """How often a gold tag was predicted as this one: `style` is d1 to d5 on the diagonal, e1 to e5 off it."""

    tokens: int
    style: str


class Matrix(NamedTuple):
    """The confusions of one loss: a row a gold tag, a column a predicted one."""

    loss: str
    tags: list[str]
    rows: list[tuple[str, int, list[Cell]]]  # the tag, its tokens, its cells


def confusion_matrices(predictions: Mapping[str, pd.DataFrame]) -> tuple[list[Matrix], int]:
    """Return the matrix of each loss over the same tags, and how many tags there are in all.

    Of more than `MATRIX_TAGS` tags the most frequent gold ones stand in the matrices.
    """
    counts = {loss: pd.crosstab(table["gold"], table["predicted"]) for loss, table in predictions.items()}
    tags = sorted({str(tag) for table in counts.values() for tag in (*table.index, *table.columns)})
    totals = next(iter(predictions.values()))["gold"].value_counts()
    frequent = sorted(tags, key=lambda tag: -int(totals.get(tag, 0)))[:MATRIX_TAGS]
    kept = sorted(frequent)
    matrices = []
    for loss, table in counts.items():
        cells = table.reindex(index=kept, columns=kept, fill_value=0).to_numpy()
        rows = [
            (
                tag,
                int(totals.get(tag, 0)),
                [
                    _cell(int(count), int(totals.get(tag, 0)), tag == column)
                    for count, column in zip(row, kept, strict=True)
                ],
            )
            for tag, row in zip(kept, cells, strict=True)
        ]
        matrices.append(Matrix(loss, kept, rows))
    return matrices, len(tags)


def _cell(tokens: int, total: int, diagonal: bool) -> Cell:
    if not tokens:
        return Cell(0, "")
    levels = RIGHT_LEVELS if diagonal else WRONG_LEVELS
    return Cell(tokens, f"{'d' if diagonal else 'e'}{1 + bisect_right(levels, tokens / total)}")


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
        share = row["infinite"]
        style = f"e{1 + bisect_right(WRONG_LEVELS, share)}" if share else ""
        methods.setdefault(row["method"], {}).setdefault(row["dtype"], []).append(row | {"style": style})
    scales = sorted({row["scale"] for row in rows})
    return Precision(scales, [(method, list(formats.items())) for method, formats in methods.items()])
