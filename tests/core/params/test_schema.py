import re
from pathlib import Path

import pytest

from tagger.core.common.errors import InputError
from tagger.core.losses.definitions import LOSSES
from tagger.core.params.reader import flatten, read_params
from tagger.core.params.schema import ReportView, Training
from tests.conftest import PARAMS


def test_a_training_is_named_as_in_its_stages() -> None:
    training = Training.parse("nll", "17")
    assert training == ("nll", 17)
    assert f"train@{training}" == "train@nll-17"


@pytest.mark.parametrize("seed", ["-1", "2147483648", "1.0", "one", "", "²"])
def test_a_seed_that_params_cannot_have_is_named(seed: str) -> None:
    with pytest.raises(InputError) as caught:
        Training.parse("nll", seed)
    assert str(caught.value) == f"seed: got {seed!r}, expected a whole number from 0 to 2147483647"


@pytest.mark.parametrize("name", LOSSES)
def test_each_loss_can_be_trained(name: str) -> None:
    assert Training.parse(name, "1").loss == name


@pytest.mark.parametrize("text", ["", "NLL", "nll mse", "nll "])
def test_an_unknown_loss_is_named(text: str) -> None:
    with pytest.raises(InputError) as caught:
        Training.parse(text, "1")
    assert str(caught.value) == f"loss: got '{text}', expected one of nll, cross_entropy, softmax_nll, mse, hinge"


def test_the_settings_of_a_training_name_files_without_their_folders(tmp_path: Path) -> None:
    text = PARAMS.read_text(encoding="utf-8")
    params = tmp_path / "params.yaml"
    params.write_text(re.sub("data/(raw|vectors)/", "/home/someone/", text), encoding="utf-8")
    settings = flatten(read_params(ReportView, params).settings)
    assert "someone" not in str(settings)
    assert (settings["data.train"], settings["model.vectors"]) == ("train.csv", "none.vec")
    assert settings["train.epochs"] == 12
