"""Portable arithmetic: chosen before the libraries are imported, insisted on, and said where it can't hold."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tagger.core.common import arithmetic
from tagger.core.common.errors import InputError
from tests.conftest import ROOT, Project

ASK = """
import json, os
from tagger.core.common import arithmetic
arithmetic.use({choice!r})
import numpy, torch
from numpy._core._multiarray_umath import __cpu_dispatch__ as of_kernels, __cpu_features__ as found
print(json.dumps([torch.backends.cpu.get_cpu_capability(), [name for name in of_kernels if found[name]]]))
"""


def test_the_libraries_use_no_more_than_avx2() -> None:
    own = {name: value for name, value in os.environ.items() if name not in arithmetic.PORTABLE}
    command = [sys.executable, "-W", "error", "-c", ASK.format(choice="portable")]
    printed = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=True).stdout
    # What NumPy's kernels are chosen by; X86_V3 has AVX2. Other features of the processor decide nothing.
    assert json.loads(printed) == ["AVX2", ["X86_V3"]]


def test_native_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in arithmetic.PORTABLE:
        monkeypatch.delenv(name)
    arithmetic.use("native")
    assert not set(arithmetic.PORTABLE) & set(os.environ)
    arithmetic.check("native")


def test_portable_arithmetic_needs_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    arithmetic.check("portable")
    monkeypatch.setenv("MKL_CBWR", "AVX2")
    with pytest.raises(InputError) as caught:
        arithmetic.check("portable")
    assert str(caught.value).startswith("arithmetic: 'portable' needs ATEN_CPU_CAPABILITY='avx2' ")


@pytest.mark.parametrize(
    ("machine", "flags", "device", "reason"),
    [
        ("x86_64", "fma avx2 bmi2", "cpu", ""),
        ("x86_64", "fma avx bmi2", "cpu", "a processor without AVX2"),
        ("aarch64", "fp asimd", "cpu", "a processor of type aarch64"),
        ("x86_64", "fma avx2 bmi2", "cuda", "a device of type cuda"),
    ],
)
def test_where_it_can_not_hold_a_line_says_so(
    machine: str,
    flags: str,
    device: str,
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "cpuinfo").write_text(f"flags\t: sse {flags} smep\n", encoding="utf-8")
    monkeypatch.setattr(arithmetic, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert arithmetic.limits(device) == reason
    arithmetic.check("portable", device)
    start = "warning: arithmetic: 'portable' needs an x86-64 processor with AVX2, not "
    assert capsys.readouterr().err == (f"{start}{reason}\n" if reason else "")
    arithmetic.check("native", device)
    assert not capsys.readouterr().err


def test_each_stage_that_computes_insists(copy: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for stage in (["train", "nll", "1"], ["evaluate", "nll", "1"], ["report"], ["export"]):
        with monkeypatch.context() as context:
            context.delenv("ATEN_CPU_CAPABILITY")
            with pytest.raises(InputError, match="arithmetic: 'portable' needs"):
                copy.run_here(*stage)
