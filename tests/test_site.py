"""The site of the docs: it builds, needs no other host, leads nowhere that is not there, and opens in a browser."""

import functools
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
import yaml
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.conftest import ROOT
from tests.report.page.test_browser import needs_browser, start_browser
from tests.test_pages import NAMES

LOADED = {
    "img": "src",
    "source": "srcset",
    "script": "src",
    "link": "href",
    "iframe": "src",
}  # what a page loads by itself


class Links(HTMLParser):
    """What a page loads, what it leads to, and where one may lead into it."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids.add(found.get("id", ""))
        if tag in LOADED and found.get("rel") != "canonical":
            self.loaded.append(found.get(LOADED[tag], ""))
        if tag == "a":
            self.links.append(found.get("href", ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it, of the pages of this folder."""
    folder = tmp_path_factory.mktemp("site")
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").split("\ndocs:")[1].split("\n\n")[0].splitlines()[1:]
    script = "\n".join(line.strip().lstrip("@").replace("$(RUN) ", "") for line in recipe)
    (folder / "data").mkdir()
    shutil.copytree(ROOT / "docs", folder / "docs")
    for name in ("mkdocs.yml", "LICENSE", "CITATION.cff", "params.schema.json", "data/LICENSE", *NAMES):
        shutil.copyfile(ROOT / name, folder / name)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["bash", "-ec", script], cwd=folder, env=os.environ | {"PATH": path}, check=True)
    return folder / "build/site"


def test_every_page_is_in_it(site: Path) -> None:
    entries = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    assert sorted(path for entry in entries for path in entry.values()) == sorted(NAMES)
    for name in NAMES:
        assert (site / re.sub(r"README\.md$", "index.html", name).replace(".md", ".html")).exists()


def test_it_needs_no_other_host_and_every_link_leads_somewhere(site: Path) -> None:
    pages = {page: Links(page) for page in site.rglob("*.html") if page.name != "404.html"}
    assert len(pages) == len(NAMES)
    for page, found in pages.items():
        assert [address for address in found.loaded if re.match(r"(\w+:)?//", address)] == []
        for address in found.loaded + found.links:
            target, anchor = urldefrag(unquote(address))
            if re.match(r"\w+:", target):
                continue
            file = (page.parent / target).resolve() if target else page
            file = file / "index.html" if file.is_dir() else file
            assert file.exists(), f"{page.name}: {address}"
            assert not anchor or file not in pages or anchor in pages[file].ids, f"{page.name}: {address}"


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@needs_browser
def test_a_browser_opens_it_wide_and_narrow(address: str, tmp_path: Path) -> None:
    browser = start_browser(tmp_path)
    try:
        for width in (1400, 390):
            browser.set_window_size(width, 900)
            browser.get(f"{address}/index.html")
            assert browser.find_element(By.CSS_SELECTOR, "article h1").text.startswith("LSTM tagger")
            assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
            link = browser.find_element(By.CSS_SELECTOR, "article a[href='docs/losses.html']")
            browser.execute_script("arguments[0].click()", link)
            WebDriverWait(browser, 20).until(lambda opened: "What the losses do" in opened.title + opened.page_source)
        assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]
    finally:
        browser.quit()
