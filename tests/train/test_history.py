from pathlib import Path

from tagger.train.train_model import write_history
from tagger.train.trainer import Epoch

EPOCHS = [Epoch(1, 0.003, 1.23456789, 0.5, 0.75, 12.5, 800.0, 0), Epoch(2, 1.2e-7, 0.25, 1 / 3, 1.0, 13.5, 700.0, 1)]


def test_the_history_is_a_row_an_epoch(tmp_path: Path) -> None:
    write_history(EPOCHS, tmp_path / "history.csv")
    assert (tmp_path / "history.csv").read_bytes() == (
        b"epoch,learning_rate,train_loss,dev_loss,dev_accuracy\n1,0.003,1.23457,0.5,0.75\n2,1.2e-07,0.25,0.333333,1\n"
    )


def test_the_history_has_no_times(tmp_path: Path) -> None:
    slower = [epoch._replace(seconds=epoch.seconds * 3, tokens_per_second=1.0) for epoch in EPOCHS]
    write_history(EPOCHS, tmp_path / "history.csv")
    write_history(slower, tmp_path / "slower.csv")
    assert (tmp_path / "slower.csv").read_bytes() == (tmp_path / "history.csv").read_bytes()


def test_the_history_makes_its_folder_and_leaves_nothing_else(tmp_path: Path) -> None:
    write_history(EPOCHS, tmp_path / "metrics" / "history" / "nll.csv")
    assert [path.name for path in (tmp_path / "metrics" / "history").iterdir()] == ["nll.csv"]


def test_a_history_replaces_the_one_before(tmp_path: Path) -> None:
    write_history(EPOCHS, tmp_path / "history.csv")
    write_history(EPOCHS[:1], tmp_path / "history.csv")
    assert (tmp_path / "history.csv").read_text(encoding="utf-8").count("\n") == 2
