"""What the end of `make repro` says: the recorded bytes, or others and why."""

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from tagger.runner import recorded_run, stage_files
from tagger.runner.machine import processor_name
from tagger.runner.recorded_run import RECORDED, compare_with_recorded
from tests.conftest import PARAMS

Edit = tuple[str, str, str]  # a part of a stage, a name there, another value
SAME = "Same bytes as the recorded run."
EXPECTED = "The bytes differ from the recorded run, as expected: "


def stage(params: dict[str, Any], deps: list[str], outs: list[str]) -> dict[str, Any]:
    return {
        "cmd": "...",
        "params": {"params.yaml": params},
        "deps": [{"path": path, "md5": "0"} for path in deps],
        "outs": [{"path": path, "md5": "0"} for path in outs],
    }


def run() -> dict[str, Any]:
    """What DVC records of three stages."""
    made = [f"models/{loss}/1" for loss in ("nll", "mse")]
    return {
        "prepare": stage({"data": {"train": "a.csv"}}, ["a.csv", "tagger/core"], ["data/prepared/train"]),
        "train@nll-1": stage({"train": {"epochs": 12}}, ["data/prepared/train", "tagger/core"], made),
        "report": stage({"losses": ["nll", "mse"]}, ["data/prepared/train", "models"], ["metrics/losses.json"]),
    }


def write(folder: Path, stages: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}), encoding="utf-8")


@pytest.fixture(autouse=True)
def _workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder with a recorded run, on a machine that portable arithmetic and the locked versions hold for."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_bytes(PARAMS.read_bytes())
    write(RECORDED, run())
    monkeypatch.setattr("tagger.core.common.arithmetic.limits", lambda _device: "")
    monkeypatch.setattr(recorded_run, "other_versions", lambda _stage: [])


def change(stages: dict[str, Any], name: str, part: str, path: str) -> None:
    (entry,) = [entry for entry in stages[name][part] if entry["path"] == path]
    entry["md5"] = "1"


def said(stages: dict[str, Any]) -> str:
    write(Path(), stages)
    return compare_with_recorded()


def other_weights() -> dict[str, Any]:
    """A run whose training has come to other bytes, and what follows from it."""
    stages = run()
    change(stages, "train@nll-1", "outs", "models/mse/1")
    change(stages, "report", "deps", "models")
    change(stages, "report", "outs", "metrics/losses.json")
    return stages


def test_the_outputs_of_the_recorded_run_are_the_same_bytes() -> None:
    assert said(run()) == SAME


def test_the_same_outputs_by_other_code_and_beside_those_of_other_losses_are_the_same_bytes() -> None:
    stages = run() | {"train@hinge-1": stage({}, [], ["models/hinge/1"])}
    change(stages, "train@nll-1", "deps", "tagger/core")
    assert said(stages) == SAME


@pytest.mark.parametrize(
    ("name", "params", "reason"),
    [
        ("train@nll-1", {"train": {"epochs": 3}}, "train.epochs: 12 -> 3"),
        ("report", {"losses": ["nll"]}, "losses: ['nll', 'mse'] -> ['nll']"),
        ("prepare", {"data": {"train": "b.csv"}}, "data.train: a.csv -> b.csv"),
    ],
)
def test_a_param_that_differs_is_the_reason(name: str, params: dict[str, Any], reason: str) -> None:
    stages = other_weights()
    change(stages, "prepare", "deps", "tagger/core")
    stages[name]["params"]["params.yaml"] |= params
    assert said(stages) == f"{EXPECTED}{reason}."


@pytest.mark.parametrize("path", ["a.csv", "tagger/core"])
def test_data_or_code_that_differ_are_the_reason_but_not_what_stages_made(path: str) -> None:
    stages = other_weights()
    change(stages, "prepare", "deps", path)
    change(stages, "train@nll-1", "deps", "data/prepared/train")
    assert said(stages) == f"{EXPECTED}{path} has changed."


def test_a_stage_that_has_not_run_is_the_reason() -> None:
    stages = run()
    del stages["report"]
    assert said(stages) == f"{EXPECTED}report has not run."


def test_another_version_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded_run, "other_versions", stage_files.other_versions)
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0.1" if name == "numpy" else "2.13.0+cpu")
    expected = next(line for line in stage_files.installed_versions("train").items() if line[0] == "numpy")[1][0]
    assert said(other_weights()) == f"{EXPECTED}numpy 0.1 is installed, expected {expected}."


@pytest.mark.parametrize("limit", ["a processor without AVX2", "a device of type cuda"])
def test_what_portable_arithmetic_does_not_hold_for_is_the_reason(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagger.core.common.arithmetic.limits", lambda _device: limit)
    assert said(other_weights()) == f"{EXPECTED}it ran on {limit}."


def test_the_device_is_that_of_the_params(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagger.core.network.device.choose_device", {"auto": torch.device("meta")}.__getitem__)
    monkeypatch.setattr("tagger.core.common.arithmetic.limits", lambda device_type: f"a {device_type} device")
    assert said(other_weights()) == f"{EXPECTED}it ran on a meta device."


def test_bytes_that_nothing_explains_are_named_where_they_began() -> None:
    assert said(other_weights()) == (
        "The bytes differ from the recorded run for no known reason; please report this: "
        f"models/mse/1 of train@nll-1, on {processor_name()}."
    )


def test_without_a_recorded_run_nothing_is_compared() -> None:
    (RECORDED / "dvc.lock").unlink()
    assert said(run()) == "There is no recorded run to compare with: recorded/starter/dvc.lock is missing."
