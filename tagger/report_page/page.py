"""`metrics/report.html`: what the losses do, on one page that needs nothing else.

The page holds its style and its script; a policy in its head lets just these two in, by their hashes, and nothing from
anywhere. Text of the corpus gets into it by Jinja2's escaping, or as JSON that the script reads.
"""

import base64
import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from tagger.dictionary import UNKNOWN
from tagger.encoding import EncodedSplit
from tagger.outputs import new_file
from tagger.report_page import charts, tables
from tagger.report_page.sentences import escaped, rank, sample, sentence_rows

FOLDER = Path(__file__).parent
FIRST_PROBABILITY = 5  # column of a prediction table: sentence, position, word, gold, predicted, then the tags


def write_report(
    path: Path,
    *,
    test: EncodedSplit,
    predictions: Mapping[str, pd.DataFrame],
    histories: Mapping[str, pd.DataFrame],
    summaries: Mapping[str, dict[str, Any]],
    evaluations: Mapping[str, dict[str, Any]],
    details: Mapping[str, dict[str, Any]],
    tags: Mapping[str, pd.DataFrame],
    study: dict[str, Any],
    comparison: dict[str, Any],
) -> None:
    """Write the page. The same results give the same bytes.

    Args:
        path: of the page.
        test: the test split.
        predictions: loss -> its table, as `prediction_table` makes it; so in all that follow.
        histories: a row an epoch.
        summaries: of `metrics/train`.
        evaluations: of `metrics/evaluate`.
        details: of `metrics/detail`.
        tags: of `metrics/tags`.
        study: `metrics/losses.json`.
        comparison: `metrics/compare.json`.
    """
    rankings = [rank(table.iloc[:, FIRST_PROBABILITY:].to_numpy(), test) for table in predictions.values()]
    unknown = test.form_words[test.forms] == UNKNOWN
    shown = sample(rankings, test)
    rows = sentence_rows(rankings, test, unknown, shown)
    losses = list(predictions)
    known = next(iter(predictions.values())).shape[1] - FIRST_PROBABILITY
    document = {
        "losses": losses,
        "tags": test.tag_names,
        "known": known,
        "gold": sorted({tag for row in rows for tag in row[2]}),
        "sentences": rows,
    }
    style, script = (_source(name) for name in ("page.css", "page.js"))
    headline, lede = headline_and_lede(comparison["summary"])
    matrices, matrix_total = tables.confusion_matrices(predictions)
    pairs = [
        tables.intervals(p for p in comparison["pairs"] if (p["second"] == "baseline") == b) for b in (False, True)
    ]
    html = (
        _environment()
        .get_template("page.html")
        .render(
            policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; "
            "form-action 'none'",
            style=Markup(style),
            script=Markup(script),
            data=Markup(escaped(document)),
            headline=headline,
            lede=lede,
            losses=losses,
            tokens=len(test.forms),
            sentences=test.sentences,
            known_tags=known,
            unseen_tags=test.tag_names[known:],
            unknown_share=float(unknown.mean()),
            comparison=comparison,
            rows=tables.comparison_rows(evaluations, comparison["baseline"]),
            loss_pairs=pairs[0],
            baseline_pairs=pairs[1],
            axis=tables.AXIS,
            curves=_curves(histories),
            histories={loss: table.to_dict("records") for loss, table in histories.items()},
            summaries=summaries,
            evaluations=evaluations,
            details=details,
            tag_rows=tables.tag_rows(tags),
            matrices=matrices,
            matrix_total=matrix_total,
            reliability={loss: charts.reliability_bins(detail["reliability"]) for loss, detail in details.items()},
            lengths=_lengths(details),
            study=study,
            by_scale=tables.by_scale,
            shown=shown,
            shown_tokens=sum(len(row[1]) for row in rows),
            charts=charts,
        )
    )
    with new_file(path) as partial:
        partial.write_text(html, encoding="utf-8", newline="\n")


def headline_and_lede(summary: str) -> tuple[str, str]:
    """Part a summary after its first sentence."""
    first, _, rest = summary.partition(". ")
    return (first + "." if rest else first), rest


def _curves(histories: Mapping[str, pd.DataFrame]) -> list[charts.Chart]:
    own = "Logarithmic, each loss in a unit of its own: compare shapes, not heights."
    panels = (("dev_accuracy", "Accuracy on dev", "", False), ("dev_loss", "Loss on dev", own, True))
    panels += (("train_loss", "Loss in training", own, True),)
    return [
        charts.epoch_chart(
            title, note, {loss: table[column].astype(float).tolist() for loss, table in histories.items()}, logarithmic
        )
        for column, title, note, logarithmic in panels
    ]


def _lengths(details: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the accuracy by sentence length: the losses share the sentences, so their rows go together."""
    rows = zip(*(detail["lengths"] for detail in details.values()), strict=True)
    return [row[0] | {"accuracies": [each["accuracy"] for each in row]} for row in rows]


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"share": _share, "number": _number, "tiny": _tiny, "breakable": _breakable, "count": _count, "points": _points, "chance": _chance}
    return environment


def _source(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


NONE = Markup('<span class="none"><span aria-hidden="true">–</span><span class="hidden">none</span></span>')


def _share(value: float | None, decimals: int = 2) -> str:
    """Write 0.954132 as 95.41 %."""
    if value is None:
        return NONE
    return f"{value * 100:.{decimals}f}\u202f%"


def _points(value: float) -> str:
    """Write a difference of 0.0126 as +1.26."""
    text = f"{value * 100:+.2f}".replace("-", "−")
    return "0.00" if text in ("+0.00", "−0.00") else text


def _chance(value: float) -> str:
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def _number(value: float | None, decimals: int = 4) -> str:
    return NONE if value is None else f"{value:,.{decimals}f}".replace("-", "−")


def _count(value: int) -> str:
    return f"{value:,}"


def _tiny(value: float | None) -> str:
    """Write 1.2e-07 as 1.2 × 10 to the power of −7, and numbers of everyday size as they are."""
    if value is None:
        return NONE
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if 1e-3 <= abs(value) < 1e5:
        return f"{value:.4g}".replace("-", "−")
    mantissa, power = f"{value:.1e}".split("e")
    sign, digits = power[0].replace("-", "−").replace("+", ""), power[1:].lstrip("0")
    return Markup("{} × 10<sup>{}</sup>").format(mantissa.replace("-", "−"), sign + digits)


def _breakable(name: str) -> str:
    """Let the name of a loss break after its underscores."""
    return Markup(str(escape(name)).replace("_", "_<wbr>"))
