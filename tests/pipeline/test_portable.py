"""The same bytes on other processors: QEMU emulates them for the pieces of arithmetic, and for a run of all stages."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Project, make_project

# Intel's of 2013 and 2015, and AMD's of 2017. QEMU emulates no AVX-512, which portable arithmetic leaves alone.
PROCESSORS = ("Haswell", "Skylake-Client", "EPYC")
OUTPUTS = ("data/prepared", "data/predictions", "models", "metrics")
# One process: those that it started would run on the real processor.
ALL_STAGES = """
from tagger.core.common import arithmetic
arithmetic.use("portable")
from stages import evaluate, export, prepare, report, train
prepare.main()
for loss in ("nll", "cross_entropy"):
    train.main(loss, "1")
    evaluate.main(loss, "1")
report.main()
export.main()
"""


def qemu_is_missing() -> bool:
    """Say whether there is no QEMU 8 or later: older ones lack FMA, without which libraries choose other kernels."""
    if not shutil.which("qemu-x86_64"):
        return True
    printed = subprocess.run(["qemu-x86_64", "--version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"version (\d+)", printed)
    return version is None or int(version[1]) < 8


pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(
        qemu_is_missing(), reason="needs QEMU 8 or later: the package qemu-user, on Debian 12 from bookworm-backports"
    ),
]


def run_python(folder: Path, *arguments: str, processor: str = "") -> str:
    """Run Python on an emulated processor, or on the real one; return what it prints."""
    emulator = ["qemu-x86_64", "-cpu", processor] if processor else []
    environment = os.environ | {"TAGGER_TRACKING": "off", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [*emulator, sys.executable, "-W", "ignore", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, bytes]]:
    """A project before any stage, and the outputs of its stages on the real processor."""
    folder = tmp_path_factory.mktemp("portable")
    project = make_project(folder / "project")
    project.edit("params.yaml", "epochs: 3", "epochs: 12")
    project.edit("params.yaml", "int8: false", "int8: true")
    done = project.copy_to(folder / "real")
    run_python(done.root, "-c", ALL_STAGES)
    return project, done.contents(*OUTPUTS)


@pytest.mark.parametrize("processor", PROCESSORS)
def test_all_stages_write_the_same_bytes(
    processor: str, real: tuple[Project, dict[str, bytes]], tmp_path: Path
) -> None:
    project, expected = real
    emulated = project.copy_to(tmp_path / "emulated")
    run_python(emulated.root, "-c", ALL_STAGES, processor=processor)
    found = emulated.contents(*OUTPUTS)
    assert sorted(found) == sorted(expected)
    assert "models/export/tagger.onnx" in found
    assert [name for name in expected if found[name] != expected[name]] == []


@pytest.mark.parametrize("processor", PROCESSORS)
def test_every_piece_has_its_recorded_result(processor: str) -> None:
    found = run_python(ROOT, "-m", "tests.core.common.arithmetic_pieces", processor=processor)
    assert found == (ROOT / "tests/core/common/arithmetic_pieces.txt").read_text(encoding="utf-8")
