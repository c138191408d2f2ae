"""`python -m tests.pictures [MODEL]` takes the pictures in docs/: of the report, of the page of `serve`, and of MLflow.

With a MODEL, `serve` shows it beside the export.
"""

import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from selenium.webdriver import Chrome

from tagger.tracking.hooks import links
from tests.mlflow_ui import FILTER, Page, mlflow_ui
from tests.report.page.test_browser import start_browser

MLFLOW = {"losses": ("mlflow-comparison", 760), "probabilities": ("mlflow-probabilities", 1200)}  # and height
ASSISTANT = "//button[@data-component-id='mlflow.assistant.chat_panel.close']"  # it would take a quarter of a picture
SENTENCE = "Our zorpy cat outran that fast dog."
COLOURS = 256  # of a picture: more can't be seen, and make it three times as large


def take(browser: Chrome, name: str) -> None:
    """Keep what the browser shows."""
    time.sleep(3)  # for what moves
    picture = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    few = picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)
    few.save(f"docs/{name}.png", optimize=True)


def take_both(browser: Chrome, name: str) -> None:
    """Keep what the browser shows to readers with a light theme and to those with a dark one."""
    for scheme, suffix in (("dark", "-dark"), ("light", "")):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        take(browser, name + suffix)


@contextmanager
def serving(*models: str) -> Iterator[str]:
    """Run `lstm-tagger serve`; give its address."""
    options = [option for model in models for option in ("--model", model)]
    command = [sys.executable, "-m", "tagger", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            yield server.stdout.readline().split()[0]
        finally:
            server.terminate()


def main() -> None:
    """Take all pictures."""
    addresses = dict(line.split() for line in links().splitlines() if line.startswith("  "))
    if not addresses:
        sys.exit("error: MLflow has no runs of the outputs in this folder; expected those of `dvc repro`")
    with (
        mlflow_ui(Path.cwd()) as server,
        serving("models/export", *sys.argv[1:]) as tagger,
        tempfile.TemporaryDirectory() as profile,
    ):
        browser = start_browser(Path(profile))
        page = Page(browser)
        try:
            browser.set_window_size(1300, 1140)
            page.open(Path("metrics/report.html").absolute().as_uri())
            take_both(browser, "report")
            browser.set_window_size(1000, 1180)
            page.open(tagger)
            page.write("//textarea", f"{SENTENCE}\n")
            page.click("//tbody//button[contains(., 'outran')]")
            take_both(browser, "serve")
            for name, (picture, height) in MLFLOW.items():
                browser.set_window_size(1500, height)
                page.open(addresses[name].replace("http://127.0.0.1:5000", server))
                page.shows("matching runs", "nll")
                if name == "losses":
                    page.click(ASSISTANT)
                else:
                    page.write(FILTER, "wrong")
                take(browser, picture)
        finally:
            browser.quit()


if __name__ == "__main__":
    main()
