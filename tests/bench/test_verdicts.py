import numpy as np
import pytest
from click.testing import CliRunner

from bench import verdicts
from bench.verdicts import CASES, MEASURED, METHODS, SEEDS, claims, differences, main, wrong_words
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.comparison import significance
from tagger.report.comparison.significance import resampled_metrics
from tests.conftest import ROOT
from tests.evaluate.test_metrics import nothing
from tests.samples import RANDOM

PAGE = (ROOT / "docs/seeds.md").read_text(encoding="utf-8")


def shares(text: str) -> dict[tuple[str, str], list[float]]:
    """Return the rows of tables in Markdown: head and name of each, and its figures."""
    found: dict[tuple[str, str], list[float]] = {}
    head = ""
    for line in text.splitlines():
        if not line.startswith("| "):
            continue
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        if cells[0].endswith("seeds"):
            head = name
        else:
            found[head, name] = [float(cell) for cell in cells]
    return found


def test_differences_are_those_of_tagged_splits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A word that is drawn as wrong gets another tag than its gold one; then the report's own resamples agree."""
    split = RANDOM.train
    wrong = wrong_words(MEASURED, split.lengths, 0.3, np.random.default_rng(1))
    tags = (split.tags + wrong) % len(split.tag_names)  # (2, S, N)
    monkeypatch.setattr(significance, "RESAMPLES", 250)
    losses = zip("ab", tags, strict=True)
    taggers = {loss: [TaggedSplit(split, nothing(len(split.tags)), row) for row in rows] for loss, rows in losses}
    metrics = resampled_metrics(taggers, seed=0)
    drawn = np.random.default_rng(0).multinomial(60, np.full(60, 1 / 60), size=250)
    monkeypatch.setattr(verdicts, "weights", lambda: np.vstack([np.ones(60), drawn]))
    expected = metrics["a"]["accuracy"] - metrics["b"]["accuracy"]
    np.testing.assert_allclose(verdicts.of_words(wrong, split.lengths), expected, atol=1e-12)


def test_losses_that_are_drawn_alike_have_no_difference_and_others_do() -> None:
    draw = np.random.default_rng(1)
    for worse in (0, 0.02):
        found = np.array([differences(MEASURED, worse, draw)[:, 0].mean() for _ in range(100)])
        assert found.mean() == pytest.approx(worse, abs=0.001)


def test_every_method_and_number_of_seeds_is_counted() -> None:
    found = claims("as measured", times=2)
    assert list(found) == list(METHODS)
    assert all(list(row) == list(SEEDS) for row in found.values())


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_at_most_five_percent_are_false_alarms_and_the_figures_are_those_of_the_page() -> None:
    result = CliRunner().invoke(main)
    assert result.exit_code == 0
    found, written = shares(result.output), shares(PAGE)
    assert found.keys() == written.keys()
    for row, figures in found.items():
        assert figures == pytest.approx(written[row], abs=0.5)  # other processors may round a case or two otherwise
    for case in CASES:
        assert max(found["false alarms of this verdict", case]) <= 5
    assert max(found["false alarms at 99.5 %, both differ more", "this verdict"]) <= 0.5
