from pathlib import Path

import pytest

from tagger.core.common import paths
from tagger.train.trainer import Epoch, write_outputs
from tests.samples import PLAIN, RANDOM, trainer_of

EPOCHS = [Epoch(1, 0.003, 1.23456789, 0.5, 0.75, 12.5, 800.0, 0), Epoch(2, 1.2e-7, 0.25, 1 / 3, 1.0, 13.5, 700.0, 1)]
HISTORY = paths.history_file("nll", 1)


@pytest.fixture(autouse=True)
def _workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(epochs: list[Epoch]) -> bytes:
    """Write the outputs of a training that had these epochs; return the history."""
    trainer = trainer_of(RANDOM, PLAIN, {})
    trainer.history = epochs
    write_outputs(trainer)
    return HISTORY.read_bytes()


def test_the_history_has_one_row_per_epoch() -> None:
    assert write(EPOCHS) == (
        b"epoch,learning_rate,train_loss,dev_loss,dev_accuracy\n1,0.003,1.23457,0.5,0.75\n2,1.2e-07,0.25,0.333333,1\n"
    )


def test_the_number_of_the_last_possible_epoch_is_written_whole() -> None:
    assert write([EPOCHS[0]._replace(number=100_000)]).splitlines()[1].startswith(b"100000,")


def test_the_history_has_no_times() -> None:
    slower = [epoch._replace(seconds=epoch.seconds * 3, tokens_per_second=1.0) for epoch in EPOCHS]
    assert write(slower) == write(EPOCHS)


def test_the_history_makes_its_folder_and_leaves_nothing_else() -> None:
    write(EPOCHS)
    assert list(HISTORY.parent.iterdir()) == [HISTORY]


def test_a_history_replaces_the_one_before() -> None:
    write(EPOCHS)
    assert write(EPOCHS[:1]).count(b"\n") == 2
