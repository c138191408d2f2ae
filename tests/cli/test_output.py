"""What is written is exact in a file or a pipe, and harmless on a terminal."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tagger.core.common.errors import InputError, harmless

ROOT = Path(__file__).parents[2]
HOSTILE = "\x1b[2J \x1b[31mred\x1b[0m \x9b31m \u202eabc\u2066 a\rb \x07 ü 👩\u200d🔬 \ufeff"
WRITING = "import sys; from tagger.cli.output import write; write(sys.argv[1])"


def start(stdout: int, **environment: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", WRITING, HOSTILE]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=stdout)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_a_pipe_gets_the_text_as_it_is_in_any_locale(encoding: str) -> None:
    with start(subprocess.PIPE, PYTHONIOENCODING=encoding) as process:
        assert process.communicate()[0] == f"{HOSTILE}\n".encode()
    assert process.returncode == 0


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_terminal_gets_nothing_that_it_would_obey(encoding: str) -> None:
    ours, theirs = pty.openpty()
    with start(theirs, PYTHONIOENCODING=encoding) as process:
        os.close(theirs)
        got = b""
        while b"\n" not in got:
            got += os.read(ours, 10_000)
    os.close(ours)
    assert process.returncode == 0
    shown = got.decode(encoding).removesuffix("\r\n")
    assert shown.startswith(r"\x1b[2J \x1b[31mred\x1b[0m \x9b31m \u202eabc\u2066 a\rb \x07 ü ")
    assert shown.isprintable() or encoding == "utf-8"  # what joins emoji is not printable, and harmless


def test_an_error_is_one_harmless_line_of_some_length() -> None:
    assert str(InputError("\x1b]0;x\x07: no\nmodel")) == r"\x1b]0;x\x07: no model"
    line = str(InputError(f"params.yaml:3: got {'x' * 100_000}, expected a number"))
    assert line.startswith("params.yaml:3: got xxx")
    assert line.endswith("xxx, expected a number")
    assert len(line) < 2100


def test_what_people_write_stays() -> None:
    text = "שלום עולם\tNew\u00a0York 👩\u200d🔬\n"
    assert harmless(text) == text
