"""`metrics/report.html`: what the losses do, on one self-contained page, the rows of its tables, and its filters.

The page holds its style and its script; a policy in its head allows just these two, by their hashes, and nothing from
elsewhere. Text of the corpus gets into it through Jinja2's escaping, or as JSON that the script reads.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup

from tagger.core.common.files import new_file
from tagger.core.corpus.indexed_corpus import NO_TAG
from tagger.evaluate.metrics import METRICS, SPREAD, Metric, over_seeds
from tagger.report.page import charts
from tagger.report.page.sentence_browser import escaped, sample
from tagger.report.page.web_page import page_templates
from tagger.report.shared import wording
from tagger.report.shared.results import Result, Results, first_seeds
from tagger.report.shared.wording import MINUS

NONE = Markup('<span class="none"><span aria-hidden="true">\u2013</span><span class="hidden">none</span></span>')
COLOURS = 5  # that the style sheet has for losses
WRONG_LEVELS = (0.005, 0.02, 0.05, 0.15)  # shares at which the colour of what is wrong gets stronger
AXIS = 160  # pixels of the small axes within tables
MATRIX_TAGS = 50  # XPOS may have a thousand, and the table grows with their square
RIGHT_LEVELS = (0.5, 0.7, 0.9, 0.97)  # shares of a row at which the colour of the diagonal gets stronger


def write_report(
    path: Path, every: Results, study: dict[str, Any], comparison: dict[str, Any], made_with: dict[str, Any]
) -> None:
    """Write the page; `study` is what `metrics/losses.json` holds, `made_with` are params by their dotted names.

    The same results give the same bytes.
    """
    results = first_seeds(every)
    taggers = [result.tagged for result in results.values()]
    test, known, shown = taggers[0].split, taggers[0].probabilities.shape[1], sample(taggers)
    gold = sorted({tag for row in shown.rows for tag in row[2]} - {NO_TAG})
    document = {"losses": list(results), "tags": test.tag_names, "known": known, "gold": gold, "sentences": shown.rows}
    template = page_templates(Path(__file__).parent, "page", **FILTERS).get_template("page.html")
    html = template.render(
        data=escaped(document),
        results=results,
        test=test,
        known_tags=known,
        unknown_share=float(taggers[0].groups.unknown.mean()),
        comparison=comparison,
        rows=comparison_rows(every, comparison["baseline"]),
        seed_charts=charts.seed_charts(comparison["values"]),
        curves=[
            charts.epoch_chart(title, {loss: result.history[column] for loss, result in results.items()}, logarithmic)
            for column, title, logarithmic in charts.PANELS
        ],
        tag_rows=tag_rows(results),
        matrices=confusion_matrices(results),
        study=study,
        made_with=made_with,
        shown=shown,
        axis=AXIS,
        interval_scale=interval_scale,
        charts=charts,
    )
    with new_file(path) as partial:
        partial.write_text(html, encoding="utf-8", newline="\n")


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
        rows.append(Row(metric, baseline.get(key), values, spreads, best, differs, full=max(1.0, *map(abs, found))))
    return rows


def tag_rows(results: Mapping[str, Result]) -> list[tuple[str, int, float, list[float | None]]]:
    """Return each tag, its support, its F1 by baseline and losses (None if it has none); most frequent first."""
    tables = [result.tags.set_index("tag") for result in results.values()]
    every = pd.concat(tables).groupby(level="tag").first().sort_values("support", ascending=False, kind="stable")
    return [
        (tag, support, f1, [table["f1"].get(tag) for table in tables])
        for tag, support, f1 in every[["support", "baseline_f1"]].itertuples()
    ]


def interval_scale(pairs: Iterable[Mapping[str, Any]]) -> float:
    """Return the pixels per unit of accuracy on an axis of `AXIS` pixels, 0 in its middle, on which all pairs fit."""
    ends = [abs(pair["accuracy"][end]) for pair in pairs for end in ("low", "high", "difference")]
    return (AXIS / 2 - 8) / (max(ends) or 1)


def confusion_matrices(results: Mapping[str, Result]) -> dict[str, Any]:
    """Return the `tags` of all matrices, the `total` of tags, and the `rows` of each loss: gold tag, cells.

    A cell has its number of tokens and a style by its share of the whole row: d1 to d5 on the diagonal, e1 to e5 off
    it. Of more than `MATRIX_TAGS` tags the matrices hold the most frequent gold ones.
    """
    counts = {loss: result.confusions for loss, result in results.items()}
    every = sorted(set().union(*(table.index for table in counts.values())))
    totals = next(iter(counts.values())).sum(axis=1)  # of the gold tags, the same for each loss
    tags = sorted(sorted(every, key=lambda tag: -totals.get(tag, 0))[:MATRIX_TAGS])

    def cell(gold: Hashable, predicted: Hashable, tokens: int) -> tuple[int, str]:
        share = tokens / max(totals.get(gold, 0), 1)
        right = tokens and predicted == gold
        return tokens, f"d{1 + bisect_right(RIGHT_LEVELS, share)}" if right else wrong_style(share)

    rows = {
        loss: [
            (gold, [cell(gold, predicted, tokens) for predicted, tokens in row.items()])
            for gold, row in table.reindex(index=tags, columns=tags, fill_value=0).iterrows()
        ]
        for loss, table in counts.items()
    }
    return {"tags": tags, "total": len(every), "rows": rows}


def share(value: float | None, decimals: int = 2) -> str:
    """Write 0.954132 as 95.41 %."""
    return NONE if value is None else f"{wording.number(100 * value, decimals)}\u202f%"


def points(value: float) -> str:
    """Write a difference of shares of 0.0126 as +1.26."""
    text = wording.number(100 * value, 2)
    return text if text == "0.00" or value < 0 else f"+{text}"


def number(value: float | None, decimals: int = 4) -> str:
    """Write a number of everyday size."""
    return NONE if value is None else wording.number(value, decimals)


def chance(value: float) -> str:
    """Write a p-value with four decimals."""
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}".replace("1.0000", "1")


def tiny(value: float | None) -> str:
    """Write 1.2e-07 with a power of ten, numbers of everyday size as they are."""
    if value is None:
        return NONE
    if value == 0 or not math.isfinite(value) or 1e-3 <= abs(value) < 1e5:
        return f"{value:.4g}".replace("-", MINUS).replace("inf", "infinite").replace("nan", "no number")
    return Markup("{}\u202f\u00d7\u202f10<sup>{}</sup>").format(*wording.scientific(value))


def breakable(name: str) -> str:
    """Let the name of a loss break after its underscores."""
    return Markup("_<wbr>").join(name.split("_"))  # join escapes the parts


def prose(text: str) -> str:
    """Keep a number and its percent sign on one line."""
    return text.replace(" %", "\u202f%")


def series(place: int) -> str:
    """Return the style of a loss by its place: after `COLOURS` losses colours repeat, with another marker."""
    return f"s{place % COLOURS}"


def wrong_style(share: float) -> str:
    """Return the style of a share that should be small: e1 to e5, empty for 0."""
    return f"e{1 + bisect_right(WRONG_LEVELS, share)}" if share else ""


FILTERS: dict[str, Callable[..., str]] = {"count": wording.number}
FILTERS |= {
    each.__name__: each for each in (share, points, number, chance, tiny, breakable, prose, series, wrong_style)
}
