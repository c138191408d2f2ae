"""The page in a real browser: what only its script, its style sheet and its policy can show.

The tests drive the system's Chromium through its chromedriver; neither is a Python package, so `make test` can't
install them. Without them it skips these tests and says so, one line per test; then only test_render.py checks it.
`make check-slow` does not skip: the test at the end of this file fails without a browser, so that a page that was never
opened can't pass.
"""

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from selenium.webdriver import ActionChains, Chrome, ChromeOptions, ChromeService, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from tagger.core.corpus.indexed_corpus import Sentence
from tagger.evaluate.predictions import prediction_table
from tests.report.page.test_render import HOSTILE, HOSTILE_TAGS
from tests.report_results import Results, page_of, random_probabilities, results_of
from tests.samples import data_of

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
MISSING = f"the page was not looked at: {'no chromium' if not BROWSER else 'no chromedriver'} on PATH"
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # which a container has no rights for
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--lang=en",
)
TAGS = ("ADJ", "DET", "NOUN", "VERB")
LOSSES = ("nll", "mse")
HEBREW = ("שלום", "עולם", "טוב")
LONG = 700  # words of one sentence: more than the page shows at once

needs_browser = pytest.mark.skipif(not (BROWSER and DRIVER), reason=MISSING)


def start_browser(profile: Path) -> Chrome:
    options = ChromeOptions()
    options.binary_location = str(BROWSER)
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return Chrome(options=options, service=ChromeService(executable_path=str(DRIVER)))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


class Token(NamedTuple):
    """What is known of a word, to count by."""

    sentence: int
    word: str
    gold: str
    predicted: tuple[str, ...]  # by each loss
    unknown: bool


class Case(NamedTuple):
    """A page with its tokens."""

    path: Path
    tokens: list[Token]


def tokens_of(results: Results, training_words: set[str]) -> list[Token]:
    taggers = [seeds[1].tagged for seeds in results.results.values()]
    split, names = taggers[0].split, taggers[0].split.tag_names
    rows: Any = prediction_table(taggers[0].probabilities, split).itertuples()
    predicted = zip(*([names[tag] for tag in tagged.predicted] for tagged in taggers), strict=True)
    return [
        Token(row.sentence, row.word, row.gold, tags, row.word not in training_words)
        for row, tags in zip(rows, predicted, strict=True)
    ]


def make_case(folder: Path, train: list[Sentence], test: list[Sentence], sharpness: float = 2.0) -> Case:
    split = data_of(train, test).dev
    tags = len({tag for sentence in train for tag in sentence.tags})
    probabilities = {loss: random_probabilities(split, tags, seed, sharpness) for seed, loss in enumerate(LOSSES)}
    results = results_of(train, test, probabilities)
    page_of(results, folder / "report.html")
    return Case(folder / "report.html", tokens_of(results, {word for sentence in train for word in sentence.words}))


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    draw = np.random.default_rng(5)
    words = [f"{name}{number}" for name in ("apple", "Berg", "Straße") for number in range(20)]
    train = [Sentence(tuple(words), tuple(TAGS[number % 4] for number in range(60)))]
    test = [
        Sentence(tuple(draw.choice([*words, "new", "other"]) for _ in range(draw.integers(2, 15))), ())
        for _ in range(70)
    ]
    test = [Sentence(row.words, tuple(str(draw.choice(TAGS)) for _ in row.words)) for row in test]
    test[3] = Sentence(test[3].words, ("UNSEEN", *test[3].tags[1:]))
    test += [Sentence(HEBREW, TAGS[:3]), Sentence(("long",) * LONG, ("NOUN",) * LONG)]
    return make_case(tmp_path_factory.mktemp("case"), train, test)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Case:
    tags = tuple(HOSTILE_TAGS[number % len(HOSTILE_TAGS)] for number in range(len(HOSTILE)))
    sentences = [Sentence(tuple(HOSTILE), tags)]
    return make_case(tmp_path_factory.mktemp("hostile"), sentences, sentences, sharpness=1.0)


class Page:
    """A page that is open in the browser."""

    def __init__(self, driver: Chrome, path: Path, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        self.driver = driver
        for name in ("browser", "performance"):
            driver.get_log(name)  # type: ignore[no-untyped-call] # what earlier pages have left
        self.look(width, height, dark)
        driver.get(path.as_uri())
        driver.execute_script("try { localStorage.clear() } catch {}")

    def look(self, width: int, height: int, dark: bool) -> None:
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def click(self, selector: str) -> None:
        element = self.one(selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def choose(self, name: str, text: str) -> None:
        Select(self.one(f"#filters select[name={name}]")).select_by_visible_text(text)

    def search(self, text: str) -> None:
        before = self.count()
        field = self.one("#filters input[name=text]")
        field.clear()
        field.send_keys(text)
        self.wait(lambda: self.count() != before)

    def wait(self, condition: Callable[[], object]) -> None:
        WebDriverWait(self.driver, 5).until(lambda _: condition())

    def count(self) -> str:
        return str(self.one("#count").text)

    def tip(self) -> str:
        return str(self.one("#tip").text)

    def console(self) -> list[str]:
        return [entry["message"] for entry in self._log("browser")]

    def _log(self, name: str) -> list[dict[str, Any]]:
        return list(self.driver.get_log(name))  # type: ignore[no-untyped-call]

    def requests(self) -> set[str]:
        """Return what was asked for, but not by the browser's own first tab."""
        messages = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        sent = [each["params"] for each in messages if each["method"] == "Network.requestWillBeSent"]
        own = ("chrome:", "chrome-untrusted:", "data:")
        return {params["request"]["url"] for params in sent if not params["documentURL"].startswith(own)}


@pytest.fixture
def page(browser: Chrome, case: Case) -> Iterator[Page]:
    page = Page(browser, case.path)
    yield page
    assert page.console() == []


def expected(tokens: list[Token], wanted: Callable[[Token], bool]) -> str:
    matches = [token for token in tokens if wanted(token)]
    words, sentences = len(matches), len({token.sentence for token in matches})
    total = len({token.sentence for token in tokens})
    found = f"{words:,} word{'s' * (words != 1)} in {sentences:,} sentence{'s' * (sentences != 1)}"
    return f"{found} of {total:,} {'matches' if words == 1 else 'match'}."


def gold_is(tag: str) -> Callable[[Token], bool]:
    return lambda token: token.gold == tag


def contains(text: str) -> Callable[[Token], bool]:
    return lambda token: text in token.word.lower()


@needs_browser
def test_the_page_loads_alone_and_without_a_word_on_the_console(page: Page, case: Case) -> None:
    words = len(case.tokens)
    assert page.count() == f"No filter: all {words:,} words in 72 sentences on this page."
    assert page.requests() == {case.path.as_uri()}


@needs_browser
def test_the_policy_stops_what_would_leave_the_page(browser: Chrome, case: Case) -> None:
    page = Page(browser, case.path)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    blocked = browser.execute_async_script(
        """
        const [url, done] = arguments, seen = [];
        document.addEventListener("securitypolicyviolation", (event) => {
          seen.push(event.effectiveDirective);
          if (seen.length === 4) done(seen.sort());
        });
        fetch(url).catch(() => {});
        document.body.append(Object.assign(new Image(), { src: url }));
        document.body.append(Object.assign(document.createElement("script"), { textContent: "window.ran = 1" }));
        document.body.append(Object.assign(document.createElement("style"), { textContent: "body { color: red }" }));
        """,
        f"http://127.0.0.1:{listener.getsockname()[1]}/",
    )
    assert blocked == ["connect-src", "img-src", "script-src-elem", "style-src-elem"]
    assert page.run("return window.ran") is None
    with listener, pytest.raises(BlockingIOError):
        listener.accept()  # nobody has called


@needs_browser
@pytest.mark.parametrize("loss", [0, 1])
def test_tags_and_errors_filter(page: Page, case: Case, loss: int) -> None:
    page.click(f"#filters input[name=loss][value='{loss}']")
    for tag in ("DET", "UNSEEN"):
        page.choose("gold", tag)
        assert page.count() == expected(case.tokens, gold_is(tag))
    page.choose("gold", "any")
    page.choose("predicted", "ADJ")
    assert page.count() == expected(case.tokens, lambda token: token.predicted[loss] == "ADJ")
    page.choose("predicted", "any")
    page.choose("outcome", "right")
    assert page.count() == expected(case.tokens, lambda token: token.predicted[loss] == token.gold)
    page.choose("outcome", "wrong")
    assert page.count() == expected(case.tokens, lambda token: token.predicted[loss] != token.gold)


@needs_browser
def test_unknown_words_filter(page: Page, case: Case) -> None:
    page.click("#filters input[name=unknown]")
    assert page.count() == expected(case.tokens, lambda token: token.unknown)


@needs_browser
def test_disagreement_of_the_losses_filters(page: Page, case: Case) -> None:
    page.click("#filters input[name=disagree]")
    assert page.count() == expected(case.tokens, lambda token: len(set(token.predicted)) > 1)


@needs_browser
def test_text_filters_whatever_its_case(page: Page, case: Case) -> None:
    for text in ("APPLE1", "berg", "straße", "  new ", HEBREW[1]):
        page.search(text)
        assert page.count() == expected(case.tokens, contains(text.strip().lower()))
    page.search("nothing of the kind")
    assert page.count() == "No word matches. Widen or reset the filters."


@needs_browser
def test_text_of_several_words_marks_each_of_them(page: Page, case: Case) -> None:
    page.search(f"{HEBREW[0]} {HEBREW[1]}")
    assert page.count() == "2 words in 1 sentence of 72 match."
    assert [word.text for word in page.all(".word.hit .text")] == list(HEBREW[:2])


@needs_browser
def test_filters_go_together_and_are_reset(page: Page, case: Case) -> None:
    before = page.count()
    page.choose("gold", "NOUN")
    page.choose("predicted", "VERB")
    page.choose("outcome", "wrong")
    page.click("#filters input[name=disagree]")
    assert page.count() == expected(
        case.tokens,
        lambda token: token.gold == "NOUN" and token.predicted[0] == "VERB" != token.predicted[1],
    )
    page.click("#filters button[type=reset]")
    page.wait(lambda: page.count() == before)


@needs_browser
def test_wrong_and_unknown_words_are_marked_in_text(page: Page, case: Case) -> None:
    page.choose("order", "as in the corpus")
    (first, *_) = page.all("#sentence-list .sentence")
    words = first.find_elements(By.CSS_SELECTOR, ".word")
    assert len(words) == len([token for token in case.tokens if token.sentence == 1])
    for word, token in zip(words, case.tokens, strict=False):
        said = str(word.get_attribute("textContent"))
        right = token.gold == token.predicted[0]
        assert said.startswith(token.word)
        assert ("wrong, gold is " in said) == (not right)
        assert [each.text for each in word.find_elements(By.CSS_SELECTOR, "s")] == [token.predicted[0]] * (not right)
        assert ("unknown word" in said) == token.unknown
        assert ("losses disagree" in said) == (len(set(token.predicted)) > 1)


@needs_browser
def test_pointing_at_a_word_shows_its_distribution_for_each_loss(page: Page) -> None:
    word = page.all(".word.wrong")[1]
    page.run("arguments[0].scrollIntoView({block: 'center'})", word)
    ActionChains(page.driver).move_to_element(word).perform()
    page.wait(lambda: page.one("#tip").is_displayed())
    assert word.find_element(By.CSS_SELECTOR, ".text").text in page.tip()
    heads = [head.text.split()[0] for head in page.all("#tip thead th")]
    assert heads == ["tag", *LOSSES]
    assert "wrong" in page.tip()
    shown = page.run("const r = document.querySelector('#tip').getBoundingClientRect(); return [r.left, r.right]")
    assert 0 <= shown[0] < shown[1] <= 1280
    ActionChains(page.driver).move_to_element(page.one("#count")).perform()
    page.wait(lambda: not page.one("#tip").is_displayed())


@needs_browser
def test_the_keyboard_reaches_every_word(page: Page) -> None:
    page.choose("order", "as in the corpus")
    first, second = page.all("#sentence-list .sentence")[:2]
    words = first.find_elements(By.CSS_SELECTOR, ".word")

    def press(*keys: str) -> WebElement:
        ActionChains(page.driver).send_keys(*keys).perform()
        return page.driver.switch_to.active_element

    page.run("document.querySelector('#filters button[type=reset]').focus()")
    assert press(Keys.TAB) == words[0]  # a stop a sentence
    assert page.one("#tip").is_displayed()
    assert words[0].get_attribute("aria-describedby") == "tip"
    assert press(Keys.ARROW_RIGHT) == words[1]
    assert words[1].find_element(By.CSS_SELECTOR, ".text").text in page.tip()
    assert press(Keys.END) == words[-1]
    assert press(Keys.HOME) == words[0]
    assert press(Keys.ARROW_DOWN) == second.find_element(By.CSS_SELECTOR, ".word")
    assert press(Keys.ARROW_UP) == words[0]
    press(Keys.ESCAPE)
    assert not page.one("#tip").is_displayed()
    assert press(Keys.TAB) == second.find_element(By.CSS_SELECTOR, ".word")


@needs_browser
def test_focus_is_seen(page: Page) -> None:
    page.run("document.querySelector('.skip').focus()")
    for _ in range(12):
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
        outline = page.run(
            "const e = document.activeElement; const of = (n) => n && getComputedStyle(n).outlineStyle;"
            "return [of(e), of(e.nextElementSibling)]"
        )
        assert "solid" in outline or "auto" in outline


@needs_browser
def test_right_to_left_text_runs_so_and_the_arrows_follow(page: Page) -> None:
    page.search(HEBREW[0])
    words = page.all("#sentence-list .word")
    assert [word.find_element(By.CSS_SELECTOR, ".text").text for word in words] == list(HEBREW)
    assert words[0].location["x"] > words[1].location["x"] > words[2].location["x"]
    page.run("arguments[0].focus()", words[0])
    ActionChains(page.driver).send_keys(Keys.ARROW_LEFT).perform()
    assert page.driver.switch_to.active_element == words[1]


@needs_browser
def test_sentences_come_in_pages(page: Page) -> None:
    page.choose("order", "as in the corpus")
    assert len(page.all(".sentence")) == 20
    assert page.one("#page").text == "Page 1 of 4"
    page.click("#next")
    assert page.one("#page").text == "Page 2 of 4"
    assert page.one(".sentence .number").text == "Sentence 21"
    page.click("#last")
    assert [each.text for each in page.all(".sentence .number")][-1] == "Sentence 72"
    assert not page.one("#next").is_enabled()


@needs_browser
def test_a_very_long_sentence_is_opened_on_demand(page: Page) -> None:
    page.search("long")
    assert len(page.all("#sentence-list .word")) == 250
    page.click(".sentence > button.plain")
    assert len(page.all("#sentence-list .word")) == LONG
    assert page.driver.switch_to.active_element == page.all("#sentence-list .word")[250]


@needs_browser
def test_the_order_of_sentences_follows_the_choice(page: Page, case: Case) -> None:
    errors = {token.sentence: 0 for token in case.tokens}
    for token in case.tokens:
        errors[token.sentence] += token.gold != token.predicted[0]
    numbers = [int(each.text.split()[1]) for each in page.all(".sentence .number")]
    assert numbers == sorted(errors, key=lambda sentence: (-errors[sentence], sentence))[:20]
    page.choose("order", "as in the corpus")
    assert [int(each.text.split()[1]) for each in page.all(".sentence .number")] == list(range(1, 21))


@needs_browser
def test_one_matrix_is_shown_and_a_cell_leads_to_its_words(page: Page, case: Case) -> None:
    assert [matrix.is_displayed() for matrix in page.all(".matrix-view")] == [True, False]
    page.click("input[name=matrix][value='1']")
    assert [matrix.is_displayed() for matrix in page.all(".matrix-view")] == [False, True]
    row = page.one("#matrix-1 tbody tr:nth-child(3)")
    tokens = [token for token in case.tokens if token.gold == "NOUN" and token.predicted[1] == "VERB"]
    found = expected(case.tokens, lambda token: token in tokens)
    columns = [head.get_attribute("textContent") for head in page.all("#matrix-1 thead th")]
    assert row.find_element(By.CSS_SELECTOR, "th").text == "NOUN"
    cell = row.find_elements(By.CSS_SELECTOR, "td")[columns.index("VERB")]
    assert cell.text == str(len(tokens))
    page.run("arguments[0].scrollIntoView({block: 'center'})", cell)
    cell.click()
    page.wait(lambda: page.count() == found)
    assert page.one("#filters input[name=loss]:checked").get_attribute("value") == "1"


@needs_browser
def test_a_frequent_error_leads_to_its_words_by_keyboard(page: Page, case: Case) -> None:
    button = page.one("#matrix-0 button.pair")
    gold, predicted = button.get_attribute("data-gold"), button.get_attribute("data-predicted")
    button.send_keys(Keys.ENTER)
    page.wait(lambda: "No filter" not in page.count())
    assert page.count() == expected(case.tokens, lambda token: (token.gold, token.predicted[0]) == (gold, predicted))


@needs_browser
def test_light_and_dark_follow_the_system_and_the_switch(page: Page) -> None:
    def lightness() -> int:
        colour = page.run("return getComputedStyle(document.body).backgroundColor")
        return sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(",")))

    assert lightness() > 600
    page.look(1280, 900, dark=True)
    assert lightness() < 150
    page.click("input[name=theme][value=light]")
    assert lightness() > 600
    page.click("input[name=theme][value=dark]")
    page.look(1280, 900, dark=False)
    assert lightness() < 150
    page.driver.refresh()
    assert lightness() < 150  # the choice is kept
    page.click("input[name=theme][value=auto]")
    assert lightness() > 600


@needs_browser
@pytest.mark.parametrize("width", [360, 768])
def test_a_narrow_screen_does_not_scroll_sideways(browser: Chrome, case: Case, width: int) -> None:
    page = Page(browser, case.path, width, 740)
    page.run("for (const each of document.querySelectorAll('details')) each.open = true")
    assert page.run("return document.documentElement.scrollWidth") == width
    page.click(".word.wrong")
    assert page.one("#tip").is_displayed()
    box = page.run("const r = document.querySelector('#tip').getBoundingClientRect(); return [r.left, r.right, r.top]")
    word = page.run("return document.activeElement.getBoundingClientRect().bottom")
    assert 0 <= box[0] < box[1] <= width
    assert word <= box[2] + 1 or width > 640  # the sheet leaves the word in sight
    assert page.run("return document.documentElement.scrollWidth") == width
    assert page.console() == []


@needs_browser
def test_hostile_text_is_shown_and_never_run(browser: Chrome, hostile: Case) -> None:
    page = Page(browser, hostile.path)
    shown = [str(each.get_attribute("textContent")) for each in page.all("#sentence-list .word .text")]
    assert shown == HOSTILE
    assert len(page.all("script")) == 2
    assert page.all("img") == page.all("b") == []
    for word in page.all("#sentence-list .word"):
        page.run("arguments[0].focus()", word)
        assert page.run("return document.querySelector('#tip .tip-word').textContent") in HOSTILE
    options = [option.text for option in Select(page.one("select[name=gold]")).options]
    assert sorted(options) == sorted(["any", *HOSTILE_TAGS])
    assert page.console() == []
    assert page.requests() == {hostile.path.as_uri()}


@needs_browser
def test_the_page_works_in_a_sandboxed_frame_as_mlflow_shows_it(browser: Chrome, case: Case, tmp_path: Path) -> None:
    frame = tmp_path / "frame.html"
    source = json.dumps(case.path.read_text(encoding="utf-8")).replace("<", "\\u003c")
    frame.write_text(
        '<!doctype html><meta charset="utf-8"><iframe sandbox="allow-scripts" width="900" height="600"></iframe>'
        f"<script>document.querySelector('iframe').src = URL.createObjectURL(new Blob([{source}], "
        "{type: 'text/html'}))</script>",
        encoding="utf-8",
    )
    page = Page(browser, frame)
    browser.switch_to.frame(0)
    page.wait(lambda: "No filter" in page.count())
    page.click("nav a[href='#confusions']")
    assert page.run("return scrollY") > 600
    page.click("input[name=theme][value=dark]")
    page.choose("outcome", "wrong")
    assert page.count() == expected(case.tokens, lambda token: token.predicted[0] != token.gold)
    browser.switch_to.default_content()
    assert page.console() == []


@pytest.mark.slow
def test_the_page_of_a_large_test_split_is_quick(tmp_path: Path) -> None:
    assert BROWSER, MISSING
    assert DRIVER, MISSING
    draw = np.random.default_rng(1)
    words = [f"word{number}" for number in range(6000)]
    tags = [f"T{number:02}" for number in range(17)]
    train = [Sentence(tuple(words), tuple(tags[number % 17] for number in range(6000)))]
    drawn = [draw.integers(6000, size=12) for _ in range(2100)]
    test = [Sentence(tuple(words[n] for n in row), tuple(tags[n % 17] for n in row)) for row in drawn]
    case = make_case(tmp_path, train, test, sharpness=8.0)
    assert len(case.tokens) == 25_200
    assert case.path.stat().st_size < 5_000_000
    driver = start_browser(tmp_path / "profile")
    try:
        page = Page(driver, case.path)
        page.choose("outcome", "wrong")
        assert page.count() == expected(case.tokens, lambda token: token.predicted[0] != token.gold)
        milliseconds = page.run(
            "const start = performance.now(); document.querySelector('#filters [name=text]').value = 'word1';"
            "browser.update(); document.body.offsetHeight; return performance.now() - start"
        )
        assert milliseconds < 500
        assert page.console() == []
        assert page.requests() == {case.path.as_uri()}
    finally:
        driver.quit()
