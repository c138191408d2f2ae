import hashlib
import math
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from tagger.core.common.errors import InputError
from tagger.core.corpus.dictionary import DICTIONARY_FILES
from tagger.core.network.lstm_tagger import tag_probabilities
from tagger.core.network.model_folder import TrainedModel, fingerprint, read_model, write_model
from tagger.core.params.schema import LossName
from tests.model_files import Payload, edit_config, replace_file
from tests.samples import CPU, NO_FORMS, RANDOM, contents, data_of, fresh_model, save_model, tagged

FILES = sorted(("config.json", "weights.safetensors", *DICTIONARY_FILES))
DATA_FILES = [name for name in FILES if name != "config.json"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(tmp_path / "models" / "nll")
    return tmp_path / "models" / "nll"


def error_of(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_model(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_model_is_seven_files(folder: Path) -> None:
    assert sorted(contents(folder)) == FILES


@pytest.mark.parametrize("loss", ["nll", "cross_entropy", "softmax_nll", "mse", "hinge"])
@pytest.mark.parametrize("changes", [{}, {"layers": 2, "bidirectional": False}, {"characters": "lstm"}, NO_FORMS])
def test_a_loaded_model_gives_the_same_bits(loss: LossName, changes: dict[str, Any], tmp_path: Path) -> None:
    model = save_model(tmp_path / "model", loss, **changes)
    loaded = read_model(tmp_path / "model")
    assert loaded.model.loss_name == loss
    assert loaded.model.params == model.params
    np.testing.assert_array_equal(
        tag_probabilities(loaded.model, RANDOM.dev, CPU), tag_probabilities(model, RANDOM.dev, CPU)
    )


def test_the_dictionaries_are_loaded_with_the_model(folder: Path) -> None:
    loaded, saved = read_model(folder).dictionaries, RANDOM.dictionaries
    assert loaded.words.ids == saved.words.ids
    assert loaded.characters.ids == saved.characters.ids
    assert loaded.affixes.ids == saved.affixes.ids
    assert loaded.tags.ids == saved.tags.ids
    assert loaded.lowercase == saved.lowercase


def test_two_saves_have_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    save_model(tmp_path / "again")
    assert contents(tmp_path / "again") == contents(folder)


def test_saving_a_loaded_model_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    write_model(read_model(folder), tmp_path / "again")
    assert contents(tmp_path / "again") == contents(folder)


def test_loading_needs_the_folder_alone(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = tag_probabilities(read_model(folder).model, RANDOM.dev, CPU)
    (tmp_path / "elsewhere").mkdir()
    shutil.move(folder, tmp_path / "elsewhere" / "moved")
    shutil.rmtree(tmp_path / "models")
    monkeypatch.chdir(tmp_path / "elsewhere")
    np.testing.assert_array_equal(tag_probabilities(read_model(Path("moved")).model, RANDOM.dev, CPU), expected)


def test_a_loaded_model_has_its_dropout_off(folder: Path) -> None:
    assert not read_model(folder).model.training


def test_a_model_in_training_can_be_saved(tmp_path: Path) -> None:
    model = fresh_model(RANDOM.dictionaries).train()
    write_model(TrainedModel(model, RANDOM.dictionaries), tmp_path)
    loaded = read_model(tmp_path).model.state_dict()
    assert all(torch.equal(value, loaded[name]) for name, value in model.state_dict().items())


# Damage


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(name: str, folder: Path) -> None:
    (folder / name).unlink()
    assert error_of(folder).startswith(f"{folder / name}: no such file; ")


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_named(name: str, folder: Path) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    assert error_of(folder).startswith(f"{folder / name}: damaged: ")


@pytest.mark.parametrize("name", FILES)
def test_an_empty_file_is_named(name: str, folder: Path) -> None:
    (folder / name).write_bytes(b"")
    assert error_of(folder).startswith(f"{folder / name}: damaged: ")


@pytest.mark.parametrize("place", [0, 0.5, 1])
@pytest.mark.parametrize("name", DATA_FILES)
def test_one_wrong_byte_is_found(name: str, place: float, folder: Path) -> None:
    content = bytearray((folder / name).read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    (folder / name).write_bytes(content)
    assert error_of(folder).startswith(f"{folder / name}: damaged: its SHA-256 is ")


def test_no_wrong_byte_of_the_config_changes_what_the_model_says(folder: Path) -> None:
    expected = tag_probabilities(read_model(folder).model, RANDOM.dev, CPU)
    good = (folder / "config.json").read_bytes()
    refused = 0
    for place in range(len(good)):
        content = bytearray(good)
        content[place] ^= 1
        (folder / "config.json").write_bytes(content)
        try:
            loaded = read_model(folder)
        except InputError as error:
            assert str(folder) in str(error)  # noqa: PT017, a byte of dropout does no harm
            refused += 1
        else:
            np.testing.assert_array_equal(tag_probabilities(loaded.model, RANDOM.dev, CPU), expected)
    assert refused > 0.95 * len(good)


def test_a_file_as_the_folder_is_refused(folder: Path) -> None:
    file = folder / "words.json"
    expected = "expected a model folder that `dvc repro` writes, such as models/export or models/nll/1"
    assert error_of(file) == f"{file}/config.json: no such file; {expected}"


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    assert error_of(tmp_path / "none").startswith(f"{tmp_path}/none/config.json: no such file; ")


@pytest.mark.parametrize("name", FILES)
def test_a_folder_in_place_of_a_file_is_named(name: str, folder: Path) -> None:
    (folder / name).unlink()
    (folder / name).mkdir()
    assert error_of(folder).startswith(f"{folder / name}: ")


@pytest.mark.parametrize(
    "content", [b"not JSON", b"[]", b"null", b'"text"', b"{}", b"\xff\xfe", b"{" * 5000, b'{"format": NaN}']
)
def test_a_config_of_another_kind_is_refused(content: bytes, folder: Path) -> None:
    (folder / "config.json").write_bytes(content)
    assert error_of(folder).startswith(f"{folder}/config.json: damaged: ")


@pytest.mark.parametrize(
    ("edit", "where"),
    [
        (lambda config: config.update(format=2), "format"),
        (lambda config: config.update(format="1"), "format"),
        (lambda config: config.pop("format"), "format"),
        (lambda config: config.update(loss="unheard_of"), "loss"),
        (lambda config: config.pop("loss"), "loss"),
        (lambda config: config["model"].update(hidden=0), "model.hidden"),
        (lambda config: config["model"].update(hidden=10**12), "model.hidden"),
        (lambda config: config["model"].update(layers="1"), "model.layers"),
        (lambda config: config["model"].pop("word_dim"), "model.word_dim"),
        (lambda config: config.update(sha256={}), "sha256"),
        (lambda config: config.update(sha256=[]), "sha256"),
        (lambda config: config["sha256"].update({"tags.json": 1}), "sha256.tags.json"),
        (lambda config: config.update(more=1), "more"),
    ],
)
def test_a_wrong_value_of_the_config_is_named(
    edit: Callable[[dict[str, Any]], object], where: str, folder: Path
) -> None:
    edit_config(folder, edit)
    assert error_of(folder).startswith(f"{folder}/config.json: damaged: {where}: ")


@pytest.mark.parametrize("name", ["../outside", "./words.json", "sub/file", "/etc/hostname", "..", ".", "", "a\0b"])
def test_a_checksum_of_a_file_elsewhere_is_refused(name: str, folder: Path) -> None:
    (folder.parent / "outside").write_bytes(b"x")
    (folder / "sub").mkdir()
    (folder / "sub" / "file").write_bytes(b"x")
    edit_config(folder, lambda config: config["sha256"].update({name: hashlib.sha256(b"x").hexdigest()}))
    assert error_of(folder) == f"{folder}/config.json: damaged: sha256: {name!r} is not a file of this model"


@pytest.mark.parametrize("name", DATA_FILES)
def test_a_file_without_a_checksum_is_refused(name: str, folder: Path) -> None:
    edit_config(folder, lambda config: config["sha256"].pop(name))
    assert name in error_of(folder)


@pytest.mark.parametrize("changes", [{"hidden": 6}, {"layers": 2}, {"bidirectional": False}, {"characters": "lstm"}])
def test_weights_of_another_network_are_refused(changes: dict[str, Any], folder: Path, tmp_path: Path) -> None:
    save_model(tmp_path / "other", **changes)
    replace_file(folder, "weights.safetensors", (tmp_path / "other" / "weights.safetensors").read_bytes())
    expected = f"{folder}/weights.safetensors: does not fit config.json and the dictionaries: "
    assert error_of(folder).startswith(expected)


@pytest.mark.parametrize(
    "changes",
    [{"hidden": 50}, {"layers": 3}, {"word_dim": 90, "characters": "none"}, {"hidden": 90, "bidirectional": False}],
)
def test_too_few_weights_are_refused_before_the_network_takes_memory(
    changes: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    larger = fresh_model(RANDOM.dictionaries, **changes)
    size = sum(weights.nbytes for weights in larger.state_dict().values())
    edit_config(folder, lambda config: config["model"].update(changes))
    monkeypatch.setattr("tagger.core.network.model_folder.LstmTagger", None)
    assert error_of(folder).endswith(f"does not fit config.json and the dictionaries: expected {size} bytes")


@pytest.mark.parametrize("name", ["words", "characters", "affixes", "tags"])
def test_dictionaries_of_another_size_are_refused(name: str, folder: Path, tmp_path: Path) -> None:
    data_of([tagged("a/A b/B")], []).dictionaries.save(tmp_path)
    replace_file(folder, f"{name}.json", (tmp_path / f"{name}.json").read_bytes())
    expected = f"{folder}/weights.safetensors: does not fit config.json and the dictionaries: "
    assert error_of(folder).startswith(expected)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no weights at all",
        b"\x02\0\0\0\0\0\0\0{}",
        b"\xff" * 100,
        safetensors.torch.save({"linear.bias": torch.zeros(5)}),
        safetensors.torch.save({"other": torch.zeros(5)}),
    ],
)
def test_weights_that_are_none_are_refused(content: bytes, folder: Path) -> None:
    replace_file(folder, "weights.safetensors", content)
    expected = f"{folder}/weights.safetensors: does not fit config.json and the dictionaries: "
    assert error_of(folder).startswith(expected)


@pytest.mark.parametrize("value", [1.1e9, -1.1e9, math.inf, math.nan])
def test_a_weight_that_is_nan_or_far_too_large_is_refused(value: float, folder: Path) -> None:
    weights = safetensors.torch.load_file(folder / "weights.safetensors")
    weights["linear.bias"][1] = value
    replace_file(folder, "weights.safetensors", safetensors.torch.save(weights))
    reason = f"linear.bias: got {value:g}, expected at most 1e+09 in absolute value"
    assert error_of(folder) == f"{folder}/weights.safetensors: damaged: {reason}"


@pytest.mark.parametrize("name", DICTIONARY_FILES)
def test_a_dictionary_that_is_none_is_named(name: str, folder: Path) -> None:
    replace_file(folder, name, b"[]")
    assert error_of(folder).startswith(f"{folder / name}: damaged")


@pytest.mark.parametrize("name", FILES)
def test_a_pickle_is_refused_and_not_run(name: str, folder: Path, tmp_path: Path) -> None:
    marker = tmp_path / "payload ran"
    content = pickle.dumps(Payload(marker))
    if name == "config.json":
        (folder / name).write_bytes(content)
    else:
        replace_file(folder, name, content)
    assert error_of(folder).startswith(f"{folder / name}: ")
    assert not marker.exists()


def test_a_pickle_of_torch_is_refused_and_not_run(folder: Path, tmp_path: Path) -> None:
    marker = tmp_path / "payload ran"
    torch.save({"linear.weight": Payload(marker)}, tmp_path / "weights.pt")
    replace_file(folder, "weights.safetensors", (tmp_path / "weights.pt").read_bytes())
    assert error_of(folder).startswith(f"{folder}/weights.safetensors: does not fit ")
    assert not marker.exists()


# The fingerprint


def test_equal_models_have_one_fingerprint(folder: Path, tmp_path: Path) -> None:
    save_model(tmp_path / "again")
    assert fingerprint(tmp_path / "again") == fingerprint(folder)


@pytest.mark.parametrize("changes", [{"seed": 2}, {"loss": "mse"}, {"dropout": 0.1}])
def test_another_model_has_another_fingerprint(changes: dict[str, Any], folder: Path, tmp_path: Path) -> None:
    save_model(tmp_path / "other", **changes)
    assert fingerprint(tmp_path / "other") != fingerprint(folder)


def test_there_is_no_fingerprint_of_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a model folder"):
        fingerprint(tmp_path)
