"""The tables of the page, ready to be laid out: which rows there are, and what they hold."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tagger.evaluate.metrics import METRICS, SPREAD, Metric, over_seeds
from tagger.report.page.filters import wrong_style
from tagger.report.shared.results import Result, Results

AXIS = 160  # pixels of the small axes within tables
MATRIX_TAGS = 50  # XPOS may have a thousand, and the table grows with their square
RIGHT_LEVELS = (0.5, 0.7, 0.9, 0.97)  # shares of a row at which the colour of the diagonal gets stronger


class Row(NamedTuple):
    """A metric with its value for each loss."""

    metric: Metric
    baseline: float | None
    values: list[float | None]  # means over the seeds
    spreads: list[float | None]  # standard deviations; None with one seed
    best: list[bool]  # all False if all losses are equal
    differs: bool  # some loss is better than another
    full: float  # the value at the end of an axis: 100 %, or the largest


def comparison_rows(results: Results, baseline: Mapping[str, float | None]) -> list[Row]:
    """Return a row for each metric that some loss has; the baseline is given by its metrics."""
    figures = [over_seeds([result.evaluation for result in seeds.values()]) for seeds in results.values()]
    rows = []
    for key, metric in METRICS.items():
        values, spreads = ([of_loss.get(name) for of_loss in figures] for name in (key, key + SPREAD))
        found = [value * metric.better for value in values if value is not None]
        if not found:
            continue
        differs = max(found) > min(found)
        best = [differs and value is not None and value * metric.better == max(found) for value in values]
        full = 1.0 if metric.better > 0 else max(map(abs, found)) or 1.0
        rows.append(Row(metric, baseline.get(key), values, spreads, best, differs, full))
    return rows


class TagRow(NamedTuple):
    """A tag with its F1 under each loss."""

    tag: str
    support: int
    baseline: float
    values: list[float | None]  # None if the tag is neither gold nor predicted


def tag_rows(results: Mapping[str, Result]) -> list[TagRow]:
    """Return a row for each tag of some loss's table, the most frequent gold tag first."""
    by_loss = [{str(row["tag"]): row for row in result.tags.to_dict("records")} for result in results.values()]
    rows = []
    for tag in sorted(set().union(*by_loss)):
        found = next(table[tag] for table in by_loss if tag in table)
        values = [table[tag]["f1"] if tag in table else None for table in by_loss]
        rows.append(TagRow(tag, found["support"], found["baseline_f1"], values))
    return sorted(rows, key=lambda row: -row.support)


def intervals(pairs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each `pair` with the `scale` of the axis of `AXIS` pixels that has 0 in its middle.

    The scale is in pixels per unit of accuracy. All pairs have the same, so that the largest interval fits.
    """
    pairs = list(pairs)
    found = [pair["accuracy"] for pair in pairs]
    largest = max((abs(end) for each in found for end in (each["low"], each["high"], each["difference"])), default=0)
    scale = (AXIS / 2 - 8) / (largest or 1)
    return [{"pair": pair, "scale": scale} for pair in pairs]


class Cell(NamedTuple):
    """How often a gold tag was predicted as another, or as itself."""

    tokens: int
    style: str  # d1 to d5 on the diagonal, e1 to e5 off it; empty without a token


def confusion_matrices(results: Mapping[str, Result]) -> dict[str, Any]:
    """Return the `tags` of all matrices, the `total` of tags, and the `rows` of each loss: gold tag, cells.

    Of more than `MATRIX_TAGS` tags the matrices hold the most frequent gold ones. Colours are shares of the whole row,
    including tags that are left out.
    """
    counts = {loss: result.confusions for loss, result in results.items()}
    every = sorted(set().union(*(table.index for table in counts.values())))
    totals = next(iter(counts.values())).sum(axis=1)  # of the gold tags, the same for each loss
    tags = sorted(sorted(every, key=lambda tag: -totals.get(tag, 0))[:MATRIX_TAGS])
    rows: dict[str, list[tuple[str, list[Cell]]]] = {}
    for loss, table in counts.items():
        shown = table.reindex(index=tags, columns=tags, fill_value=0)
        rows[loss] = []
        for gold in tags:
            cells = []
            for predicted, tokens in shown.loc[gold].items():
                share = tokens / max(totals.get(gold, 0), 1)
                style = wrong_style(share)
                if tokens and predicted == gold:
                    style = f"d{1 + bisect_right(RIGHT_LEVELS, share)}"
                cells.append(Cell(tokens, style))
            rows[loss].append((gold, cells))
    return {"tags": tags, "total": len(every), "rows": rows}
