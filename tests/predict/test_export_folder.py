"""An export from a stranger: what is damaged is named, and a hostile file can't do more than give wrong tags."""

import json
import math
import os
import pickle
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tagger.core.common.errors import InputError
from tagger.core.network import model_config as model_files
from tagger.predict import export_folder
from tagger.predict.export_folder import read_export
from tagger.predict.tagging import Tagger
from tests.model_files import Payload, edit_config, make_export, replace_file
from tests.samples import RANDOM, contents

DATA_FILES = [
    "affixes.json",
    "characters.json",
    "characters.onnx",
    "lookup.json",
    "tagger.int8.onnx",
    "tagger.onnx",
    "tags.json",
    "words.json",
]
GRAPHS = [name for name in DATA_FILES if name.endswith(".onnx")]
Edit = Callable[[onnx.ModelProto], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_export(tmp_path, int8=True)


def edit_graph(folder: Path, name: str, edit: Edit) -> None:
    model = onnx.load_from_string((folder / name).read_bytes())
    edit(model)
    replace_file(folder, name, model.SerializeToString())


def error_of(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        Tagger(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_export_can_be_read(folder: Path) -> None:
    _, dictionaries, graphs = read_export(folder)
    assert sorted(graphs) == GRAPHS
    assert dictionaries.words.ids == RANDOM.dictionaries.words.ids


# Damage


@pytest.mark.parametrize("name", ["config.json", *DATA_FILES])
def test_a_missing_file_is_named(name: str, folder: Path) -> None:
    (folder / name).unlink()
    assert error_of(folder).startswith(f"{folder / name}: no such file; ")


@pytest.mark.parametrize("size", [0, 0.5])
@pytest.mark.parametrize("name", ["config.json", *DATA_FILES])
def test_a_truncated_file_is_named(name: str, size: float, folder: Path) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: int(size * len(content))])
    assert error_of(folder).startswith(f"{folder / name}: damaged: ")


@pytest.mark.parametrize("place", [0, 0.5, 1])
@pytest.mark.parametrize("name", DATA_FILES)
def test_one_wrong_byte_is_found(name: str, place: float, folder: Path) -> None:
    content = bytearray((folder / name).read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    (folder / name).write_bytes(content)
    assert error_of(folder).startswith(f"{folder / name}: damaged: its SHA-256 is ")


@pytest.mark.parametrize("name", ["config.json", *DATA_FILES])
@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_named(name: str, kind: str, folder: Path) -> None:
    (folder / name).unlink()
    if kind == "folder":
        (folder / name).mkdir()
    else:
        os.mkfifo(folder / name)  # whoever opens it waits for ever
    assert error_of(folder).startswith(f"{folder / name}: is ")


@pytest.mark.parametrize("name", DATA_FILES)
def test_a_file_without_a_checksum_is_refused(name: str, folder: Path) -> None:
    edit_config(folder, lambda config: config["sha256"].pop(name))
    assert error_of(folder) == f"{folder}/config.json: damaged: sha256: no entry for {name}"


@pytest.mark.parametrize("name", ["../nll/words.json", "/etc/hostname", "model.onnx.data", "", "a\0b"])
def test_a_checksum_of_another_file_is_refused(name: str, folder: Path) -> None:
    edit_config(folder, lambda config: config["sha256"].update({name: ""}))
    assert error_of(folder) == f"{folder}/config.json: damaged: sha256: {name!r} is not a file of this model"


@pytest.mark.parametrize("changes", [{"hidden": 6}, {"layers": 2}, {"bidirectional": False}, {"character_filters": 4}])
def test_graphs_of_another_network_are_refused(changes: dict[str, Any], folder: Path, tmp_path: Path) -> None:
    other = make_export(tmp_path / "other", int8=True, **changes)
    for name in GRAPHS:
        replace_file(folder, name, (other / name).read_bytes())
    assert "does not fit config.json and the dictionaries" in error_of(folder)


def test_dictionaries_of_another_size_are_refused(folder: Path) -> None:
    words = json.loads((folder / "words.json").read_text(encoding="utf-8"))
    size = words["first_id"] + len(words["entries"])
    words["entries"].append(["new", 1])
    replace_file(folder, "words.json", json.dumps(words).encode())
    assert error_of(folder) == (
        f"{folder}/tagger.onnx: does not fit config.json and the dictionaries: "
        f"embedding: got {28 * size} bytes, expected {28 * (size + 1)}"
    )


# A stranger's files, whose checksums fit


@pytest.mark.parametrize("name", ["config.json", *DATA_FILES])
def test_a_pickle_is_refused_and_not_run(name: str, folder: Path, tmp_path: Path) -> None:
    marker = tmp_path / "payload ran"
    content = pickle.dumps(Payload(marker))
    if name == "config.json":
        (folder / name).write_bytes(content)
    else:
        replace_file(folder, name, content)
    assert error_of(folder).startswith(f"{folder / name}: ")
    assert not marker.exists()


def name_external_data(model: onnx.ModelProto) -> None:
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../secret")


def point_aside(model: onnx.ModelProto) -> None:
    """Keep the bytes and name external data beside them."""
    model.graph.initializer[0].external_data.add(key="location", value="/etc/passwd")


def enlarge(model: onnx.ModelProto) -> None:
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend([10**12, 10**6])


def wrap_around(model: onnx.ModelProto) -> None:
    """Declare sizes whose product is 0 in 64 bits."""
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend([2**32, 2**32])
    model.graph.initializer[0].raw_data = b""


def negate(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[0] *= -1
    model.graph.initializer[0].dims[1] *= -1


def spoil(model: onnx.ModelProto) -> None:
    weight = model.graph.initializer[0]
    values = numpy_helper.to_array(weight).copy()
    values[0, 0] = np.nan
    weight.raw_data = values.tobytes()


HOSTILE: dict[str, Edit] = {
    "external data": name_external_data,
    "external data beside": point_aside,
    "huge dimensions": enlarge,
    "dimensions that wrap around": wrap_around,
    "negative dimensions": negate,
    "no number": spoil,
    "a node more": lambda model: model.graph.node.append(helper.make_node("Identity", ["words"], ["more"])),
    "a node less": lambda model: model.graph.node.pop(),
    "another operation": lambda model: setattr(model.graph.node[0], "op_type", "GatherElements"),
    "another attribute": lambda model: model.graph.node[0].attribute.append(helper.make_attribute("axis", 1)),
    "an attribute with a tensor": lambda model: model.graph.node[0].attribute.append(
        helper.make_attribute("value", numpy_helper.from_array(np.zeros(1), "x"))
    ),
    "another domain": lambda model: setattr(model.graph.node[0], "domain", "com.example"),
    "another operation set": lambda model: setattr(model.opset_import[0], "version", 13),
    "a custom operation set": lambda model: model.opset_import.append(helper.make_opsetid("com.example", 1)),
    "another version": lambda model: setattr(model, "ir_version", 10),
    "a function": lambda model: model.functions.append(
        helper.make_function("com.example", "F", ["x"], ["y"], [], [helper.make_opsetid("", 17)])
    ),
    "metadata": lambda model: model.metadata_props.add(key="x", value="y"),
    "an input of a fixed size": lambda model: setattr(
        model.graph.input[0].type.tensor_type.shape.dim[0], "dim_value", 2**40
    ),
    "another input": lambda model: model.graph.input.pop(),
    "another output": lambda model: setattr(model.graph.output[0], "name", "words"),
    "a weight more": lambda model: model.graph.initializer.append(numpy_helper.from_array(np.zeros(1), "x")),
    "a weight less": lambda model: model.graph.initializer.pop(),
    "a weight of another type": lambda model: setattr(model.graph.initializer[0], "data_type", TensorProto.INT32),
    "a sparse weight": lambda model: model.graph.sparse_initializer.add(dims=[2**40]),
}


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("kind", HOSTILE)
def test_any_other_graph_is_refused(kind: str, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("ONNX Runtime has seen the file")

    edit_graph(folder, name, HOSTILE[kind])
    monkeypatch.setattr("onnxruntime.InferenceSession", fail)
    assert error_of(folder).startswith(f"{folder / name}: ")


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("content", [b"\x3a", b"\xff" * 50, b"not ONNX", b"\x3a\xff\xff\xff\xff\x0f", b"\x0b"])
def test_what_is_no_onnx_is_refused(name: str, content: bytes, folder: Path) -> None:
    replace_file(folder, name, content)
    misfit = "does not fit config.json and the dictionaries"
    assert error_of(folder).startswith(f"{folder / name}: {misfit}: not ONNX: ")


@pytest.mark.parametrize("name", GRAPHS)
def test_an_empty_file_is_refused(name: str, folder: Path) -> None:
    replace_file(folder, name, b"")
    assert re.search(r"/\w+(\.int8)?\.onnx: does not fit .*: \w+: got 0 bytes, expected \d+$", error_of(folder))


@pytest.mark.parametrize("name", GRAPHS)
def test_the_same_graph_in_other_bytes_is_refused(name: str, folder: Path) -> None:
    content = (folder / name).read_bytes()
    replace_file(folder, name, content + b"\x08\x08")  # the version of ONNX once more
    assert error_of(folder).endswith("does not fit config.json and the dictionaries: the graph differs")


@pytest.mark.parametrize("name", GRAPHS)
def test_a_text_that_is_no_utf8_is_refused(name: str, folder: Path) -> None:
    content = (folder / name).read_bytes()
    replace_file(folder, name, content.replace(b"embedding", b"embeddin\xff"))
    assert error_of(folder).startswith(f"{folder / name}: does not fit config.json and the dictionaries: ")


def test_a_loss_that_is_unknown_here_does_no_harm(folder: Path) -> None:
    edit_config(folder, lambda config: config.update(loss="focal_2"))
    config, _, _ = read_export(folder)
    assert config.loss == "focal_2"


@pytest.mark.parametrize("value", [1.1e9, -1.1e9, math.inf, math.nan])
@pytest.mark.parametrize("name", ["characters.onnx", "tagger.onnx"])
def test_a_weight_that_is_nan_or_far_too_large_is_refused(name: str, value: float, folder: Path) -> None:
    def put(model: onnx.ModelProto) -> None:
        weight = model.graph.initializer[0]
        weight.raw_data = np.full(math.prod(weight.dims), value, dtype=np.float32).tobytes()

    edit_graph(folder, name, put)
    assert error_of(folder).endswith(f"embedding: got {value:g}, expected at most 1e+09 in absolute value")


def test_another_zero_point_is_refused(folder: Path) -> None:
    def put(model: onnx.ModelProto) -> None:
        weight = next(weight for weight in model.graph.initializer if weight.name.endswith("R_zero"))
        weight.raw_data = b"\x01" * math.prod(weight.dims)

    edit_graph(folder, "tagger.int8.onnx", put)
    assert error_of(folder).endswith("layer_0_R_zero: got the zero point 1, expected 0")


@pytest.mark.parametrize("int8", [False, True])
@pytest.mark.parametrize("characters", ["cnn", "lstm"])
def test_the_largest_weights_give_wrong_tags_and_nothing_else(characters: str, int8: bool, tmp_path: Path) -> None:
    draw = np.random.default_rng(1)

    def fill(model: onnx.ModelProto) -> None:
        for weight in model.graph.initializer:
            values = numpy_helper.to_array(weight)
            largest = model_files.LARGEST_WEIGHT if values.dtype == np.float32 else 127
            largest *= not weight.name.endswith("_zero")
            weight.raw_data = draw.choice([largest, -largest], values.shape).astype(values.dtype).tobytes()

    folder = make_export(tmp_path, int8=True, characters=characters, layers=2)
    for name in GRAPHS:
        edit_graph(folder, name, fill)
    tagger = Tagger(folder, int8=int8)
    for sentence in tagger.tag([["abs", "bed", "Öx"], ["c"] * 50]):
        assert set(sentence.tags) <= set(tagger.tag_names)
        assert ((sentence.distribution >= 0) & (sentence.distribution <= 1)).all()


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        ("words.json", lambda document: document.update(first_id=2.5)),
        ("words.json", lambda document: document.update(first_id=0)),
        ("words.json", lambda document: document["entries"].append(["new", True])),
        ("words.json", lambda document: document["entries"].append(["\ud800", 1])),
        ("tags.json", lambda document: document.update(first_id=2)),
        ("tags.json", lambda document: document.update(entries=[])),
        ("tags.json", lambda document: document["entries"].append(["\ud800", 1])),
        ("lookup.json", lambda document: document.update(begins_spans=True)),
    ],
)
def test_dictionaries_that_no_training_writes_are_refused(
    name: str, edit: Callable[[dict[str, Any]], object], folder: Path
) -> None:
    document = json.loads((folder / name).read_bytes())
    edit(document)
    replace_file(folder, name, json.dumps(document).encode())
    assert error_of(folder).startswith(f"{folder / name}: damaged: ")


def test_other_weights_give_other_tags_and_nothing_else(folder: Path) -> None:
    def shift(model: onnx.ModelProto) -> None:
        bias = next(weight for weight in model.graph.initializer if weight.name == "linear_bias")
        bias.raw_data = np.array([0, 0, 50, 0, 0], dtype=np.float32).tobytes()

    edit_graph(folder, "tagger.onnx", shift)
    (sentence,) = Tagger(folder).tag(["abs bed"])
    assert sentence.tags == ("NAME", "NAME")


@pytest.mark.parametrize(
    ("edit", "where"),
    [
        (lambda config: config.update(format="onnx-2"), "format"),
        (lambda config: config.update(loss="no loss"), "loss"),
        (lambda config: config.update(loss="nll\n"), "loss"),
        (lambda config: config["model"].update(hidden=10**12), "model.hidden"),
        (lambda config: config["model"].update(layers=9), "model.layers"),
        (lambda config: config.update(more=1), "more"),
        (lambda config: config.pop("int8"), "int8"),
        (lambda config: config.update(sha256=[]), "sha256"),
        (lambda config: config["sha256"].update({"tags.json": 1}), "sha256.tags.json"),
    ],
)
def test_a_wrong_value_of_the_config_is_named(
    edit: Callable[[dict[str, Any]], object], where: str, folder: Path
) -> None:
    edit_config(folder, edit)
    assert error_of(folder).startswith(f"{folder}/config.json: damaged: {where}: ")


@pytest.mark.parametrize("name", ["config.json", *model_files.DICTIONARY_LIMITS])
def test_json_that_is_nested_deeply_is_refused(name: str, folder: Path) -> None:
    content = b"[" * 60_000
    if name == "config.json":
        (folder / name).write_bytes(content)
    else:
        replace_file(folder, name, content)
    assert error_of(folder).startswith(f"{folder / name}: damaged")


@pytest.mark.parametrize(("name", "limit"), [("config.json", 2**16), *model_files.DICTIONARY_LIMITS.items()])
def test_a_file_beyond_its_limit_is_not_read(name: str, limit: int, folder: Path) -> None:
    with (folder / name).open("ab") as file:
        file.truncate(limit + 1)  # zeros that take no room on the disk
    assert error_of(folder) == f"{folder / name}: larger than the limit of {limit} bytes"


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_larger_than_the_config_declares_is_not_read(name: str, folder: Path) -> None:
    with (folder / name).open("ab") as file:
        file.truncate(2**36)
    assert error_of(folder).startswith(f"{folder / name}: larger than ")


def test_a_small_file_takes_little_memory_whatever_its_limit(folder: Path) -> None:
    tracemalloc.start()
    read_export(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < model_files.DICTIONARY_LIMITS["words.json"] / 2


def test_a_config_that_declares_more_than_the_limit_is_refused(folder: Path) -> None:
    edit_config(folder, lambda config: config["model"].update(hidden=8192, layers=8))
    assert error_of(folder).startswith(f"{folder}/tagger.onnx: needs ")


HUNGRY = """
import resource, sys
from tagger import Tagger, InputError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    Tagger(sys.argv[1])
except InputError as error:
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, error)
"""


def memory_and_error(folder: Path) -> tuple[int, str]:
    """Return what it takes to load a model, in megabytes, and why it is refused."""
    done = subprocess.run(
        [sys.executable, "-c", HUNGRY, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(export_folder.__file__).parents[1])},
    )
    megabytes, error = done.stdout.split(maxsplit=1)
    return int(megabytes), error


@pytest.mark.parametrize("kind", ["export", "nll"])
def test_a_config_that_declares_a_large_network_takes_no_memory(kind: str, folder: Path) -> None:
    edit_config(folder.parent / kind, lambda config: config["model"].update(hidden=4096))
    megabytes, error = memory_and_error(folder.parent / kind)
    assert "does not fit" in error
    assert megabytes < (100 if kind == "export" else 400)  # the network alone would take 540; torch takes 250


@pytest.mark.parametrize("filling", [b"\x3a\x02\x0a\x00", b"\x3a\x02\x2a\x00", b"\x08\x08", b"\x3a\x00"])
def test_a_file_of_something_else_takes_a_hundred_times_its_size_at_most(filling: bytes, tmp_path: Path) -> None:
    """It has as many empty nodes, empty weights or numbers as fit into the size that the config declares."""
    folder = make_export(tmp_path, hidden=200)
    size = (folder / "tagger.onnx").stat().st_size
    replace_file(folder, "tagger.onnx", filling * (size // len(filling)))
    megabytes, error = memory_and_error(folder)
    assert "does not fit" in error
    assert megabytes < 100 * size / 2**20


def test_nothing_is_written_on_loading(folder: Path) -> None:
    before = contents(folder)
    list(Tagger(folder).tag(["a b"]))
    assert contents(folder) == before
