"""The graphs as ONNX Runtime computes them, against torch, and as ONNX's own checker sees them."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from tagger.core.common.arrays import Float32s, Int32s
from tagger.core.corpus.encoded_split import EncodedSplit, encode
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.core.network.lstm_tagger import LstmTagger, tag_probabilities
from tagger.export.onnx_weights import INT8_LARGEST, form_weights, onnx_file, tagger_weights, to_int8
from tagger.predict.onnx_graphs import (
    OPSETS,
    form_graph,
    graphs_of,
    tagger_graph,
    weight_bytes,
    with_weights,
)
from tests.samples import CPU, NO_FORMS, RANDOM, fresh_model, model_params

SHAPES: list[dict[str, Any]] = [
    {},
    {"layers": 3},
    {"bidirectional": False, "layers": 2},
    {"characters": "lstm"},
    {"characters": "lstm", "affix_dim": 0},
    {"affix_dim": 0},
    {"characters": "none"},
    NO_FORMS,
    NO_FORMS | {"bidirectional": False},
]
SENTENCES = [
    ["abs", "Ωmega", "日本語", "x" * 60, "bs", "cy"],
    ["a"],
    ["🙂", "e\u0301"],
]


def split_of(sentences: list[list[str]]) -> EncodedSplit:
    return encode((Sentence(tuple(words), ()) for words in sentences), RANDOM.dictionaries)


def compute(model: LstmTagger, sentences: list[list[str]], int8: bool = False) -> Float32s:
    """Give the graphs all sentences at once, as the model card tells a stranger to."""
    dictionaries = RANDOM.dictionaries
    forms = sorted({word for words in sentences for word in words})
    inputs: dict[str, Any] = {
        "words": pad([[dictionaries.word_id(word) for word in words] for words in sentences]),
        "lengths": np.array([len(words) for words in sentences], dtype=np.int32),
    }
    if model.params.form_width:
        _, characters, affixes, _ = dictionaries.sizes
        graph = form_graph(model.params, characters, affixes, dictionaries.most_affixes)
        known = {
            "characters": pad([[dictionaries.characters.id(c) for c in form] for form in forms]),
            "lengths": np.array([len(form) for form in forms], dtype=np.int32),
            "affixes": np.array([dictionaries.affix_ids(form) for form in forms], dtype=np.int32),
        }
        content = onnx_file(graph, form_weights(model))
        given = {value.name: known[value.name] for value in graph.graph.input}
        (inputs["vectors"],) = onnxruntime.InferenceSession(content).run(None, given)
        inputs["forms"] = pad([[forms.index(word) for word in words] for words in sentences])
    weights = tagger_weights(model)
    graph = tagger_graph(model.params, len(dictionaries.words), len(dictionaries.tags), int8)
    content = onnx_file(graph, to_int8(weights) if int8 else weights)
    (probabilities,) = onnxruntime.InferenceSession(content).run(None, inputs)  # (T, B, K)
    return np.concatenate([probabilities[: len(words), row] for row, words in enumerate(sentences)])


def pad(rows: list[list[int]]) -> Int32s:
    padded = np.zeros((max(map(len, rows)), len(rows)), dtype=np.int32)
    for column, row in enumerate(rows):
        padded[: len(row), column] = row
    return padded


@pytest.mark.parametrize("changes", SHAPES)
@pytest.mark.parametrize("sentences", [SENTENCES, SENTENCES[:1], SENTENCES[1:2]], ids=["batch", "one", "word"])
def test_the_graphs_compute_what_torch_does(changes: dict[str, Any], sentences: list[list[str]]) -> None:
    model = fresh_model(RANDOM.dictionaries, **changes)
    expected = tag_probabilities(model, split_of(sentences), CPU)
    np.testing.assert_allclose(compute(model, sentences), expected, rtol=0, atol=1e-6)


def test_what_stands_behind_the_end_of_a_sentence_changes_nothing() -> None:
    model = fresh_model(RANDOM.dictionaries)
    alone, beside = compute(model, SENTENCES[1:2]), compute(model, SENTENCES)
    np.testing.assert_allclose(beside[6:7], alone, rtol=0, atol=1e-6)


@pytest.mark.parametrize("changes", SHAPES)
def test_8_bits_come_near(changes: dict[str, Any]) -> None:
    model = fresh_model(RANDOM.dictionaries, **changes)
    exact, rough = compute(model, SENTENCES), compute(model, SENTENCES, int8=True)
    assert 1e-7 < np.abs(exact - rough).max() < 0.02


def test_8_bits_use_their_range_row_by_row() -> None:
    weights = tagger_weights(fresh_model(RANDOM.dictionaries))
    rough = to_int8(weights)
    matrix = rough["layer_0_W"].transpose(0, 2, 1)
    assert (np.abs(matrix).max(axis=2) == INT8_LARGEST).all()
    restored = matrix * rough["layer_0_W_scale"][:, :, None]
    step = rough["layer_0_W_scale"].max()
    np.testing.assert_allclose(restored, weights["layer_0_W"], rtol=0, atol=0.51 * step)
    np.testing.assert_array_equal(rough["layer_0_B"], weights["layer_0_B"])


def test_a_row_of_zeros_stays_zero_in_8_bits() -> None:
    weights = tagger_weights(fresh_model(RANDOM.dictionaries))
    weights["layer_0_R"][0, 3] = 0
    assert (to_int8(weights)["layer_0_R"][0, :, 3] == 0).all()


@pytest.mark.parametrize("changes", SHAPES)
def test_the_files_are_valid_onnx_and_hold_just_what_is_declared(changes: dict[str, Any]) -> None:
    model = fresh_model(RANDOM.dictionaries, **changes)
    weights = {"characters.onnx": form_weights(model), "tagger.onnx": tagger_weights(model)}
    weights["tagger.int8.onnx"] = to_int8(weights["tagger.onnx"])
    for name, declared in graphs_of(model.params, RANDOM.dictionaries, int8=True).items():
        content = onnx_file(declared, weights[name])
        found = onnx.load_from_string(content)
        onnx.checker.check_model(found, full_check=True)
        raw = {weight.name: weight.raw_data for weight in found.graph.initializer}
        assert with_weights(declared, raw) == content
        arrays = {weight.name: numpy_helper.to_array(weight) for weight in found.graph.initializer}
        assert arrays.keys() == weights[name].keys()
        for weight, array in arrays.items():
            np.testing.assert_array_equal(array, weights[name][weight])
        assert weight_bytes(declared) == sum(weight.nbytes for weight in weights[name].values())
        assert 0 < len(content) - weight_bytes(declared) < 10_000
        assert not [text for text in (b"torch", b"/tmp", str(Path.cwd()).encode()) if text in content]


def test_the_exact_graphs_need_no_operation_beyond_onnx() -> None:
    graphs = graphs_of(model_params(layers=2), RANDOM.dictionaries, int8=False)
    assert sorted(graphs) == ["characters.onnx", "tagger.onnx"]
    assert {node.domain for declared in graphs.values() for node in declared.graph.node} == {""}
    assert OPSETS[""] == 17


def test_the_same_weights_give_the_same_bytes() -> None:
    declared = tagger_graph(model_params(), len(RANDOM.dictionaries.words), len(RANDOM.dictionaries.tags))
    first, second = (onnx_file(declared, tagger_weights(fresh_model(RANDOM.dictionaries))) for _ in range(2))
    assert first == second
    assert onnx_file(declared, tagger_weights(fresh_model(RANDOM.dictionaries, seed=2))) != first


def test_weights_of_another_shape_are_refused() -> None:
    declared = tagger_graph(model_params(hidden=6), len(RANDOM.dictionaries.words), len(RANDOM.dictionaries.tags))
    with pytest.raises(ValueError, match="layer_0_W has shape"):
        onnx_file(declared, tagger_weights(fresh_model(RANDOM.dictionaries)))


def test_a_missing_weight_is_refused() -> None:
    declared = tagger_graph(model_params(), len(RANDOM.dictionaries.words), len(RANDOM.dictionaries.tags))
    weights = tagger_weights(fresh_model(RANDOM.dictionaries))
    del weights["linear_bias"]
    with pytest.raises(ValueError, match="linear_bias: got 0 bytes, expected 20"):
        onnx_file(declared, weights)


def test_a_declared_graph_is_not_changed_by_its_weights() -> None:
    declared = tagger_graph(model_params(), len(RANDOM.dictionaries.words), len(RANDOM.dictionaries.tags))
    before = declared.SerializeToString(deterministic=True)
    assert len(onnx_file(declared, tagger_weights(fresh_model(RANDOM.dictionaries)))) > len(before)
    assert declared.SerializeToString(deterministic=True) == before
