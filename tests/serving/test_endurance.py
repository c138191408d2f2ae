"""The server under load for a long time: nothing grows. An hour in full: `MINUTES=60`."""

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from tests.serving.conftest import running

MINUTES = float(os.environ.get("MINUTES", "5"))
CLIENTS = 2
JSON = {"Content-Type": "application/json"}
MOST_GROWTH = 10_000_000  # bytes of resident memory after the first tenth of the time

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60 * MINUTES + 300)]


def server_process() -> psutil.Process:
    """Return the one child of this process that serves."""
    (found,) = (each for each in psutil.Process().children() if "serve" in each.cmdline())
    return found


def load(url: str, seed: int, until: float) -> int:
    """Send requests of every size with new words, some of them wrong, one after the other; return how many."""
    dice = random.Random(seed)
    sent = 0
    with requests.Session() as session:
        while time.monotonic() < until:
            words = [f"w{dice.getrandbits(40):x}" for _ in range(dice.choice((1, 10, 100, 1000)))]
            answer = session.post(f"{url}/api/tag", json={"sentences": [words], "top": dice.choice((1, 3))}, timeout=60)
            assert answer.json()["sentences"][0]["words"] == words
            assert session.post(f"{url}/api/tag", data=b"{", headers=JSON, timeout=60).status_code == 400
            requests.get(f"{url}/health", timeout=60).raise_for_status()  # on a connection of its own
            sent += 3
            time.sleep(0.2)
    return sent


def test_nothing_grows_under_load(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(folder, "--model", "first") as url, ThreadPoolExecutor(CLIENTS) as threads:
        server = server_process()
        start = time.monotonic()
        clients = [threads.submit(load, url, seed, start + 60 * MINUTES) for seed in range(CLIENTS)]
        time.sleep(6 * MINUTES)
        early = server.memory_info().rss
        sent = sum(client.result() for client in clients)
        late, idle_files = server.memory_info().rss, server.num_fds()
        with capsys.disabled():
            print(f"\n{sent:,} requests in {MINUTES:g} minutes: {early / 1e6:.1f} MB early, {late / 1e6:.1f} MB late")
    assert late - early < MOST_GROWTH
    assert idle_files < 50
