"""What is written is exact in a file or a pipe, and harmless on a terminal; tables are aligned and fit on it."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import wcwidth

from tagger.cli.output import WIDTH, padded, text_table
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


# Tables


@pytest.mark.parametrize("text", ["dog", "狗", "ごはん", "👩‍🔬", "❤️", "é", "e\u0301", "שָׁלוֹם", ""])
def test_every_script_is_padded_to_the_same_width(text: str) -> None:
    assert {wcwidth.width(cell) for cell in padded([text, "watchdog"])} == {8}
    assert padded([text, "watchdog"], right=True)[0].endswith(text)


def test_texts_stand_left_and_numbers_right_and_a_missing_value_is_a_dash() -> None:
    table = pd.DataFrame({"run": ["狗", None, "dog"], "accuracy": [0.5, None, 12.25], "epoch": [1, 20, None]})
    assert text_table(table.convert_dtypes()) == (
        "run  accuracy  epoch\n"
        "狗     0.5000      1\n"
        "-           -     20\n"
        "dog   12.2500      -"
    )  # fmt: skip


def test_the_longest_texts_are_cut_at_their_start() -> None:
    path = "/a/very/long/path/to/the/corpora/of/train.conllu"
    table = pd.DataFrame({"data.train": [path, "short"]})
    assert text_table(table).splitlines()[1:] == ["…o/the/corpora/of/train.conllu", "short"]
    assert text_table(table, whole=True).splitlines()[1] == path
    wide = text_table(pd.DataFrame({"x": ["狗" * 40]})).splitlines()[1]
    assert (wide, wcwidth.width(wide)) == ("… " + "狗" * 14, 30)


def test_headings_are_broken_if_the_table_is_too_wide() -> None:
    names = [f"test_unknown_accuracy.{letter}" for letter in "abcdefg"]
    table = pd.DataFrame([[0.5] * len(names)], columns=names)
    assert text_table(table).splitlines()[:4] == [
        "    test_" + "      test_" * 6,
        " unknown_" + "   unknown_" * 6,
        "accuracy." + "  accuracy." * 6,
        "        a          b          c          d          e          f          g",
    ]
    assert text_table(table, whole=True).splitlines()[0].split() == names


def test_columns_that_do_not_fit_are_named_and_later_ones_that_do_are_shown() -> None:
    texts = {f"path_{number}": ["x" * 30] for number in range(1, 6)}
    lines = text_table(pd.DataFrame(texts | {"seed": ["1"]})).splitlines()
    assert lines[0].split() == ["path_1", "path_2", "path_3", "seed"]
    assert lines[-1] == "too wide for 120 columns: path_4, path_5; use --columns or --all to see them"
    assert max(map(len, lines)) <= WIDTH


def test_a_heading_without_a_break_stays_whole() -> None:
    table = pd.DataFrame({"": ["nll"], "a" * 110: [1], "b" * 8: [2]})
    assert text_table(table).splitlines()[:2] == ["     " + "a" * 110, "nll  " + " " * 109 + "1"]
