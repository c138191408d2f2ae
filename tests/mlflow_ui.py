"""MLflow's UI in a real browser."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests
from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

FILTER = "//input[@placeholder='Filter by token']"
PATIENCE = 120  # seconds for a page on a busy machine


@contextmanager
def mlflow_ui(folder: Path) -> Iterator[str]:
    """Run `mlflow ui` on the database in a folder, as `make ui` does; give its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).parent / "mlflow"), "ui", "--workers", "1", "--port", str(port)]
    uri = f"sqlite:///{folder}/mlflow.db"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    environment |= {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    server = subprocess.Popen(
        [*command, "--backend-store-uri", uri],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            assert server.poll() is None
            with suppress(requests.ConnectionError):
                requests.get(f"{address}/health", timeout=5)
                break
            time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait(20)


class Page:
    """A page of the UI, of which every look waits for what it looks for."""

    def __init__(self, browser: Chrome) -> None:
        self._browser = browser

    def open(self, address: str) -> None:
        """Open an address, also one that differs from the present one in its fragment alone."""
        self._browser.get("about:blank")
        self._browser.get(address)

    def click(self, path: str) -> None:
        """Click the element at an XPath, and follow a link that opens a tab of its own."""

        def click(browser: Chrome) -> bool:
            with suppress(WebDriverException):  # it is not there yet, or something lies over it
                browser.find_element(By.XPATH, path).click()
                return True
            return False

        self._until(click, path)
        self._browser.switch_to.window(self._browser.window_handles[-1])

    def write(self, path: str, text: str) -> None:
        """Type into the field at an XPath."""
        self._until(lambda browser: browser.find_elements(By.XPATH, path), path)
        self._browser.find_element(By.XPATH, path).send_keys(text)

    def shows(self, *texts: str) -> str:
        """Wait until the page has all of the texts; return its whole text."""
        self._until(lambda _: all(text in self.text for text in texts), f"{texts}")
        return self.text

    def lacks(self, text: str) -> None:
        """Wait until the page does not have a text."""
        self._until(lambda _: text not in self.text, f"no {text!r}")

    @property
    def text(self) -> str:
        """What the page shows now, one line for each piece."""
        return str(self._browser.execute_script("return document.body.innerText"))

    def _until(self, condition: Callable[[Chrome], object], what: str) -> None:
        try:
            WebDriverWait(self._browser, PATIENCE).until(condition)
        except TimeoutException:
            raise AssertionError(f"expected {what}, the page shows: {self.text}") from None
