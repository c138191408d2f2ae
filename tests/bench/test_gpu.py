"""What the script for a GPU measures, tried on the CPU."""

import shutil
from pathlib import Path

import pytest

from bench.gpu import load, tag, train_row, weights_after_an_epoch
from tagger.core.common.errors import InputError
from tests.conftest import PARAMS
from tests.samples import RANDOM


@pytest.mark.usefixtures("prepared")
def test_training_and_tagging_are_measured(tmp_path: Path) -> None:
    shutil.copyfile(PARAMS, tmp_path / "params.yaml")
    inputs = load("cpu", {"batch_tokens": 50, "min_batches": 2, "epochs": 3, "patience": 1})
    assert inputs.params.train.patience == 0
    assert weights_after_an_epoch(inputs) == weights_after_an_epoch(inputs)
    row, model = train_row("small batches", inputs)
    assert row[0] == "small batches"
    assert float(row[1].replace(",", "")) > 0
    assert 0 < float(row[2].rstrip("%")) <= 100
    probabilities, rate = tag(model, RANDOM.dev, "cpu")
    assert probabilities.shape == (len(RANDOM.dev.forms), len(RANDOM.dictionaries.tags))
    assert rate > 0


@pytest.mark.usefixtures("prepared")
def test_without_a_gpu_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copyfile(PARAMS, tmp_path / "params.yaml")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(InputError, match=r"^device: got 'cuda', but torch finds no CUDA device here"):
        load("cuda", {})
