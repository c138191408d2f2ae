"""The command that says what the stages cost."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.pipeline import Workspace
from bench.scaling import TUTORIAL
from bench.stages import import_seconds, measure
from tests.conftest import PARAMS


def test_the_time_of_imports_is_the_sum_of_what_each_module_takes_itself() -> None:
    listed = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import json"], capture_output=True, text=True, check=True
    ).stderr
    last = listed.splitlines()[-1].split("|")  # json is the last module, and has imported some of the others itself
    assert last[2].strip() == "json"
    assert int(last[1]) / 1_000_000 <= import_seconds(listed) < 10


def test_a_stage_runs_in_a_workspace_and_gives_its_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.pipeline.PARAMS", PARAMS)
    name, seconds, processor, imports = measure(Workspace(tmp_path / "workspace", TUTORIAL, {}, 1), "prepare")
    assert name == "prepare"
    assert float(seconds) > 0
    assert float(processor) > 0
    assert 0 < int(imports.removesuffix("%")) < 100
