"""`metrics/report.html`: what the losses do, on one self-contained page.

The page holds its style and its script; a policy in its head allows just these two, by their hashes, and nothing from
elsewhere. Text of the corpus gets into it through Jinja2's escaping, or as JSON that the script reads.
"""

from pathlib import Path
from typing import Any

from tagger.core.common.files import new_file
from tagger.core.corpus.indexed_corpus import NO_TAG
from tagger.report.page import charts, tables
from tagger.report.page.filters import FILTERS
from tagger.report.page.sentence_browser import escaped, sample
from tagger.report.page.web_page import page_templates
from tagger.report.shared.results import Results, first_seeds


def write_report(
    path: Path, every: Results, study: dict[str, Any], comparison: dict[str, Any], made_with: dict[str, Any]
) -> None:
    """Write the page; `study` is what `metrics/losses.json` holds, `made_with` are params by their dotted names.

    The same results give the same bytes.
    """
    results = first_seeds(every)
    tagged = next(iter(results.values())).tagged
    test, known = tagged.split, tagged.probabilities.shape[1]
    shown = sample([result.tagged for result in results.values()])
    gold = sorted({tag for row in shown.rows for tag in row[2]} - {NO_TAG})
    document = {"losses": list(results), "tags": test.tag_names, "known": known, "gold": gold, "sentences": shown.rows}
    template = page_templates(Path(__file__).parent, "page", **FILTERS).get_template("page.html")
    html = template.render(
        data=escaped(document),
        results=results,
        test=test,
        known_tags=known,
        unknown_share=float(tagged.groups.unknown.mean()),
        comparison=comparison,
        rows=tables.comparison_rows(every, comparison["baseline"]),
        seed_charts=charts.seed_charts(comparison["values"]),
        curves=[
            charts.epoch_chart(title, {loss: result.history[column] for loss, result in results.items()}, logarithmic)
            for column, title, logarithmic in charts.PANELS
        ],
        tag_rows=tables.tag_rows(results),
        matrices=tables.confusion_matrices(results),
        study=study,
        made_with=made_with,
        shown=shown,
        tables=tables,
        charts=charts,
    )
    with new_file(path) as partial:
        partial.write_text(html, encoding="utf-8", newline="\n")
