import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
import torch

from tagger.runner.progress import Progress
from tagger.train.trainer import Epoch, Step

ROOT = Path(__file__).parents[2]
EPOCH = Epoch(2, 0.003, 0.25, 0.125, 0.96875, seconds=10.4, tokens_per_second=12345.6, ended=0)
LINE = "nll epoch 2/5: train loss 0.2500, dev loss 0.1250, dev accuracy 96.88%, 12,346 tokens/s, 31 s left"
SCRIPT = """
import time
import torch
from tagger.runner.progress import Progress
from tagger.train.trainer import Epoch, Step

progress = Progress("nll", 2)
for epoch in (1, 2):
    for done in range(1, 5):
        time.sleep(0.12)
        progress.step(Step(epoch, done, 4, 100, torch.tensor(0.5 / epoch)))
    progress.epoch(Epoch(epoch, 0.003, 0.25, 0.125, 0.96875, 10.0, 12345.6, 0))
progress.close()
print("done")
"""


@pytest.fixture(scope="module")
def terminal() -> str:
    """Give what a training of two epochs of four steps shows on a terminal of 140 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 140, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    output, _ = process.communicate(timeout=60)
    assert (process.returncode, output) == (0, b"done\n"), shown.decode()
    return shown.decode()


def test_elsewhere_an_epoch_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("nll", 5)
    progress.epoch(EPOCH)
    progress.close()
    assert capsys.readouterr() == ("", LINE + "\n")


def test_elsewhere_a_step_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("nll", 5)
    progress.step(Step(1, 1, 4, 100, torch.tensor(0.5)))
    progress.close()
    assert capsys.readouterr() == ("", "")


def test_after_the_last_epoch_no_time_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    Progress("nll", 2).epoch(EPOCH)
    assert capsys.readouterr().err.endswith(", 0 s left\n")


def test_a_terminal_shows_a_bar_that_fills(terminal: str) -> None:
    shares = [int(share) for share in re.findall(r"nll +(\d+)%\|", terminal)]
    assert shares == sorted(shares)
    assert len(set(shares)) > 3
    assert shares[-1] == 100


def test_the_bar_shows_epoch_and_loss(terminal: str) -> None:
    assert "epoch 1/2, loss 0.5000, " in terminal
    assert "epoch 2/2, loss 0.2500, " in terminal


def test_the_bar_shows_tokens_a_second(terminal: str) -> None:
    rates = [int(rate.replace(",", "")) for rate in re.findall(r"loss [\d.]+, ([\d,]+) tokens/s", terminal)]
    assert len(rates) > 3
    # 100 tokens in 0.12 seconds, or more on a busy machine; the clock starts with the first step
    assert all(50 < rate <= 2000 for rate in rates[2:])


def test_the_bar_shows_the_time_left(terminal: str) -> None:
    assert re.search(r"\| \d\d:\d\d, \d\d:\d\d left, epoch ", terminal)


def test_a_terminal_also_keeps_a_line_an_epoch(terminal: str) -> None:
    lines = re.findall(r"nll epoch \d/2: [^\r\n]+", terminal)
    assert lines == [
        "nll epoch 1/2: train loss 0.2500, dev loss 0.1250, dev accuracy 96.88%, 12,346 tokens/s, 10 s left",
        "nll epoch 2/2: train loss 0.2500, dev loss 0.1250, dev accuracy 96.88%, 12,346 tokens/s, 0 s left",
    ]
