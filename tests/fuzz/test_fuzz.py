"""Files of strangers are read or refused, in one line; `python -m tests.fuzz` looks for those that are not."""

import importlib.util
import random
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.fuzz.fuzzer import CASES, Fuzzer, Target
from tests.fuzz.targets import TARGETS
from tests.samples import contents

KEPT = [folder.relative_to(CASES).as_posix() for folder in sorted(CASES.glob("*/*"))]
# The fault lies behind four conditions: by chance alone, one case of billions meets them.
HIDDEN = """
def read(folder):
    content = (folder / "file").read_bytes()
    if content[0:1] == b"F":
        if content[1:2] == b"U":
            if content[2:3] == b"Z":
                if content[3:4] == b"Z":
                    raise KeyError("found")
"""


@pytest.fixture(scope="module")
def fuzzer_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Fuzzer]:
    return cache(lambda name: Fuzzer(TARGETS[name], tmp_path_factory.mktemp(name)))


@pytest.mark.parametrize("name", TARGETS)
def test_the_good_files_of_a_target_are_read(name: str, tmp_path: Path) -> None:
    TARGETS[name].write(tmp_path)
    TARGETS[name].read(tmp_path)


@pytest.mark.parametrize("case", KEPT)
def test_a_case_that_was_found_is_a_fault_no_more(case: str, fuzzer_of: Callable[[str], Fuzzer]) -> None:
    fault = fuzzer_of(case.partition("/")[0]).run(contents(CASES / case))
    assert fault is None, fault.report


@pytest.mark.slow
def test_coverage_leads_to_a_fault_that_chance_would_not_find(tmp_path: Path) -> None:
    code = tmp_path / "code/hidden.py"
    code.parent.mkdir()
    code.write_text(HIDDEN, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("hidden", code)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "files").mkdir()
    target = Target(lambda folder: (folder / "file").write_bytes(b"....."), module.read)
    fuzzer = Fuzzer(target, tmp_path / "files", str(code.parent))
    case, fault = next(fuzzer.search([], 200, random.Random(1)))
    assert case["file"].startswith(b"FUZZ")
    assert fault.place == "KeyError at hidden.py:8"
    assert contents(tmp_path / "files") == {"file": b"....."}


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_ten_minutes_of_fuzzing_find_no_fault() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "600"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr[-2000:]
    assert done.stdout.count(" 0 faults\n") == len(TARGETS)
