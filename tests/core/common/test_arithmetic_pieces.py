"""All kinds of computation that decide the bytes of outputs give the recorded results, whatever processor this is."""

import subprocess
import sys
from itertools import zip_longest
from pathlib import Path

import pytest

from tagger.core.common import arithmetic
from tests.conftest import ROOT

RECORDED = Path(__file__).with_name("arithmetic_pieces.txt")
PIECES = "tests.core.common.arithmetic_pieces"


@pytest.mark.skipif(bool(arithmetic.limits()), reason=f"portable arithmetic is not for {arithmetic.limits()}")
def test_every_piece_has_its_recorded_result() -> None:
    command = [sys.executable, "-W", "error", "-m", PIECES]
    found = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    expected = RECORDED.read_text(encoding="utf-8").splitlines()
    pairs = [(one, other) for one, other in zip_longest(found, expected) if one != other]
    assert not pairs, (
        f"{len(pairs)} of {len(expected)} pieces differ, the first is {pairs[0][0]!r}, expected {pairs[0][1]!r}. After "
        f"a change of these computations, or new versions of torch, NumPy or SciPy: python -m {PIECES} > {RECORDED}"
    )
