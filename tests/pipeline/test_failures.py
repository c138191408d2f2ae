"""A user's mistake is reported in one line, and earlier outputs stay."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest

from tagger.core.common.errors import InputError
from tests.conftest import ROOT, Project
from tests.processes import stages_of
from tests.stores import store_of

OUTPUTS = ("data/prepared", "data/predictions", "models", "metrics")
WAIT = """
import time
from tagger.runner.run_stage import run_stage
def main():
    print("here", flush=True)
    time.sleep(60)
run_stage(lambda: main)
"""
# Tests that are run under nohup hand that on.
HEED_HANGUP = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
"""
# Gets signals while it loads, where a handler's exception is raised or, as in imports, where Python drops it.
LOADING = """
import os, signal, sys
from tagger.runner.run_stage import run_stage
where, signals = sys.argv[1], int(sys.argv[2])
class Interrupted:
    def __del__(self):
        self.interrupt()
    def interrupt(self):
        for _ in range(signals):
            os.kill(os.getpid(), signal.SIGTERM)
def load():
    if where == "dropped":
        Interrupted()
    else:
        Interrupted.interrupt(None)
    print("loaded", flush=True)
    return lambda: print("run", flush=True)
run_stage(load)
"""


def break_csv(project: Project) -> str:
    with (project.root / "data/raw/train.csv").open("a", encoding="utf-8") as file:
        file.write("one two,DET\n")
    return "error: data/raw/train.csv:82: 2 words but 1 tags"


def remove_test_words(project: Project) -> str:
    (project.root / "data/raw/test.csv").write_text("text,tag\n", encoding="utf-8")
    return "error: data/raw/test.csv: has no sentences"


def name_a_missing_file(project: Project) -> str:
    project.edit("params.yaml", "dev: data/raw/dev.csv", "dev: data/raw/dve.csv")
    return "No such file or directory: '"


def name_vectors_of_another_width(project: Project) -> str:
    (project.root / "other.vec").write_text("1 300\nthe 1 2\n", encoding="utf-8")
    project.edit("params.yaml", "data/vectors/none.vec", "other.vec")
    return "error: other.vec:1: vectors of 300 numbers, but model.word_dim is 8; the two must agree"


def misspell_a_key(project: Project) -> str:
    line = project.edit("params.yaml", "  clip_norm: 1", "  clip_nrom: 1")
    return f"error: params.yaml:{line}: unknown key 'train.clip_nrom'; did you mean 'clip_norm'?"


def name_an_unknown_loss(project: Project) -> str:
    line = project.edit("params.yaml", "- nll", "- nnl")
    expected = "one of nll, cross_entropy, softmax_nll, mse, hinge"
    return f"error: params.yaml:{line}: losses.0: got 'nnl', expected {expected}"


def export_what_is_not_trained(project: Project) -> str:
    project.edit("params.yaml", "loss: best", "loss: mse")
    return "export.loss: 'mse' is not trained; expected 'best' or one of the losses nll, cross_entropy"


@pytest.mark.parametrize(
    "mistake",
    [
        break_csv,
        name_a_missing_file,
        misspell_a_key,
        # These are found without DVC below.
        pytest.param(remove_test_words, marks=pytest.mark.slow),
        pytest.param(name_vectors_of_another_width, marks=pytest.mark.slow),
        pytest.param(name_an_unknown_loss, marks=pytest.mark.slow),
        pytest.param(export_what_is_not_trained, marks=pytest.mark.slow),
    ],
)
def test_a_mistake_is_one_line_and_costs_nothing(copy: Project, mistake: Callable[[Project], str]) -> None:
    before = copy.contents(*OUTPUTS)
    message = mistake(copy)
    printed = copy.run("dvc", "repro", succeeds=False)
    assert message in printed
    assert "Traceback" not in printed
    assert copy.contents(*OUTPUTS) == before


@pytest.mark.parametrize(
    ("mistake", "stage"),
    [
        (remove_test_words, ["prepare"]),
        (name_vectors_of_another_width, ["prepare"]),
        (export_what_is_not_trained, ["export"]),
    ],
)
def test_a_stage_that_finds_a_mistake_leaves_all_as_it_is(
    tracked: Project, mistake: Callable[[Project], str], stage: list[str]
) -> None:
    before = tracked.contents(*OUTPUTS)
    message = mistake(tracked)
    with pytest.raises(InputError) as caught:
        tracked.run_here(*stage)
    assert message.removeprefix("error: ") in str(caught.value)
    assert "\n" not in str(caught.value)
    assert tracked.contents(*OUTPUTS) == before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("device: auto", "device: cuda", "device: got 'cuda', but torch finds no CUDA device here"),
        ("  dropout: 0.4", "  dropout: 1.5", "params.yaml:{line}: model.dropout: got 1.5, expected a number at"),
    ],
)
def test_a_stage_says_a_mistake_before_it_touches_its_outputs(copy: Project, old: str, new: str, said: str) -> None:
    before = copy.contents(*OUTPUTS)
    line = copy.edit("params.yaml", old, new)
    with pytest.raises(InputError) as caught:
        copy.run_here("train", "nll", "1")
    assert str(caught.value).startswith(said.format(line=line))
    assert "\n" not in str(caught.value)
    assert copy.contents(*OUTPUTS) == before


def test_metrics_come_back_from_git_where_the_cache_is_empty(copy: Project) -> None:
    fresh = Project(copy.root.parent / "clone")
    copy.run("git", "clone", "--quiet", ".", str(fresh.root))
    before = fresh.contents("metrics")
    break_csv(fresh)
    fresh.run("dvc", "repro", succeeds=False)
    assert before
    assert fresh.contents("metrics") == before


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_dvc_has_removed_is_put_back_when_a_stage_is_stopped(copy: Project, signal_number: int) -> None:
    before = copy.contents(*OUTPUTS)
    shutil.rmtree(copy.root / "models/nll/1")
    (copy.root / "metrics/history/nll/1.csv").unlink()
    (copy.root / "metrics/train/nll/1.json").unlink()
    with copy.start("python", "-c", HEED_HANGUP, "env", "DVC_STAGE=train@nll-1", "python", "-c", WAIT) as stage:
        assert stage.stdout is not None
        assert stage.stdout.readline() == "here\n"
        stage.send_signal(signal_number)
        assert stage.communicate()[0] == ""
    assert stage.returncode == 128 + signal_number
    assert copy.contents(*OUTPUTS) == before


def test_a_stage_under_nohup_outlives_its_terminal(copy: Project) -> None:
    with copy.start("nohup", "python", "-c", WAIT) as stage:
        assert stage.stdout is not None
        assert any(line == "here\n" for line in stage.stdout)  # nohup may say something before
        stage.send_signal(signal.SIGHUP)
        stage.send_signal(signal.SIGTERM)
        stage.communicate()
    assert stage.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("where", "signals", "loaded"),
    [("raised", 1, True), ("raised", 2, False), ("dropped", 1, True), ("dropped", 2, True)],
)
def test_a_signal_waits_for_a_loading_stage_and_a_second_one_does_not(
    copy: Project, where: str, signals: int, loaded: bool
) -> None:
    stage = copy.start("python", "-c", LOADING, where, str(signals))
    printed = stage.communicate(timeout=30)[0].splitlines()
    assert ("loaded" in printed) == loaded
    assert "run" not in printed
    assert stage.returncode == 128 + signal.SIGTERM


# MLflow's own code uses what its libraries deprecate.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize(
    "signal_number",
    [
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        signal.SIGINT,
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_a_stage_that_is_stopped_puts_its_outputs_back_and_ends_its_run(tracked: Project, signal_number: int) -> None:
    before = tracked.contents(*OUTPUTS)
    tracked.edit("params.yaml", "epochs: 3", "epochs: 100000")
    command = ("env", "TAGGER_PROCESSES=2", "dvc", "repro", "train@nll-1")
    with tracked.start("python", "-c", HEED_HANGUP, *command) as process:
        assert process.stdout is not None
        assert any("nll-1 epoch 2/100000" in line for line in process.stdout)
        stages = stages_of(process)
        assert len(stages) == 2
        os.killpg(process.pid, signal_number)
        process.communicate()
    assert process.returncode != 0
    assert tracked.contents(*OUTPUTS) == before
    assert psutil.wait_procs(stages, timeout=20)[1] == []
    assert [run.info.status for run in store_of(tracked).runs()] == ["KILLED"]


def test_a_stage_that_is_interrupted_before_it_begins_puts_its_outputs_back(copy: Project) -> None:
    before = copy.contents(*OUTPUTS)
    copy.edit("params.yaml", "epochs: 3", "epochs: 100000")
    with copy.start("dvc", "repro", "train@nll-1") as process:
        assert process.stdout is not None
        assert any("> python -m stages train 'nll'" in line for line in process.stdout)
        time.sleep(0.4)  # torch takes seconds to import
        os.killpg(process.pid, signal.SIGINT)
        printed = process.communicate()[0]
    assert process.returncode != 0
    assert "Traceback" not in printed
    assert copy.contents(*OUTPUTS) == before


def test_a_stage_needs_no_open_stream(copy: Project) -> None:
    before = copy.contents(*OUTPUTS)
    shutil.rmtree(copy.root / "models/nll/1")
    command = "TAGGER_TRACKING=off exec python -m stages train nll 1 <&- >&- 2>&-"
    assert copy.run("sh", "-c", command) == ""
    assert copy.contents(*OUTPUTS) == before


def test_a_stage_prints_in_any_locale(copy: Project) -> None:
    (copy.root / "data/raw/dev.csv").rename(copy.root / "data/raw/開発.csv")
    copy.edit("params.yaml", "dev: data/raw/dev.csv", "dev: data/raw/開発.csv")
    printed = copy.run("env", "PYTHONIOENCODING=ascii", "python", "-m", "stages", "prepare")
    assert "dev: data/raw/\\u958b\\u767a.csv (CSV): 20 sentences" in printed


@pytest.mark.parametrize("stage", ["prepare", "evaluate nll 1"])
def test_a_stage_needs_no_folder_for_temporary_files(copy: Project, stage: str) -> None:
    before = copy.contents(*OUTPUTS)
    copy.run("env", "TMPDIR=/nowhere", "TAGGER_TRACKING=off", "python", "-m", "stages", *stage.split())
    assert copy.contents(*OUTPUTS) == before


def test_an_unknown_stage_is_one_line(copy: Project) -> None:
    printed = copy.run("python", "-m", "stages", "train", succeeds=False)
    assert printed == (
        "error: python -m stages: got 'train', expected one of prepare, train LOSS SEED, "
        "evaluate LOSS SEED, report, export\n"
    )


def test_a_damaged_model_is_named(copy: Project) -> None:
    weights = copy.root / "models/export/tagger.onnx"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.unlink()
    weights.write_bytes(content)
    printed = copy.run("python", "-m", "tagger", "predict", "The dog", succeeds=False)
    assert printed.startswith("error: models/export/tagger.onnx: damaged: its SHA-256 is ")
    assert len(printed.splitlines()) == 1


@pytest.mark.parametrize("taking", ["bytearray(10**16)", "torch.empty(10**16)"])
def test_memory_that_is_too_small_is_one_line_that_says_what_to_lower(taking: str) -> None:
    script = f"import torch; from tagger.runner.run_stage import run_stage; run_stage(lambda: lambda: {taking})"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    line = "error: not enough memory; lower train.batch_tokens, model.hidden, model.layers or the corpus\n"
    assert (done.returncode, done.stderr) == (1, line)
