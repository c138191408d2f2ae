"""The workspaces in which the stages train what the benchmark measures."""

from pathlib import Path

import pytest

from bench.contestants import CONTESTANTS, OURS, OURS_6, OURS_128
from bench.corpus import Files
from bench.pipeline import Workspace
from tagger.core.params.reader import read_params
from tagger.core.params.schema import TrainView
from tests.conftest import PARAMS


@pytest.fixture(autouse=True)
def _defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.pipeline.PARAMS", PARAMS)


def params_of(name: str, tmp_path: Path, epochs: int | None = None) -> TrainView:
    changes = CONTESTANTS[name].changes
    assert changes is not None
    workspace = Workspace(tmp_path / "workspace", Files.within(tmp_path), changes, epochs)
    return read_params(TrainView, workspace.folder / "params.yaml")


@pytest.mark.parametrize(("name", "width"), [(OURS_6, 6), (OURS_128, 128)])
def test_the_network_is_that_of_the_loop(name: str, width: int, tmp_path: Path) -> None:
    model = params_of(name, tmp_path).model
    assert (model.word_dim, model.hidden, model.layers, model.form_width) == (width, width, 1, 0)
    assert not model.bidirectional
    assert model.dropout == 0


def test_ours_is_that_of_the_params_but_for_the_epochs(tmp_path: Path) -> None:
    own, found = read_params(TrainView, PARAMS), params_of(OURS, tmp_path, epochs=3)
    assert found.model.model_dump() == own.model.model_dump()
    assert found.train == own.train.model_copy(update={"epochs": 3})


@pytest.mark.parametrize(("name", "batch_tokens", "rate"), [(OURS_6, 20_000, 0.1), (OURS_128, 8_000, 0.014)])
def test_the_network_of_the_loop_has_larger_batches(name: str, batch_tokens: int, rate: float, tmp_path: Path) -> None:
    own, found = read_params(TrainView, PARAMS).train, params_of(name, tmp_path).train
    changed = {"batch_tokens": batch_tokens, "min_batches": 1, "learning_rate": rate}
    assert found == own.model_copy(update=changed)
