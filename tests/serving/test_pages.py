"""The page in a real browser, and the server behind it; tests/report/page/test_browser.py says what that needs."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tagger.predict.tagging import Tagger
from tests.report.page.test_browser import BROWSER, DRIVER, MISSING, needs_browser, start_browser
from tests.serving.conftest import running

HOSTILE = (
    "<script>alert(1)</script>",
    "<img/src=x/onerror=alert(1)>",
    "{{7*7}}",
    "שלום",
    "</table>",
    "&lt;b&gt;",
    "🎉",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


class Page:
    """The page, open in the browser."""

    def __init__(self, driver: Chrome, url: str, width: int = 1440, height: int = 900) -> None:
        self.driver = driver
        driver.get_log("browser")  # type: ignore[no-untyped-call] # what earlier pages have left
        self.look(width, height, dark=False)
        driver.get(url)
        driver.execute_script("localStorage.clear()")

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

    def wait(self, condition: Callable[[], object]) -> None:
        WebDriverWait(self.driver, 10).until(lambda _: condition())

    def tag(self, text: str) -> None:
        """Put a text into the field as typing does, and wait for its answer."""
        self.run("const f = document.querySelector('#text'); f.value = arguments[0]; tagger.show(null, '')", text)
        self.run("document.querySelector('#text').dispatchEvent(new Event('input'))")
        self.wait(lambda: self.all("tbody tr"))

    def texts(self, selector: str) -> list[str]:
        return [str(each.get_attribute("textContent")) for each in self.all(selector)]

    def console(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]


@pytest.fixture
def page(browser: Chrome, served: str) -> Iterator[Page]:
    page = Page(browser, served)
    yield page
    assert page.console() == []


@needs_browser
def test_a_sentence_is_tagged_as_it_is_typed_by_both_models(page: Page, model_folder: Path) -> None:
    assert page.texts(".legend .model") == ["first", "second"]
    page.one("#text").send_keys("The dog ate it")
    page.wait(lambda: len(page.all("tbody tr")) == 4)
    (expected,) = Tagger(model_folder).tag([["The", "dog", "ate", "it"]])
    assert page.texts(".word bdi") == list(expected.words)
    assert page.texts("tbody .m0 .tag") == list(expected.tags)
    fills = page.all("tbody .m0 .fill")
    widths = [page.run("return parseFloat(arguments[0].style.width)", fill) for fill in fills]
    assert widths == pytest.approx([100 * value for value in expected.probabilities], abs=0.001)
    assert page.texts("tbody .m0 .value") == [f"{100 * value:.1f}\u202f%" for value in expected.probabilities]
    tags = zip(page.texts("tbody .m0 .tag"), page.texts("tbody .m1 .tag"), strict=True)
    differ = sum(one != other for one, other in tags)
    assert len(page.all("tr.differs")) == differ > 0
    assert page.one("#status").text.startswith(f"4 words in 1 sentence; the models differ on {differ}.")


@needs_browser
def test_everything_works_by_keyboard_alone(page: Page) -> None:
    def press(*keys: str) -> WebElement:
        ActionChains(page.driver).send_keys(*keys).perform()
        return page.driver.switch_to.active_element

    assert press(Keys.TAB).text == "Skip to the content"
    press(Keys.ENTER)
    assert press(Keys.TAB).get_attribute("id") == "text"
    press("a b")
    ActionChains(page.driver).key_down(Keys.SHIFT).send_keys(Keys.ENTER).key_up(Keys.SHIFT).perform()
    press("c", Keys.ENTER)
    page.wait(lambda: len(page.all("tbody")) == 2)
    switch = press(Keys.TAB)
    assert switch.is_selected()
    press(Keys.SPACE)
    assert not switch.is_selected()
    assert press(Keys.TAB).text == "Tag"
    for _ in range(3):
        press(Keys.TAB)
    word = press(Keys.TAB)
    assert word == page.one(".word")
    assert word.get_attribute("aria-expanded") == "false"
    press(Keys.ENTER)
    assert word.get_attribute("aria-expanded") == "true"
    assert len(page.all("tr.others td:last-child .cell")) == 3
    press(Keys.SPACE)
    assert page.all("tr.others") == []


@needs_browser
def test_the_table_is_one_for_a_screen_reader(page: Page) -> None:
    page.tag("The dog\nate")
    assert page.texts("caption") == ["Sentence 1", "Sentence 2"]
    assert page.texts("table:first-of-type thead th[scope=col]")[:3] == ["Word", "first", "second"]
    assert len(page.all("tbody th[scope=row] button[aria-expanded]")) == 3
    assert page.one("#status").get_attribute("role") == "status"
    assert page.one("label[for=text]").text == "Sentence"
    hidden = page.texts("tr.differs .hidden")
    assert hidden == [", the models differ"] * len(hidden)


@needs_browser
def test_an_example_fills_the_field(page: Page) -> None:
    example = page.one(".example")
    example.click()
    page.wait(lambda: page.all("tbody tr"))
    assert page.one("#text").get_attribute("value") == example.text
    assert page.texts(".word bdi") == ["The", "dog", "ate", "the", "book", "."]


@needs_browser
def test_text_as_people_type_it_is_split_into_words_as_in_corpora(page: Page) -> None:
    page.tag("It's late, isn\u2019t it?\n“Mr. Smith's” U.S. cats... (cost $5.50) :-) me@x.org!!")
    split = "It 's late , is n\u2019t it ? “ Mr. Smith 's ” U.S. cats ... ( cost $ 5.50 ) :-) me@x.org !!"
    assert page.texts(".word bdi") == split.split()
    page.one("#split").click()
    page.wait(lambda: len(page.all("tbody tr")) == 12)
    assert page.texts(".word bdi")[:4] == ["It's", "late,", "isn\u2019t", "it?"]


@needs_browser
def test_hostile_text_is_shown_and_never_run(page: Page) -> None:
    page.one("#split").click()
    page.tag(" ".join(HOSTILE))
    assert page.texts(".word bdi") == list(HOSTILE)
    assert len(page.all("script")) == 1
    assert page.all("img") == page.all("b") == []
    page.one(".word").click()
    assert page.texts("tr.others .tag") != []


@needs_browser
def test_a_mistake_is_told_and_goes_away(page: Page) -> None:
    page.run("document.querySelector('#text').value = 'a '.repeat(20001); tagger.ask()")
    page.wait(lambda: page.one("#problem").is_displayed())
    assert page.one("#problem").text == "sentences: got 20001 words, expected at most 20000"
    page.tag("fine")
    assert not page.one("#problem").is_displayed()
    assert [message for message in page.console() if "422" not in message] == []


@needs_browser
def test_a_long_sentence_is_opened_on_demand(page: Page) -> None:
    page.tag("word " * 700)
    assert len(page.all("tbody tr")) == 300
    page.run("document.querySelector('.more').click()")
    assert len(page.all("tbody tr")) == 700
    assert page.all(".more") == []
    assert page.run("return document.activeElement === document.querySelectorAll('.word')[300]")


@needs_browser
def test_an_emptied_field_shows_nothing(page: Page) -> None:
    page.tag("a")
    page.run("document.querySelector('#text').value = ' '; tagger.ask()")
    assert page.all("tbody tr") == []
    assert page.one("#status").text == ""


@needs_browser
@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_narrow_screen_does_not_scroll_sideways(browser: Chrome, served: str, path: str) -> None:
    page = Page(browser, f"{served}{path}", 360, 740)
    if path == "/":
        page.tag(f"The dog {'x' * 80} {' '.join(HOSTILE)}")
        page.one(".word").click()
        for cell in page.all("tbody .cell"):
            assert page.run("return arguments[0].scrollWidth <= arguments[0].clientWidth + 1", cell)
    assert page.run("return document.documentElement.scrollWidth") == 360
    assert page.console() == []


@needs_browser
def test_light_and_dark_follow_the_system_and_the_switch(page: Page) -> None:
    def lightness() -> int:
        colour = page.run("return getComputedStyle(document.body).backgroundColor")
        return sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(",")))

    assert lightness() > 600
    page.look(1440, 900, dark=True)
    assert lightness() < 150
    page.one("input[name=theme][value=light]").click()
    page.driver.refresh()
    assert lightness() > 600  # the choice is kept
    page.one("input[name=theme][value=auto]").click()
    assert lightness() < 150


@needs_browser
def test_the_policy_stops_what_would_leave_the_page(page: Page) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    blocked = page.driver.execute_async_script(
        """
        const [url, done] = arguments, seen = [];
        document.addEventListener("securitypolicyviolation", (event) => {
          seen.push(event.effectiveDirective);
          if (seen.length === 3) done(seen.sort());
        });
        fetch(url).catch(() => {});
        document.body.append(Object.assign(new Image(), { src: url }));
        document.body.append(Object.assign(document.createElement("script"), { textContent: "window.ran = 1" }));
        """,
        f"http://127.0.0.1:{listener.getsockname()[1]}/",
    )
    assert blocked == ["connect-src", "img-src", "script-src-elem"]
    assert page.run("return window.ran") is None
    with listener, pytest.raises(BlockingIOError):
        listener.accept()  # nobody has called
    page.console()


@pytest.mark.slow
def test_a_server_that_has_gone_is_told(tmp_path: Path, model_folder: Path) -> None:
    assert BROWSER, MISSING
    assert DRIVER, MISSING
    driver = start_browser(tmp_path / "profile")
    try:
        with running(tmp_path, "--model", str(model_folder)) as url:
            page = Page(driver, url)
            page.tag("The dog")
            assert page.texts("thead th") == ["Word", "Tag and probability"]
        page.run("tagger.ask()")
        page.wait(lambda: page.one("#problem").is_displayed())
        assert page.one("#problem").text == "the server does not answer"
    finally:
        driver.quit()
