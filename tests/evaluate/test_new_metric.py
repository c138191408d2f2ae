"""A metric that is only an entry of METRICS: measured, on the page and on the model card."""

from pathlib import Path

import numpy as np
import pytest

from tagger.evaluate.metrics import METRICS, Metric, score
from tests.evaluate.test_metrics import TAGGED
from tests.export.test_model_card import EVALUATIONS, card
from tests.report_results import page_of, results_of
from tests.samples import tagged


@pytest.fixture(autouse=True)
def metric(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Metric(
        "Mine",
        "words with a wrong tag",
        ("right", "tokens"),
        ("card",),
        lambda right, tokens: 1 - right / tokens,
        better=-1,
    )
    monkeypatch.setitem(METRICS, "mine", entry)


def test_a_new_metric_is_measured() -> None:
    assert score(TAGGED)["mine"] == 0.333333


def test_a_new_metric_is_compared_on_the_page(tmp_path: Path) -> None:
    sentences = [tagged("a/A b/B")]
    page = page_of(results_of(sentences, sentences, {"nll": np.eye(2), "mse": np.eye(2)[::-1]}), tmp_path / "page.html")
    row = page[page.index('<span class="name">Mine</span>') :].partition("</tr>")[0]
    assert "words with a wrong tag; lower is better" in row
    assert '<td class="num lead">0.00\u202f%</td><td class="num">100.00\u202f%</td>' in row


def test_a_new_metric_is_on_the_model_card() -> None:
    assert "| `mine` | 0.2500 |" in card(evaluations={each: {"accuracy": 0.75, "mine": 0.25} for each in EVALUATIONS})
