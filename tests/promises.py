"""What was last seen of each promise: `make promises` writes it into docs/promises.md from the runs of the tests."""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from tests.imports import ROOT

PAGE = ROOT / "docs/promises.md"
TEST = re.compile(r"`(tests/[\w/]+\.py::test_\w+)`")
HEAD = "| promise | test | seen last |"
NOT_SEEN = "-"


def outcomes(reports: Iterable[Path]) -> dict[str, list[str]]:
    """Return what each case of each test came to: `date: passed`, with the tests named as on the page."""
    found: dict[str, list[str]] = {}
    for report in reports:
        for suite in ElementTree.parse(report).iter("testsuite"):  # noqa: S314  # pytest has written it here
            for case in suite.iter("testcase"):
                came_to = {"failure": "failed", "error": "failed", "skipped": "skipped"}
                outcome = next((came_to[child.tag] for child in case if child.tag in came_to), "passed")
                name = f"{case.attrib['classname'].replace('.', '/')}.py::{case.attrib['name'].partition('[')[0]}"
                found.setdefault(name, []).append(f"{suite.attrib['timestamp'][:10]}: {outcome}")
    return found


def page(text: str, seen: dict[str, list[str]]) -> str:
    """Return the page with its last column made anew; a row whose tests were not all run keeps what it has."""
    lines = []
    for line in text.splitlines():
        cells = line.strip("|").split(" | ")
        tests = TEST.findall(line)
        if line.startswith("| promise | test |"):
            lines += [HEAD]
        elif line == "|---|---|":
            lines += ["|---|---|---|"]
        elif tests:
            before = cells[2].strip() if len(cells) > 2 else NOT_SEEN
            last = _summary([case for test in tests for case in seen[test]]) if seen.keys() >= {*tests} else before
            lines += [f"| {cells[0].strip()} | {cells[1].strip()} | {last} |"]
        else:
            lines += [line]
    return "\n".join(lines) + "\n"


def _summary(cases: list[str]) -> str:
    """Sum cases up: `2026-11-30: 3 passed, 1 skipped`."""
    date = min(case.partition(": ")[0] for case in cases)
    words = [case.partition(": ")[2] for case in cases]
    return f"{date}: " + ", ".join(f"{words.count(word)} {word}" for word in sorted(set(words)))


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), outcomes(map(Path, sys.argv[1:]))), encoding="utf-8")
