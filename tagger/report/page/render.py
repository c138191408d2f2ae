"""`metrics/report.html`: what the losses do, on one page that needs nothing else.

The page holds its style and its script; a policy in its head lets just these two in, by their hashes, and nothing from
anywhere. Text of the corpus gets into it by Jinja2's escaping, or as JSON that the script reads.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tagger.core.common.files import new_file
from tagger.core.corpus.dictionary import UNKNOWN
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.report.page import axes, reliability, tables
from tagger.report.page.confusions import confusion_matrices
from tagger.report.page.curves import training_curves
from tagger.report.page.filters import FILTERS
from tagger.report.page.sentence_browser import BUDGET, escaped, rank, sample, sentence_rows
from tagger.report.page.web_page import PageTemplates

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
    budget: int = BUDGET,
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
        budget: bytes that the sentences may take; where they take more, some of them are shown.
    """
    rankings = [rank(table.iloc[:, FIRST_PROBABILITY:].to_numpy(), test) for table in predictions.values()]
    unknown = test.form_words[test.forms] == UNKNOWN
    shown = sample(rankings, test, budget)
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
    headline, lede = headline_and_lede(comparison["summary"])
    matrices, matrix_total = confusion_matrices(predictions)
    pairs = [
        tables.intervals(p for p in comparison["pairs"] if (p["second"] == "baseline") == b) for b in (False, True)
    ]
    html = PageTemplates(FOLDER, "page", FILTERS).render(
        "page.html",
        data=escaped(document),
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
        curves=training_curves(histories),
        histories={loss: table.to_dict("records") for loss, table in histories.items()},
        summaries=summaries,
        details=details,
        tag_rows=tables.tag_rows(tags),
        matrices=matrices,
        matrix_total=matrix_total,
        diagrams=[
            reliability.reliability_diagram(loss, evaluations[loss]["ece"], detail["reliability"])
            for loss, detail in details.items()
        ],
        lengths=tables.lengths(details),
        study=study,
        by_scale=tables.by_scale,
        shown=shown,
        shown_tokens=sum(len(row[1]) for row in rows),
        panel=axes,
        square=reliability,
    )
    with new_file(path) as partial:
        partial.write_text(html, encoding="utf-8", newline="\n")


def headline_and_lede(summary: str) -> tuple[str, str]:
    """Part a summary after its first sentence."""
    first, _, rest = summary.partition(". ")
    return (first + "." if rest else first), rest
