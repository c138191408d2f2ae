"""The key of a training, and what is kept under it."""

import hashlib
import itertools
import json
import os
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from tagger.core.common import paths
from tagger.core.corpus.dictionary import DICTIONARY_FILES
from tagger.core.corpus.word_vectors import NO_VECTORS, WordVectors
from tagger.core.params.schema import Training, TrainView
from tagger.runner import stage_files
from tagger.runner.checkpoint import Checkpoint, training_key
from tagger.train.trainer import TrainingInputs
from tests.samples import MODEL, RANDOM, TRAIN, data_of, random_corpus

SETTINGS: dict[str, Any] = {"device": "auto", "arithmetic": "portable", "model": MODEL, "train": TRAIN}
OTHER = {
    ("device",): "cpu",
    ("arithmetic",): "native",
    ("model", "word_dim"): 8,
    ("model", "characters"): "lstm",
    ("model", "character_dim"): 5,
    ("model", "character_filters"): 8,
    ("model", "character_hidden"): 4,
    ("model", "affix_dim"): 3,
    ("model", "hidden"): 6,
    ("model", "layers"): 2,
    ("model", "bidirectional"): False,
    ("model", "dropout"): 0.5,
    ("train", "epochs"): 4,
    ("train", "batch_tokens"): 999,
    ("train", "min_batches"): 11,
    ("train", "shards"): 4,
    ("train", "optimizer"): "sgd",
    ("train", "learning_rate"): 0.004,
    ("train", "adam_betas"): [0.9, 0.91],
    ("train", "momentum"): 0.1,
    ("train", "weight_decay"): 0.1,
    ("train", "schedule"): "linear",
    ("train", "clip_norm"): 2,
    ("train", "word_dropout"): 0.5,
    ("train", "patience"): 1,
}
DECIDING = ("tagger/core/network/lstm_tagger.py", "tagger/train/trainer.py")
WATCHING = ("stages/train.py", "tagger/tracking/store.py", "tagger/runner/locks.py", "tagger/report/verdict.py")
DAY = 24 * 3600
HISTORY, SUMMARY = Path("metrics/history/nll/1.csv"), Path("metrics/train/nll/1.json")


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DVC_ROOT", raising=False)
    for name in (*DECIDING, *WATCHING):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "tagger/core/versions.txt").write_text(f"torch=={torch.__version__}\n", encoding="utf-8")
    monkeypatch.setattr(stage_files, "PACKAGE", tmp_path / "tagger")
    for path, content in ((HISTORY, "epoch\n1\n"), (SUMMARY, "{}\n")):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(content, encoding="utf-8")
    (tmp_path / paths.DICTIONARIES).mkdir(parents=True)
    RANDOM.dictionaries.save(tmp_path / paths.DICTIONARIES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def key(
    settings: dict[str, Any] = SETTINGS,
    loss: Any = "nll",
    data: tuple[Any, ...] = (RANDOM.train, RANDOM.dev),
    device: str = "cpu",
    seed: int = 1,
) -> str:
    params = TrainView.model_validate(settings)
    return training_key(TrainingInputs(Training(loss, seed), params, torch.device(device), RANDOM.dictionaries, *data))


def change(settings: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    name, *rest = path
    return settings | {name: change(settings[name], tuple(rest), value) if rest else value}


# What the key depends on


def test_the_key_of_the_same_training_is_the_same_and_can_name_a_file() -> None:
    assert key() == key()
    assert len(key()) == 32
    assert set(key()) <= set("0123456789abcdef")


def test_every_param_changes_the_key() -> None:
    assert {path for path in OTHER if len(path) == 2} == {
        (section, name) for section, values in (("model", MODEL), ("train", TRAIN)) for name in values
    }
    keys = [key(), *(key(change(SETTINGS, path, value)) for path, value in OTHER.items())]
    assert len(set(keys)) == len(OTHER) + 1


def test_every_loss_has_a_key_of_its_own() -> None:
    assert len({key(loss=loss) for loss in ("nll", "cross_entropy", "softmax_nll", "mse", "hinge")}) == 5


def test_every_seed_has_a_key_of_its_own() -> None:
    assert len({key(seed=seed) for seed in (0, 1, 2)}) == 3


def test_each_split_changes_the_key() -> None:
    other = data_of(random_corpus(60, seed=1), random_corpus(20, seed=3))
    assert other.train.digest() == RANDOM.train.digest()
    keys = {key(data=splits) for splits in ((RANDOM.train, RANDOM.dev), (RANDOM.train, other.dev))}
    keys |= {key(data=(RANDOM.dev, RANDOM.dev)), key(data=(RANDOM.dev, RANDOM.train))}
    assert len(keys) == 4


def test_vectors_change_the_key() -> None:
    ids = [np.array([2, number], dtype=np.int32) for number in (3, 4)]
    vectors = [np.full((2, 7), number, dtype=np.float32) for number in (0, 1)]
    parts = [NO_VECTORS, *(WordVectors(*pair) for pair in itertools.product(ids, vectors))]
    assert len({key(data=(RANDOM.train, RANDOM.dev, part)) for part in parts}) == 5


@pytest.mark.parametrize("name", DICTIONARY_FILES)
def test_each_dictionary_changes_the_key(workspace: Path, name: str) -> None:
    before = key()
    with (workspace / paths.DICTIONARIES / name).open("a", encoding="utf-8") as file:
        file.write(" ")
    assert key() != before


@pytest.mark.parametrize("name", WATCHING)
def test_a_line_of_what_watches_leaves_the_key_alone(workspace: Path, name: str) -> None:
    before = key()
    (workspace / name).write_text("x = 2\n", encoding="utf-8")
    assert key() == before


@pytest.mark.parametrize("name", DECIDING)
def test_a_line_of_what_decides_changes_the_key(workspace: Path, name: str) -> None:
    before = key()
    (workspace / name).write_text("x = 2\n", encoding="utf-8")
    assert key() != before
    (workspace / name).write_text("x = 1\n", encoding="utf-8")
    assert key() == before


def test_a_module_more_or_of_another_name_changes_the_key(workspace: Path) -> None:
    before = key()
    (workspace / "tagger/train/trainer.py").rename(workspace / "tagger/train/training.py")
    renamed = key()
    (workspace / "tagger/train/trainer.py").write_text("", encoding="utf-8")
    assert len({before, renamed, key()}) == 3


def test_what_is_no_code_leaves_the_key_alone(workspace: Path) -> None:
    before = key()
    for name in ("__pycache__/trainer.pyc", ".trainer.py.swp", "trainer.py~", "trainer.py.orig", ".DS_Store"):
        path = workspace / "tagger/train" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"other")
    (workspace / "other.py").write_text("other", encoding="utf-8")
    assert key() == before


def test_the_kind_of_device_changes_the_key_and_its_number_does_not() -> None:
    assert key(device="cuda") != key()
    assert key(device="cuda:0") == key(device="cuda:1")


def test_another_torch_changes_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key()
    monkeypatch.setattr("importlib.metadata.version", lambda _: "0.0.0")
    assert key() != before


def test_the_folder_that_the_pipeline_runs_in_leaves_the_key_alone(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = key()
    shutil.copytree(workspace, workspace / "experiment")
    monkeypatch.chdir(workspace / "experiment")
    assert key() == before


# What is kept


def state(number: int) -> dict[str, Any]:
    return {"epoch": number, "weights": torch.full((100,), float(number)), "history": [(1, 0.5)], "best": None}


def kept(workspace: Path) -> list[str]:
    """Return the keys of the checkpoints but for `b`, which tests open to see what then goes."""
    return sorted(path.name for path in (workspace / ".dvc/tmp/lstm-tagger/checkpoints").iterdir() if path.name != "b")


def test_a_training_that_is_killed_in_its_first_epoch_keeps_its_identity(workspace: Path) -> None:
    first, again = Checkpoint("a"), Checkpoint("a")
    assert first.trainer is None
    assert again.trainer is None
    assert again.training == first.training


def test_the_state_that_was_saved_last_comes_back_with_the_identity_of_the_training(workspace: Path) -> None:
    first = Checkpoint("a")
    first.save(state(1))
    first.save(state(2))
    again = Checkpoint("a")
    assert again.training == first.training
    assert again.trainer is not None
    assert torch.equal(again.trainer.pop("weights"), torch.full((100,), 2.0))
    assert again.trainer == {"epoch": 2, "history": [(1, 0.5)], "best": None}
    again.save(state(3))
    assert Checkpoint("a").training == first.training


def test_trainings_of_other_keys_have_states_and_identities_of_their_own(workspace: Path) -> None:
    Checkpoint("a").save(state(1))
    Checkpoint("b").save(state(2))
    first, second = Checkpoint("a"), Checkpoint("b")
    assert first.training != second.training
    assert first.trainer is not None
    assert second.trainer is not None
    assert (first.trainer["epoch"], second.trainer["epoch"]) == (1, 2)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-500])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def hold_code(path: Path) -> None:
    torch.save({"training": "x", "trainer": print}, path)


@pytest.mark.parametrize("damage", [cut, empty, hold_code])
def test_a_damaged_state_is_a_warning_and_a_fresh_start(
    workspace: Path, damage: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    first = Checkpoint("a")
    first.save(state(1))
    damage(workspace / ".dvc/tmp/lstm-tagger/checkpoints/a/state.pt")
    again = Checkpoint("a")
    assert again.trainer is None
    assert again.training != first.training
    warned = capsys.readouterr().err
    assert warned.startswith(f"warning: {workspace}/.dvc/tmp/lstm-tagger/checkpoints/a/state.pt: damaged, ")
    assert len(warned.splitlines()) == 1
    again.save(state(2))
    last = Checkpoint("a")
    assert last.training == again.training
    assert last.trainer is not None
    assert last.trainer["epoch"] == 2


def test_a_state_that_the_trainer_can_not_load_is_damaged(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = Checkpoint("a")
    first.save(state(1))
    taken: list[dict[str, Any]] = []
    assert Checkpoint("a", taken.append).trainer == taken[0]

    def refuse(_: dict[str, Any]) -> None:
        raise KeyError("best_weights")

    again = Checkpoint("a", refuse)
    assert again.trainer is None
    assert again.training != first.training
    assert capsys.readouterr().err.endswith("a/state.pt: damaged, training starts from the beginning: 'best_weights'\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, OSError])
def test_a_save_that_breaks_off_leaves_the_state_before(
    workspace: Path, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Checkpoint("a")
    first.save(state(1))

    def write_half(path: Path, _: Any) -> None:
        path.write_text("half", encoding="utf-8")
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", write_half)
        with pytest.raises(error):
            first.save(state(2))
    again = Checkpoint("a")
    assert again.training == first.training
    assert again.trainer is not None
    assert again.trainer["epoch"] == 1
    assert [path.name for path in (workspace / ".dvc/tmp/lstm-tagger/checkpoints/a").iterdir()] == ["state.pt"]


def test_what_a_kill_left_half_written_does_no_harm(workspace: Path) -> None:
    Checkpoint("a").save(state(1))
    (workspace / ".dvc/tmp/lstm-tagger/checkpoints/a/.state.pt.partial").write_bytes(b"half")
    again = Checkpoint("a")
    assert again.trainer is not None
    again.save(state(2))
    assert [path.name for path in (workspace / ".dvc/tmp/lstm-tagger/checkpoints/a").iterdir()] == ["state.pt"]


# What is removed


def finish(name: str) -> Checkpoint:
    checkpoint = Checkpoint(name)
    checkpoint.save(state(1))
    checkpoint.finish(Training("nll", 1))
    return checkpoint


def md5_of(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def lock(folder: Path, stage: str = "train@nll-1", **changes: str) -> None:
    """Write the lock file that DVC writes after a stage."""
    outs = [{"path": str(path), "hash": "md5", "md5": md5_of(folder / path)} for path in (HISTORY, SUMMARY)]
    outs.append({"path": "models/nll/1", "hash": "md5", "md5": "0123456789abcdef0123456789abcdef.dir"})
    for out in outs:
        out["md5"] = changes.get(Path(out["path"]).suffix.strip("."), out["md5"])
    document = {"schema": "2.0", "stages": {stage: {"cmd": "python -m stages train nll 1", "outs": outs}}}
    (folder / "dvc.lock").write_text(yaml.safe_dump(document), encoding="utf-8")


def test_a_finished_training_is_kept_until_dvc_has_its_outputs(workspace: Path) -> None:
    first = finish("a")
    assert Checkpoint("a").training == first.training
    lock(workspace)
    assert Checkpoint("b").trainer is None
    assert kept(workspace) == []


def test_a_training_whose_outputs_dvc_has_starts_anew(workspace: Path) -> None:
    first = finish("a")
    lock(workspace)
    again = Checkpoint("a")
    assert again.trainer is None
    assert again.training != first.training


@pytest.mark.parametrize(
    "locked", [{"stage": "train@mse-1"}, {"csv": "00000000000000000000000000000000"}, {"json": ""}]
)
def test_a_finished_training_is_kept_while_the_lock_file_has_other_outputs(
    workspace: Path, locked: dict[str, str]
) -> None:
    finish("a")
    lock(workspace, **locked)
    Checkpoint("b")
    assert kept(workspace) == ["a"]


def test_a_training_under_way_is_kept_whatever_the_lock_file_says(workspace: Path) -> None:
    Checkpoint("a").save(state(1))
    lock(workspace)
    Checkpoint("b")
    assert kept(workspace) == ["a"]


def test_a_finished_training_of_an_experiment_goes_with_its_folder_or_its_own_lock_file(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(workspace))
    for name in ("one", "two", "three"):
        shutil.copytree(workspace / "metrics", workspace / name / "metrics")
        monkeypatch.chdir(workspace / name)
        finish(name)
    monkeypatch.chdir(workspace)
    lock(workspace)  # of the main workspace: says nothing of the experiments
    Checkpoint("b")
    assert kept(workspace) == ["one", "three", "two"]
    shutil.rmtree(workspace / "one")
    lock(workspace / "two")
    Checkpoint("b")
    assert kept(workspace) == ["three"]


@pytest.mark.parametrize(("days", "left"), [(31, ["new"]), (29, ["new", "old"])])
def test_a_checkpoint_that_nobody_goes_on_from_is_removed_after_30_days(
    workspace: Path, days: int, left: list[str]
) -> None:
    for name in ("old", "new"):
        Checkpoint(name).save(state(1))
    before = time.time() - days * DAY
    os.utime(workspace / ".dvc/tmp/lstm-tagger/checkpoints/old", (before, before))
    Checkpoint("b")
    assert kept(workspace) == left


def test_an_epoch_makes_a_checkpoint_young_again(workspace: Path) -> None:
    checkpoint = Checkpoint("a")
    checkpoint.save(state(1))
    before = time.time() - 31 * DAY
    os.utime(workspace / ".dvc/tmp/lstm-tagger/checkpoints/a", (before, before))
    checkpoint.save(state(2))
    Checkpoint("b")
    assert kept(workspace) == ["a"]


def test_the_note_of_a_finished_training_names_its_outputs(workspace: Path) -> None:
    finish("a")
    note = json.loads((workspace / ".dvc/tmp/lstm-tagger/checkpoints/a/outputs.json").read_text(encoding="utf-8"))
    assert note == {
        "stage": "train@nll-1",
        "folder": str(workspace),
        "md5": {
            "metrics/history/nll/1.csv": "bdfa9e574729c9b418354bf0cb657e78",
            "metrics/train/nll/1.json": "8a80554c91d9fca8acb82f023de02f11",
        },
    }


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"stage": "train@nll-1"}', '{"stage": "train@nll-1", "folder": ".", "md5": "x"}']
)
def test_a_damaged_note_disturbs_no_training(workspace: Path, content: str) -> None:
    finish("a")
    (workspace / ".dvc/tmp/lstm-tagger/checkpoints/a/outputs.json").write_text(content, encoding="utf-8")
    assert Checkpoint("b").trainer is None
    assert kept(workspace) == ["a"]


@pytest.mark.parametrize("content", ["", "stages: {train@nll-1: ["])
def test_a_lock_file_that_another_dvc_is_writing_disturbs_no_training(workspace: Path, content: str) -> None:
    finish("a")
    (workspace / "dvc.lock").write_text(content, encoding="utf-8")
    assert Checkpoint("b").trainer is None
    assert kept(workspace) == ["a"]


def test_a_disk_that_is_full_is_an_error_of_the_system_that_names_the_file(workspace: Path) -> None:
    checkpoint = Checkpoint("key")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))  # of a file: the system refuses more as if full
    try:
        with pytest.raises(OSError, match=r"File too large: '.*/checkpoints/key/state\.pt'$"):
            checkpoint.save({"weights": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert Checkpoint("key").training == checkpoint.training
