import base64
import hashlib
import html
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.page import sentence_browser
from tagger.report.page.charts import (
    STRIP,
    accuracy_interval,
    epoch_chart,
    epoch_ticks,
    labels,
    linear_ticks,
    log_ticks,
    path,
    powers_of_ten,
    seed_charts,
    share_x,
    share_y,
)
from tagger.report.page.render import (
    breakable,
    chance,
    comparison_rows,
    confusion_matrices,
    points,
    prose,
    share,
    tiny,
)
from tagger.report.page.sentence_browser import distributions, escaped, sample
from tagger.report.shared.results import first_seeds
from tests.evaluate.test_metrics import nothing
from tests.report_results import Results, data_in, page_of, random_probabilities, results_of
from tests.samples import data_of, tagged

TRAIN = [tagged("the/DET dog/NOUN runs/VERB"), tagged("a/DET run/NOUN")]
TEST = [tagged("the/DET run/NOUN"), tagged("a/DET cat/NOUN runs/VERB"), tagged("dog/NOUN !/PUNCT")]
NLL = [
    [0.9, 0.06, 0.04],  # tags are DET, NOUN, VERB; the: right
    [0.004, 0.396, 0.6],  # run: wrong
    [1, 0, 0],  # a: right
    [0.2, 0.5, 0.3],  # cat, an unknown word: right
    [0.1, 0.1, 0.8],  # runs: right
    [0.25, 0.5, 0.25],  # dog: right
    [0.5, 0.3, 0.2],  # ! is unknown, and PUNCT is no tag of the model: wrong
]
MSE = [*NLL[:1], [0.1, 0.8, 0.1], *NLL[2:4], [0.1, 0.8, 0.1], *NLL[5:]]  # run right, runs wrong
HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<!--",
    "<!--<script>",
    "-->",
    "]]>",
    "a\u2028b\u2029c",
    '"><img src=x onerror=alert(3)>',
    "{{ 7 * 7 }}",
    "&lt;b&gt;&amp;",
    "\\u003c\\",
    "\U0001f600\u200d\U0001f525",
    "שלום",
]
HOSTILE_TAGS = ["</style><script>alert(4)</script>", "<b>", "'\"&", "<!--"]


class Elements(HTMLParser):
    """The elements of a page, each with its attributes, and the text of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[tuple[str, str]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.raw.append((self.cdata_elem, data))

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag == name]


@pytest.fixture(scope="module")
def results() -> Results:
    return results_of(TRAIN, TEST, {"nll": NLL, "mse": MSE})


@pytest.fixture(scope="module")
def page(results: Results, tmp_path_factory: pytest.TempPathFactory) -> str:
    return page_of(results, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    tags = tuple(HOSTILE_TAGS[number % len(HOSTILE_TAGS)] for number in range(len(HOSTILE)))
    sentences = [Sentence(tuple(HOSTILE), tags)]
    split = data_of(sentences, sentences).dev
    results = results_of(
        sentences, sentences, {"nll": random_probabilities(split, len(HOSTILE_TAGS), 1, sharpness=1.0)}
    )
    return page_of(results, tmp_path_factory.mktemp("hostile") / "report.html")


def many(amount: int, tags: int, seed: int, words: int = 6) -> tuple[list[Sentence], EncodedSplit]:
    draw = np.random.default_rng(seed)
    every = Sentence(tuple(f"w{tag}" for tag in range(tags)), tuple(f"T{tag:04}" for tag in range(tags)))
    drawn = draw.integers(tags, size=(amount, words))
    sentences = [Sentence(tuple(f"w{tag}" for tag in row), tuple(f"T{tag:04}" for tag in row)) for row in drawn]
    return [every, *sentences], data_of([every], sentences).dev


def test_the_same_results_give_the_same_bytes(results: Results, page: str, tmp_path: Path) -> None:
    again = tmp_path / "elsewhere" / "other-name.html"
    assert page_of(results, again) == page
    assert str(tmp_path) not in page


def test_nothing_in_the_page_leads_out_of_it(page: str) -> None:
    assert re.findall(r"\w+://", page) == []
    elements = Elements(page)
    assert {tag for tag, _ in elements.found} & {"link", "img", "iframe", "object", "embed", "base", "image"} == set()
    links = [attributes[name] for _, attributes in elements.found for name in ("href", "src") if name in attributes]
    assert links
    assert all(str(link).startswith("#") for link in links)
    assert not re.search(r"@import|url\(", page)


def test_the_policy_lets_in_the_two_blocks_of_the_page_and_nothing_else(page: str) -> None:
    elements = Elements(page)
    (policy,) = [meta["content"] for meta in elements.of("meta") if meta.get("http-equiv")]
    data, script = [text for tag, text in elements.raw if tag == "script"]
    (style,) = [text for tag, text in elements.raw if tag == "style"]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; base-uri 'none'; "
        "form-action 'none'"
    )
    assert json.loads(data)["losses"] == ["nll", "mse"]
    assert not [name for _, attributes in elements.found for name in attributes if name.startswith("on")]
    assert not [attributes for _, attributes in elements.found if "style" in attributes]


def test_every_reference_within_the_page_finds_its_element(page: str) -> None:
    elements = Elements(page)
    ids = [str(attributes["id"]) for _, attributes in elements.found if "id" in attributes]
    assert len(set(ids)) == len(ids)
    for _, attributes in elements.found:
        for name in ("aria-labelledby", "aria-describedby", "for"):
            assert attributes.get(name, ids[0]) in ids
        if str(attributes.get("href", "")).startswith("#"):
            assert str(attributes["href"])[1:] in ids


def test_the_page_holds_words_tags_and_distributions(page: str) -> None:
    document = data_in(page)
    assert document["tags"] == ["DET", "NOUN", "VERB", "PUNCT"]
    assert document["known"] == 3
    assert document["sentences"][0] == [
        1,
        ["the", "run"],
        [0, 1],
        [],
        [[0, 900, 1, 60, 2, 40], [2, 600, 1, 396]],  # 0.4 % for DET is left to the rest
        [[0, 900, 1, 60, 2, 40], [1, 800, 0, 100, 2, 100]],
    ]
    number, words, gold, unknown, nll, _ = document["sentences"][2]
    assert (number, words, gold, unknown) == (3, ["dog", "!"], [1, 3], [1])
    assert nll[1] == [0, 500, 1, 300, 2, 200, 3, 0]  # the gold tag has a share, though the model does not know it


def test_the_page_says_that_all_sentences_are_there(page: str) -> None:
    assert "This page shows all 3 test sentences. In 3 of them, some loss makes an error." in page


def test_the_metrics_stand_beside_those_of_the_baseline(page: str) -> None:
    row = page[page.index('<span class="name">Accuracy</span>') :]
    cells = re.findall(r'<td class="num[^"]*">([^<]*)', row[: row.index("</tr>")])
    assert cells == ["71.43\u202f%", "71.43\u202f%", "71.43\u202f%"]


@pytest.mark.parametrize("answer", ["First", "Second", "Third", "Fourth", "An answer on identities", "Last"])
def test_the_answers_of_the_study_are_on_the_page(page: str, answer: str) -> None:
    assert answer in page


def test_what_could_not_be_measured_is_said(results: Results, tmp_path: Path) -> None:
    parts = ("textbook", "equality", "precision", "comparison", "identities", "one_by_one")
    empty = results._replace(study=results.study | dict.fromkeys(parts))
    assert page_of(empty, tmp_path / "report.html").count("Nothing to measure") == 5


def test_hostile_words_and_tags_make_no_element(hostile_page: str) -> None:
    elements = Elements(hostile_page)
    assert len(elements.of("script")) == 2
    assert len(elements.of("style")) == 1
    assert elements.of("img") == elements.of("b") == []
    assert "alert(" not in "".join(text for tag, text in elements.raw if tag == "script" and '"losses"' not in text)
    assert "49" not in re.findall(r"<mark>([^<]*)</mark>", hostile_page)


def test_hostile_words_and_tags_come_back_as_they_were(hostile_page: str) -> None:
    document = data_in(hostile_page)
    assert document["sentences"][0][1] == HOSTILE
    assert sorted(document["tags"]) == sorted(HOSTILE_TAGS)
    heads = re.findall(r'<th scope="col"><span>(.*?)</span></th>', hostile_page)
    assert sorted(map(html.unescape, heads)) == sorted(HOSTILE_TAGS)


@pytest.mark.parametrize("text", HOSTILE)
def test_json_in_a_page_has_nothing_that_html_or_javascript_takes_for_its_own(text: str) -> None:
    written = escaped([text])
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written) == [text]


def test_the_first_of_equal_tags_stands_first_as_argmax_takes_it() -> None:
    values = np.array([[0.4, 0.4, 0.2], [1 / 3] * 3, [np.nan] * 3], dtype=np.float32)
    expected = [[0, 400, 1, 400, 2, 200], [0, 333, 1, 333, 2, 333], [0, 0, 3, 0]]
    assert distributions(values, [0, 0, 0], [0, 1, 3]) == expected


def test_a_predicted_tag_stands_first_though_others_are_more_probable() -> None:
    values = np.array([[0.5, 0.125, 0.375], [0.9996, 0.0004, 0]], dtype=np.float32)
    assert distributions(values, [1, 1], [0, 2]) == [[1, 125, 0, 500, 2, 375], [1, 0, 0, 1000, 2, 0]]


def test_a_distribution_keeps_five_tags_and_the_gold_one_and_leaves_its_argument_alone() -> None:
    _, split = many(3, 9, seed=1)
    probabilities = random_probabilities(split, 9, seed=2, sharpness=0.5)
    before = probabilities.copy()
    rows = distributions(probabilities, probabilities.argmax(axis=1).tolist(), split.tags.tolist())
    assert {len(row) for row in rows} == {10, 12}
    assert [row[0] for row in rows] == probabilities.argmax(axis=1).tolist()
    for row, values, gold in zip(rows, probabilities, split.tags, strict=True):
        assert row[1:10:2] == sorted((int(share) for share in np.rint(values * 1000)), reverse=True)[:5]
        assert gold in row[::2]
    assert (probabilities == before).all()


@pytest.mark.parametrize("budget", [0, 100, 5_000, 20_000, 50_000])
def test_a_sample_keeps_its_budget_and_shows_errors_first(budget: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentence_browser, "BUDGET", budget)
    _, split = many(200, 9, seed=1)
    groups = nothing(1200)._replace(unknown=np.ones(1200, dtype=bool))
    taggers = [TaggedSplit.of(random_probabilities(split, 9, seed), split, groups) for seed in (2, 3)]
    chosen = sample(taggers)
    size = len(escaped(chosen.rows).encode())
    assert size <= budget + 2  # the brackets around all
    assert size > 0.75 * budget or budget == 100 or len(chosen.rows) == 200  # and makes use of it
    wrong = np.logical_or(*(tagged_split.predicted != split.tags for tagged_split in taggers))
    with_errors = {number for number in range(200) if wrong[number * 6 : number * 6 + 6].any()}
    numbers = [row[0] - 1 for row in chosen.rows]
    assert numbers == sorted(set(numbers))
    assert chosen.tokens == 6 * len(numbers)
    assert chosen.shown_with_errors == len(with_errors & set(numbers))
    assert chosen.total_with_errors == len(with_errors)
    if len(numbers) > chosen.shown_with_errors:
        # A sentence without an error is shown only if no other fits any more.
        assert len(with_errors - set(numbers)) <= 3


def test_all_sentences_are_shown_if_they_fit() -> None:
    _, split = many(50, 5, seed=1)
    tagged_split = TaggedSplit.of(random_probabilities(split, 5, 2), split, nothing(300))
    shown = sample([tagged_split])
    assert [row[0] for row in shown.rows] == list(range(1, 51))


def test_the_page_says_how_many_sentences_it_has_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentence_browser, "BUDGET", 15_000)
    sentences, split = many(300, 5, seed=1)
    results = results_of(sentences[:1], sentences[1:], {"nll": random_probabilities(split, 5, 2, sharpness=4)})
    some = page_of(results, tmp_path / "some.html")
    shown = len(data_in(some)["sentences"])
    errors = int((~results.results["nll"][1].tagged.right).reshape(300, 6).any(axis=1).sum())
    assert 0 < shown < errors
    assert (
        f"This page shows {shown} of 300 test sentences, {shown * 6} of 1,800 words: {shown} of the {errors} " in some
    )
    assert "Errors are therefore more frequent here than in the whole split" in some


def test_the_page_stays_small_with_a_thousand_tags_and_five_losses(tmp_path: Path) -> None:
    sentences, split = many(500, 1000, seed=1)
    names = ("nll", "cross_entropy", "softmax_nll", "mse", "hinge")
    flat = {name: random_probabilities(split, 1000, seed, sharpness=1.5) for seed, name in enumerate(names)}
    comparison = results_of(TRAIN, TEST, dict.fromkeys(names, NLL)).comparison
    html_text = page_of(results_of(sentences[:1], sentences[1:], flat, comparison), tmp_path / "report.html")
    assert len(html_text.encode()) < 5_000_000
    assert "The 50 most frequent of 1,000 tags are shown." in html_text


def test_one_loss_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    alone = page_of(results_of(TRAIN, TEST, {"nll": NLL}), tmp_path / "report.html")
    assert "Between the losses" not in alone
    assert 'name="disagree"' not in alone
    assert "Against the baseline" in alone


@pytest.fixture(scope="module")
def seeds_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    results = results_of(TRAIN, TEST, {"nll": {3: NLL, 8: MSE}, "mse": {3: MSE[:1] + NLL[1:], 8: NLL[:6] + NLL[:1]}})
    return page_of(results, tmp_path_factory.mktemp("seeds") / "report.html")


def test_each_seed_is_a_dot_and_a_row_of_numbers(seeds_page: str) -> None:
    chart = seeds_page[seeds_page.index('aria-describedby="seeds-0-desc"') :]
    assert chart[: chart.index("</svg>")].count("<circle") == 4
    table = seeds_page[seeds_page.index("The dots as numbers") :]
    rows = re.findall(r"<tr><th scope=\"row\"><code>(\w+)</code></th><td class=\"num\">(\d)</td>", table)
    assert rows[:4] == [("nll", "3"), ("nll", "8"), ("mse", "3"), ("mse", "8")]


def test_with_several_seeds_a_pair_counts_what_each_would_say(seeds_page: str) -> None:
    assert "Better by a single seed" in seeds_page
    assert "McNemar" not in seeds_page


def test_with_one_seed_there_is_nothing_of_seeds(page: str) -> None:
    assert "McNemar p" in page
    assert not re.search("seeds-0|Each seed|single seed", page)


def test_a_chart_of_seeds_marks_values_and_their_mean() -> None:
    values: dict[str, list[dict[str, float | None]]] = {
        "nll": [{"accuracy": 0.5, "nll": None}, {"accuracy": 0.75, "nll": None}],
        "mse": [{"accuracy": 0.25}, {"accuracy": 0.25}],
    }
    (chart,) = seed_charts(values)  # no loss has an NLL
    assert [label for _, label in chart.ticks] == ["20", "30", "40", "50", "60", "70", "80"]
    (_, dots, mean), (_, others, others_mean) = chart.rows
    assert mean == pytest.approx(sum(dots) / 2, abs=0.1)
    assert others[0] == others[1] == others_mean < dots[0] < dots[1]


def test_a_matrix_of_many_tags_keeps_the_most_frequent(results: Results) -> None:
    matrices = confusion_matrices(first_seeds(results.results))
    assert matrices["total"] == 4
    assert list(matrices["rows"]) == ["nll", "mse"]
    cells = {
        (gold, tag): cell
        for gold, row in matrices["rows"]["nll"]
        for tag, cell in zip(matrices["tags"], row, strict=True)
    }
    assert {pair: cell for pair, cell in cells.items() if cell[0]} == {
        ("DET", "DET"): (2, "d5"),
        ("NOUN", "NOUN"): (2, "d2"),  # 2 of 3
        ("NOUN", "VERB"): (1, "e5"),
        ("VERB", "VERB"): (1, "d5"),
        ("PUNCT", "DET"): (1, "e5"),
    }


def test_the_lines_of_equal_losses_are_grouped_and_get_narrower() -> None:
    chart = epoch_chart("t", {"nll": [0.5, 0.75], "mse": [0.25, 0.5], "cross_entropy": [0.5, 0.7501]})
    assert chart.together == [["nll", "cross_entropy"]]
    assert [line.width for line in chart.lines] == [5.5, 2, 2]


def test_a_line_has_gaps_where_a_value_is_missing() -> None:
    chart = epoch_chart("t", {"softmax_nll": [2.0, float("inf"), 0.5, 0.0, float("nan")]}, logarithmic=True)
    (line,) = chart.lines
    assert line.missing == 3
    assert line.path.count("M") == 2
    assert [label for _, label in chart.y_ticks] == ["0.5", "1", "2"]


@pytest.mark.parametrize("values", [[], [float("nan")], [0.5], [0.0, 0.0], [1e-12], [5.0] * 40])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_odd_series_can_be_drawn(values: list[float], logarithmic: bool) -> None:
    chart = epoch_chart("t", {"nll": values}, logarithmic)
    assert len(chart.y_ticks) >= 2
    assert all(np.isfinite(point).all() for line in chart.lines for point in line.points)


def test_a_path_breaks_off_at_missing_points() -> None:
    assert path([(1, 2), (2, math.nan), (3, 4), (5.5, 6)]) == "M1 2M3 4L5.5 6"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.76, 0.953, ["0.75", "0.80", "0.85", "0.90", "0.95", "1.00"]),
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ],
)
def test_linear_ticks_are_round_and_enclose_the_values(low: float, high: float, expected: list[str]) -> None:
    assert labels(linear_ticks(low, high)) == expected


def test_logarithmic_ticks_are_round_and_enclose_the_values() -> None:
    assert log_ticks(0.075, 1.7) == [0.05, 0.1, 0.2, 0.5, 1, 2]
    assert log_ticks(0.006, 12) == [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20]


def test_of_many_logarithmic_ticks_the_powers_of_ten_are_marked() -> None:
    assert powers_of_ten(log_ticks(0.006, 12)) == [0.01, 0.1, 1, 10]
    assert powers_of_ten(log_ticks(0.075, 1.7)) == [0.05, 0.1, 0.2, 0.5, 1, 2]


def test_epochs_are_marked_each_or_in_round_steps() -> None:
    assert epoch_ticks(3) == [1, 2, 3]
    assert epoch_ticks(300) == [1, 100, 200, 300]


def test_the_interval_of_a_bin_is_that_of_wilson() -> None:
    assert accuracy_interval(0.5, 4) == pytest.approx((0.150, 0.850), abs=5e-4)


def test_the_heights_of_bars_are_as_the_square_roots_of_words(results: Results, page: str) -> None:
    part = page[page.index('<svg viewBox="', page.index('id="reliability-0-title"')) :]
    heights = re.findall(r'<rect class="strip" .*? height="([^"]+)"/>', part[: part.index("</svg>")])
    tokens = [row["tokens"] for row in results.results["nll"][1].detail["reliability"] if row["tokens"]]
    expected = [STRIP * math.sqrt(amount / max(tokens)) for amount in tokens]
    assert [float(height) for height in heights] == pytest.approx(expected, abs=0.05)


def test_a_reliability_diagram_has_a_point_for_each_bin_that_has_words(results: Results, page: str) -> None:
    part = page[page.index('<svg viewBox="', page.index('id="reliability-0-title"')) :]
    points = re.findall(r'<circle cx="([^"]+)" cy="([^"]+)" r="4"/>', part[: part.index("</svg>")])
    bins = [row for row in results.results["nll"][1].detail["reliability"] if row["tokens"]]
    assert points == [(str(share_x(row["confidence"])), str(share_y(row["accuracy"]))) for row in bins]


def test_both_axes_of_a_reliability_diagram_are_equally_long() -> None:
    assert share_x(1) - share_x(0) == share_y(0) - share_y(1)
    assert share_y(0.5) == (share_y(0) + share_y(1)) / 2


def test_numbers_are_written_for_people() -> None:
    assert (share(0.954132), share(0.5, 0)) == ("95.41\u202f%", "50\u202f%")
    assert [points(value) for value in (0.0126, -0.0126, 0.0, -1e-6)] == ["+1.26", "\u22121.26", "0.00", "0.00"]
    assert [chance(value) for value in (0.0, 0.04296, 1.0)] == ["< 0.0001", "0.0430", "1"]
    assert tiny(-1.25e-7) == "\u22121.2\u202f\u00d7\u202f10<sup>\u22127</sup>"
    assert [tiny(value) for value in (0.0, 4.88, 1e6, float("inf"))] == [
        "0",
        "4.88",
        "1.0\u202f\u00d7\u202f10<sup>6</sup>",
        "infinite",
    ]
    assert breakable("<a_b") == "&lt;a_<wbr>b"
    assert "none" in share(None)
    assert prose("93 % of 5 %.") == "93\u202f% of 5\u202f%."


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        (
            "No difference: 93.11 right. More follows. And more.",
            '<h1>No difference: 93.11 right.</h1>\n<p class="lede">More follows. And more.</p>',
        ),
        ("One sentence.", "<h1>One sentence.</h1>\n  <dl"),
    ],
)
def test_the_headline_is_the_first_sentence_of_the_summary(
    summary: str, expected: str, results: Results, tmp_path: Path
) -> None:
    named = results._replace(comparison=results.comparison | {"summary": summary})
    assert expected in page_of(named, tmp_path / "report.html")


def test_the_page_says_which_params_made_it(tmp_path: Path) -> None:
    made_with = {"seeds": [1, 2], "model.hidden": 128, "data.train": "<b>.csv"}
    text = page_of(results_of(TRAIN, TEST, {"nll": NLL})._replace(made_with=made_with), tmp_path / "page.html")
    rows = re.findall(r'<th scope="row"><code>(.*?)</code></th><td>(.*?)</td>', text)
    assert rows == [("seeds", "1, 2"), ("model.hidden", "128"), ("data.train", "&lt;b&gt;.csv")]


def test_in_the_strips_of_the_comparison_right_is_better(tmp_path: Path) -> None:
    results = results_of(TRAIN, TEST, {"nll": NLL, "mse": MSE})
    text = page_of(results, tmp_path / "page.html")
    strips = re.findall(r'<circle cx="([\d.]+)".*?<rect x="([-\d.]+)"', text[text.index('class="spots"') :], re.DOTALL)
    rows = comparison_rows(results.results, results.comparison["baseline"])
    del strips[0]  # the signs in the head; behind the strips come other charts
    for row, (circle, square) in zip(rows, strips, strict=False):
        one, other = (value or 0.0 for value in row.values)
        if abs(one - other) > 0.01:
            assert (float(circle) > float(square) + 3) == (one * row.metric.better > other * row.metric.better)
    assert {row.metric.better for row in rows if row.differs} == {1, -1}
