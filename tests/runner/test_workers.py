"""Processes that train together, as the stage starts them and as torchrun does."""

import hashlib
import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import psutil
import pytest
import torch

from tagger.core.common.errors import InputError
from tagger.runner.workers import WORTH_STARTING, choose_processes
from tagger.train.trainer import Epoch, Trainer
from tests.conftest import ROOT, Project
from tests.processes import stages_of
from tests.samples import CPU, RANDOM, run, trainer_of

SETTINGS = {"epochs": 2, "min_batches": 5, "shards": 4}
# Trains in the given number of processes, which start from the state after one epoch; the first prints the result.
TRAIN = """
import itertools, json, sys
from tagger.train.process_group import joined
from tagger.core.common.processes import rank
from tagger.runner.run_stage import end_with_the_stage
from tagger.runner.workers import workers
from tests.samples import CPU, RANDOM, trainer_of
from tests.runner.test_workers import SETTINGS, digest
def train(group):
    trainer = trainer_of(RANDOM, {}, SETTINGS)
    if group.rank == 0:
        list(itertools.islice(trainer.epochs(), 1))
        group.share(trainer.state_dict())
    else:
        trainer.load_state_dict(group.share(None))
    return digest(trainer, trainer.epochs(group))
if rank():
    end_with_the_stage()
    with joined(CPU) as group:
        train(group)
else:
    with workers(int(sys.argv[1]), sys.argv), joined(CPU) as group:
        print(json.dumps([group.size, *train(group)]))
"""

# Runs a stage that waits for its other process for seconds instead of minutes.
IMPATIENT = """
import runpy, sys
from datetime import timedelta
from tagger.train import process_group
process_group.ANSWER = timedelta(seconds=40)
sys.argv[0] = "stages"
runpy.run_module("stages", run_name="__main__")
"""
OUTPUTS = ("data/prepared", "data/predictions", "models", "metrics")


def until_silent(stream: IO[str]) -> None:
    """Read until nothing comes for two seconds."""
    while select.select([stream], [], [], 2)[0]:
        os.read(stream.fileno(), 1 << 16)


def digest(trainer: Trainer, epochs: Iterable[Epoch]) -> list[object]:
    """Train; return a hash of the weights, and of all epochs what does not change from run to run."""
    list(epochs)
    weights = b"".join(value.numpy().tobytes() for value in trainer.model.state_dict().values())
    return [hashlib.sha256(weights).hexdigest(), [epoch[:5] for epoch in trainer.history]]


def start_training(project: Project, *command: str) -> "subprocess.Popen[str]":
    project.edit("params.yaml", "epochs: 3", "epochs: 100000")
    dvc = project.start("env", "TAGGER_PROCESSES=2", *command)
    assert dvc.stdout is not None
    assert any("nll-1 epoch 2/100000" in line for line in dvc.stdout)
    return dvc


# Two are also those of torchrun below, and of the killed training in test_recovery.py.
@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 4])
def test_every_number_of_processes_gives_the_same_bits(processes: int, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(TRAIN, encoding="utf-8")
    trainer = trainer_of(RANDOM, {}, SETTINGS)
    expected = digest(trainer, trainer.epochs())
    printed = subprocess.run(
        [sys.executable, "train.py", str(processes)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert json.loads(printed) == [processes, *json.loads(json.dumps(expected))]


def test_shards_change_no_more_than_rounding_does() -> None:
    settings = {"word_dropout": 0, "min_batches": 5}
    whole, cut = (trainer_of(RANDOM, {"dropout": 0}, settings | {"shards": shards}) for shards in (1, 8))
    for first, second in zip(run(whole), run(cut), strict=True):
        assert first.train_loss == pytest.approx(second.train_loss, rel=1e-4)
        assert first.dev_loss == pytest.approx(second.dev_loss, rel=1e-4)


@pytest.mark.slow
def test_the_stage_gives_the_same_bytes_under_torchrun(tracked: Project) -> None:
    before = tracked.contents("models/nll/1", "metrics/history", "metrics/train")
    torchrun = ("python", "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    printed = tracked.run(*torchrun, "-m", "stages", "train", "nll", "1")
    assert tracked.contents("models/nll/1", "metrics/history", "metrics/train") == before
    assert printed.count("nll-1 epoch 3/3") == 1


# What a signal does that the stage catches is also seen in test_failures.py, and SIGKILL in the test below.
@pytest.mark.slow
def test_the_other_process_ends_with_the_stage(tracked: Project) -> None:
    with start_training(tracked, "python", "-m", "stages", "train", "nll", "1") as stage:
        (other,) = stages_of(stage)
        stage.terminate()
        stage.communicate()
    assert psutil.wait_procs([other], timeout=20)[1] == []


def test_a_stage_and_its_other_process_end_with_each_other_and_go_on_the_next_time(tracked: Project) -> None:
    with start_training(tracked, "python", "-m", "stages", "train", "nll", "1") as stage:
        (other,) = stages_of(stage)
        other.kill()
        printed = stage.communicate()[0]
    assert stage.returncode != 0
    assert "error: process 1 of this training has ended, or not answered for 600 seconds: " in printed
    assert "Traceback" not in printed
    with tracked.start("env", "TAGGER_PROCESSES=2", "python", "-m", "stages", "train", "nll", "1") as again:
        assert again.stdout is not None
        assert any(re.search(r"resumed after epoch \d+ of 100000", line) for line in again.stdout)
        (other,) = stages_of(again)
        again.kill()
    assert psutil.wait_procs([other], timeout=20)[1] == []


def test_a_process_that_hangs_does_not_keep_the_stage_from_ending(tracked: Project) -> None:
    before = tracked.contents(*OUTPUTS)
    command = ("env", "DVC_STAGE=train@nll-1", "python", "-m", "stages", "train", "nll", "1")
    with start_training(tracked, *command) as stage:
        (tracked.root / "metrics/history/nll/1.csv").unlink()  # as DVC does
        (other,) = stages_of(stage)
        other.suspend()
        assert stage.stdout is not None
        until_silent(stage.stdout)
        stage.terminate()
        stage.communicate()
    assert stage.returncode == 128 + signal.SIGTERM
    assert psutil.wait_procs([other], timeout=20)[1] == []
    assert tracked.contents(*OUTPUTS) == before


@pytest.mark.slow
def test_a_process_that_hangs_is_named(tracked: Project) -> None:
    with start_training(tracked, "python", "-c", IMPATIENT, "train", "nll", "1") as stage:
        (other,) = stages_of(stage)
        other.suspend()
        printed = stage.communicate()[0]
    assert stage.returncode == 1
    said = "error: process 1 of this training has ended, or not answered for 40 seconds: "
    assert printed.splitlines()[-1].startswith(said)
    assert "Timed out" in printed.splitlines()[-1]
    assert psutil.wait_procs([other], timeout=20)[1] == []


# How many


@pytest.mark.parametrize(
    ("cores", "shards", "tokens", "processes"),
    [
        (2, 2, WORTH_STARTING, 2),
        (2, 2, WORTH_STARTING - 1, 1),
        (1, 2, WORTH_STARTING, 1),
        (64, 2, WORTH_STARTING, 2),
        (64, 1, WORTH_STARTING, 1),
        (3, 8, WORTH_STARTING, 2),
        (7, 8, WORTH_STARTING, 4),
    ],
)
def test_a_long_training_has_a_process_a_core(
    cores: int, shards: int, tokens: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TAGGER_PROCESSES", raising=False)
    monkeypatch.setattr("tagger.runner.workers.cpu_count", lambda: cores)
    assert choose_processes(shards, tokens, CPU) == processes


@pytest.mark.parametrize(("chosen", "processes"), [("1", 1), ("2", 2), ("3", 2), ("4", 4), ("9", 4)])
def test_the_number_of_processes_can_be_chosen(chosen: str, processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAGGER_PROCESSES", chosen)
    assert choose_processes(4, 1, CPU) == processes


@pytest.mark.parametrize("chosen", ["", "0", "-1", "two", "1.5"])
def test_no_number_of_processes_is_a_clear_error(chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAGGER_PROCESSES", chosen)
    with pytest.raises(InputError) as caught:
        choose_processes(4, 1, CPU)
    assert str(caught.value) == f"TAGGER_PROCESSES: got {chosen!r}, expected a whole number of at least 1"


def test_the_processes_of_torchrun_have_to_divide_the_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert choose_processes(4, 1, CPU) == 2
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(InputError) as caught:
        choose_processes(4, 1, CPU)
    assert str(caught.value) == ("WORLD_SIZE: got 3 processes, expected a divisor of the shards (train.shards), here 4")


def test_a_gpu_is_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAGGER_PROCESSES", raising=False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert choose_processes(8, WORTH_STARTING, torch.device("cuda")) == 4
