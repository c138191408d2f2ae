"""README.md, docs/ and the other pages: their length, and what they link to, call and promise is there."""

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import click
import pytest

from tagger.cli.commands import main
from tagger.core.params.reader import flatten, read_document
from tests import promises
from tests.conftest import PARAMS, ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "data/README.md"])
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
BLOCK = re.compile(r"^```(?:console)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
KEYS = flatten(read_document(PARAMS)[0]).keys()


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    titles = re.findall(r"^#+ (.*)", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def commands(name: str) -> Iterator[list[str]]:
    """Yield the commands in the blocks of a page, and the makes in its text, as words."""
    for block in BLOCK.findall(text_of(name)):
        for line in block.replace("\\\n", " ").splitlines():
            for command in re.split(r"&&|\|", line.removeprefix("$ ")):
                try:
                    yield shlex.split(command, comments=True)
                except ValueError:  # no command, but text with an apostrophe
                    continue
    for text in re.findall(r"`(make [^`]+|lstm-tagger [^`]+)`", text_of(name)):
        yield text.split()


@pytest.mark.parametrize("name", [name for name in NAMES if name == "README.md" or name.startswith("docs/")])
def test_a_page_is_short(name: str) -> None:
    assert len(text_of(name).splitlines()) <= (150 if name == "README.md" else 200)


def test_the_readme_leads_to_every_page() -> None:
    linked = set(re.findall(r"\]\(([\w/.]+\.md)\)", text_of("README.md")))
    assert linked >= {name for name in NAMES if name != "README.md"}


@pytest.mark.parametrize("name", NAMES)
def test_what_a_page_links_to_is_there(name: str) -> None:
    page = ROOT / name
    pictures = [(file, "") for file in re.findall(r'src(?:set)?="([^"]*)"', text_of(name))]
    for file, anchor in re.findall(r"\]\((?!\w+:)([^)#]*)#?([^)]*)\)", text_of(name)) + pictures:
        target = page.parent / file if file else page
        assert target.exists(), file
        assert not anchor or anchor in anchors(target), f"{file}#{anchor}"


@pytest.mark.parametrize("name", NAMES)
def test_what_a_command_names_is_there(name: str) -> None:
    for words in commands(name):
        if words[:1] == ["make"]:
            assert {word for word in words[1:] if re.fullmatch("[a-z-]+", word)} <= TARGETS, words
        if words[:1] == ["lstm-tagger"] and len(words) > 1 and not words[1].startswith("-"):
            command = main.get_command(click.Context(main), words[1])
            assert command, words
            known = {option for param in command.params for option in param.opts} | {"--help", "-h"}
            assert {word for word in words[2:] if re.match("--[a-z]", word)} <= known, words
        if words[:3] == ["dvc", "exp", "run"]:
            set_to = [setting for flag, setting in pairwise(words) if flag == "-S"]
            assert {setting.partition("=")[0] for setting in set_to} <= KEYS, words


def test_commands_are_found() -> None:
    found = [words[0] for name in NAMES for words in commands(name) if words]
    assert min(found.count(program) for program in ("make", "lstm-tagger", "dvc")) > 10


PROMISED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text_of("docs/promises.md"))


@pytest.mark.parametrize(("file", "test"), PROMISED)
def test_a_promise_has_its_test(file: str, test: str) -> None:
    assert f"\ndef {test}(" in text_of(file)


def test_every_promise_names_a_test() -> None:
    rows = [
        line for line in text_of("docs/promises.md").splitlines() if line.startswith("| ") and "| test |" not in line
    ]
    assert len(rows) >= 30
    assert [row for row in rows if "::test_" not in row] == []


def test_the_last_column_of_the_promises_says_what_the_tests_came_to(tmp_path: Path) -> None:
    cases = [("one[a]", ""), ("one[b]", "<skipped/>"), ("two", "<failure/>"), ("three", "")]
    rows = "".join(
        f'<testcase classname="tests.a.test_b" name="test_{name}">{outcome}</testcase>' for name, outcome in cases
    )
    suite = f'<testsuite timestamp="2026-11-30T12:00:00">{rows}</testsuite>'
    (tmp_path / "tests.xml").write_text(f"<testsuites>{suite}</testsuites>", encoding="utf-8")
    tests = [f"`tests/a/test_b.py::test_{name}`" for name in ("one", "two", "three", "four")]
    table = ["| promise | test |", "|---|---|", f"| A | {tests[0]}, {tests[1]} |", f"| B | {tests[2]} |"]
    text = "\n".join(["# Title", "", *table, f"| C | {tests[2]}, {tests[3]} |"])
    seen = promises.outcomes([tmp_path / "tests.xml"])
    assert promises.page(text, seen).splitlines() == [
        "# Title",
        "",
        "| promise | test | seen last |",
        "|---|---|---|",
        f"| A | {tests[0]}, {tests[1]} | 2026-11-30: 1 failed, 1 passed, 1 skipped |",
        f"| B | {tests[2]} | 2026-11-30: 1 passed |",
        f"| C | {tests[2]}, {tests[3]} | - |",
    ]
    assert promises.page(promises.page(text, seen), {}) == promises.page(text, seen)
