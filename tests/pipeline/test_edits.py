"""What is edited while a stage runs is never recorded as what made its outputs."""

import contextlib
import random
import shutil
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from tagger.runner.dvc_lock import LockedStage, read_lock_file
from tests.conftest import Project
from tests.processes import stages_of

EDITS = 100
TOO_LATE = 0.1  # seconds: a process that ends so soon after an edit may have compared its files before
OUTPUTS = ("data/prepared", "data/predictions", "models", "metrics")


class Edit(NamedTuple):
    """An edit that changes an output of a stage."""

    stage: str
    file: str
    old: str
    new: str


ALL = [
    Edit("prepare", "params.yaml", "lowercase: true ", "lowercase: false "),
    Edit("prepare", "data/raw/train.csv", "text,tag\n", "text,tag\nMarmots whistle,NOUN VERB\n"),
    Edit("prepare", "tagger/prepare/survey.py", "len(split.form_texts)", "len(split.form_texts) + 1"),
    Edit("train@nll-1", "params.yaml", "learning_rate: 0.007", "learning_rate: 0.07"),
    Edit("train@nll-1", "tagger/train/optimization.py", "eps=1e-8", "eps=1e-3"),
    Edit("evaluate@nll-1", "tagger/core/common/rounding.py", "6) + 0.0", "3) + 0.0"),
    Edit("report", "params.yaml", "  seed: 1 ", "  seed: 2 "),
    Edit("report", "tagger/report/page/page.css", "Every colour is", "Each colour is"),
    Edit("export", "params.yaml", "data_licence: auto ", "data_licence: CC0 "),
    Edit("export", "metrics/prepare.json", '"sentences": 80', '"sentences": 99'),
]


def locked(project: Project, stage: str) -> LockedStage:
    """Return what DVC has recorded of a stage, whose outputs have to be those on the disk."""
    with contextlib.chdir(project.root):
        entry = read_lock_file()[stage]
        assert entry.wrote()
    return entry


def every_stage(project: Project) -> dict[str, LockedStage]:
    """Return all that DVC has recorded."""
    with contextlib.chdir(project.root):
        return read_lock_file()


def run_and_edit(project: Project, edit: Edit, after: float) -> tuple[bool, str]:
    """Run a stage, and edit a file so many seconds after its start; return whether it was at work, and its words."""
    with project.start("dvc", "repro", "-s", "-f", edit.stage) as dvc:
        assert dvc.stdout is not None
        assert any(line.startswith("> python -m stages") for line in dvc.stdout)
        time.sleep(after)
        project.edit(edit.file, edit.old, edit.new)
        time.sleep(TOO_LATE)
        at_work = bool(stages_of(dvc))
        printed = dvc.communicate()[0]
    return at_work, printed


def test_an_edit_while_a_stage_runs_is_named_and_costs_nothing(tracked: Project) -> None:
    edit = Edit("evaluate@nll-1", "params.yaml", "device: auto", "device: cpu")
    before = tracked.contents(*OUTPUTS), (tracked.root / "dvc.lock").read_bytes()
    at_work, printed = run_and_edit(tracked, edit, after=1)
    assert at_work
    changed = "error: params.yaml: device (was auto, is cpu) has changed"
    expected = f"{changed} while evaluate@nll-1 ran, so nothing is recorded; run it again"
    assert expected in printed.splitlines()
    assert "Traceback" not in printed
    assert (tracked.contents(*OUTPUTS), (tracked.root / "dvc.lock").read_bytes()) == before
    assert "evaluate@nll-1" in tracked.changed_stages()
    tracked.edit("params.yaml", edit.new, edit.old)
    assert tracked.changed_stages() == set()


def test_an_edit_while_dvc_hashes_is_taken_back(tracked: Project) -> None:
    edit = Edit("evaluate@nll-1", "params.yaml", "device: auto", "device: cpu")
    original = every_stage(tracked)
    code = """if True:
        import os, pathlib, signal, sys
        import dvc.cli, dvc.stage

        def edit_and_save(self, *args, save=dvc.stage.Stage.save, **settings):
            path = pathlib.Path(sys.argv[2])
            path.write_text(path.read_text().replace(sys.argv[3], sys.argv[4]))
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            os.killpg(0, signal.SIGINT)  # a Ctrl-C that comes too late for DVC
            return save(self, *args, **settings)

        dvc.stage.Stage.save = edit_and_save
        sys.exit(dvc.cli.main(["repro", "-s", "-f", sys.argv[1]]))
    """
    printed = tracked.run("python", "-c", code, *edit)
    expected = "error: params.yaml: device (was auto, is cpu) has changed while evaluate@nll-1 ran"
    assert f"{expected}, so nothing is recorded; run it again" in printed.splitlines()
    assert every_stage(tracked) == {name: entry for name, entry in original.items() if name != edit.stage}
    assert "is cached" not in tracked.run("dvc", "repro", "-s", edit.stage)
    assert locked(tracked, edit.stage).params["device"] == "cpu"
    tracked.edit("params.yaml", edit.new, edit.old)
    assert "is cached" in tracked.run("dvc", "repro", "-s", edit.stage)
    assert locked(tracked, edit.stage) == original[edit.stage]
    assert every_stage(tracked) == original


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_what_is_recorded_is_what_a_clean_run_would_record(
    tracked: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = random.SystemRandom().randrange(1000)
    dice = random.Random(seed)
    seconds: dict[str, float] = {}
    clean: dict[Edit, LockedStage] = {}
    for edit in ALL:
        undisturbed = tracked.copy_to(tmp_path / "undisturbed")
        undisturbed.edit(edit.file, edit.old, edit.new)
        start = time.monotonic()
        undisturbed.run("dvc", "repro", "-s", "-f", edit.stage)
        seconds[edit.stage] = time.monotonic() - start
        clean[edit] = locked(undisturbed, edit.stage)
        assert clean[edit].outs != locked(tracked, edit.stage).outs
        shutil.rmtree(undisturbed.root)
    hit = 0
    while hit < EDITS:
        edit = dice.choice(ALL)
        original = locked(tracked, edit.stage)
        at_work, _ = run_and_edit(tracked, edit, dice.uniform(0, seconds[edit.stage]))
        hit += at_work
        tracked.run("dvc", "repro", "-s", edit.stage)
        assert locked(tracked, edit.stage) == clean[edit], f"seed {seed}: {edit}"
        tracked.edit(edit.file, edit.new, edit.old)
        tracked.run("dvc", "repro", "-s", edit.stage)
        assert locked(tracked, edit.stage) == original, f"seed {seed}: {edit}"
    with capsys.disabled():
        print(f"\nseed {seed}: {hit} edits")
