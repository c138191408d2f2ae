"""An exported model at work: the same answers in any batch, order and number of threads, and bounded memory."""

import random
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tagger.core.common.errors import InputError
from tagger.predict import onnx_scorer
from tagger.predict.onnx_scorer import FormVectors, OnnxScorer
from tagger.predict.tagging import Tagger
from tests.model_files import make_export
from tests.samples import NO_FORMS, random_corpus

ROOT = Path(__file__).parents[2]
CORPUS = [sentence.words for sentence in random_corpus(200, seed=4)] + [("日本語", "🙂", "x" * 500), ("a",)]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_export(tmp_path_factory.mktemp("scorer"))


@pytest.mark.parametrize("changes", [{}, NO_FORMS, {"characters": "lstm"}, {"layers": 2, "bidirectional": False}])
def test_an_export_says_what_the_trained_model_says(changes: dict[str, Any], tmp_path: Path) -> None:
    folder = make_export(tmp_path, **changes)
    for found, expected in zip(Tagger(folder).tag(CORPUS), Tagger(tmp_path / "nll").tag(CORPUS), strict=True):
        assert (found.words, found.tags) == (expected.words, expected.tags)
        np.testing.assert_allclose(found.distribution, expected.distribution, rtol=0, atol=2e-6)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_number_of_threads_changes_no_bit(threads: int, export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagger.predict.onnx_scorer.BATCH_TOKENS", 50)
    monkeypatch.setattr("tagger.predict.onnx_scorer.BATCH_CHARACTERS", 50)
    expected = OnnxScorer(export, threads=1).probabilities(CORPUS)
    np.testing.assert_array_equal(OnnxScorer(export, threads=threads).probabilities(CORPUS), expected)


def test_the_order_of_sentences_is_kept(export: Path) -> None:
    shuffled = random.Random(1).sample(CORPUS, len(CORPUS))
    tagger = Tagger(export)
    expected = {sentence.words: sentence.distribution for sentence in tagger.tag(CORPUS)}
    for sentence in tagger.tag(shuffled):
        np.testing.assert_allclose(sentence.distribution, expected[sentence.words], rtol=0, atol=1e-6)


def test_many_threads_may_share_a_tagger(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_scorer, "MOST_FORMS", 40)  # the memory is emptied again and again
    tagger = Tagger(export)
    expected = {sentence.words: sentence.tags for sentence in Tagger(export).tag(CORPUS)}
    wrong: list[object] = []

    def tag(seed: int) -> None:
        for words in random.Random(seed).sample(CORPUS, 60):
            (sentence,) = tagger.tag([words])
            if sentence.tags != expected[words]:
                wrong.append(sentence)

    threads = [threading.Thread(target=tag, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_8_bits_need_an_export_that_has_them(export: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        Tagger(export, int8=True)
    assert str(caught.value) == f"{export}/tagger.int8.onnx: no such file; expected an export with export.int8 on"
    folder = make_export(tmp_path, int8=True)
    (exact,), (rough,) = Tagger(folder).tag([CORPUS[0]]), Tagger(folder, int8=True).tag([CORPUS[0]])
    assert 0 < np.abs(exact.distribution - rough.distribution).max() < 0.05


def test_8_bits_of_a_trained_model_are_refused(export: Path) -> None:
    with pytest.raises(InputError, match="is a trained model, but int8 needs an export"):
        Tagger(export.parent / "nll", int8=True)


class Counting:
    """Encodes a form as its length, and counts."""

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def __call__(self, forms: object) -> np.ndarray:
        found = list(forms)  # type: ignore[call-overload]
        self.encoded += found
        return np.array([[len(form)] for form in found], dtype=np.float32)


def memory(monkeypatch: pytest.MonkeyPatch, forms: int, characters: int = 10_000) -> tuple[FormVectors, Counting]:
    monkeypatch.setattr(onnx_scorer, "MOST_FORMS", forms)
    monkeypatch.setattr(onnx_scorer, "MOST_CHARACTERS", characters)
    encode = Counting()
    return FormVectors(encode, 1), encode


def test_a_form_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    known, encode = memory(monkeypatch, 10)
    for words in (["a", "bb", "a"], ["bb", "ccc"]):
        forms, rows, vectors = known.look_up(words)
        assert vectors[rows, 0].tolist() == [len(word) for word in words]
        assert [forms[row] for row in rows] == words
    assert encode.encoded == ["a", "bb", "ccc"]


@pytest.mark.parametrize(("forms", "characters"), [(3, 10_000), (100, 8)])
def test_the_memory_is_emptied_when_it_is_full(forms: int, characters: int, monkeypatch: pytest.MonkeyPatch) -> None:
    known, encode = memory(monkeypatch, forms, characters)
    _, first_rows, first_vectors = known.look_up(["a", "bb", "ccc"])
    _, rows, vectors = known.look_up(["a", "dddd"])
    assert encode.encoded == ["a", "bb", "ccc", "a", "dddd"]
    assert vectors[rows, 0].tolist() == [1, 4]
    assert first_vectors[first_rows, 0].tolist() == [1, 2, 3]  # what was given out stays


def test_more_forms_than_are_kept_are_still_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    known, _ = memory(monkeypatch, 2)
    words = ["a", "bb", "ccc", "dddd"]
    _, rows, vectors = known.look_up(words)
    assert vectors[rows, 0].tolist() == [1, 2, 3, 4]
    _, rows, vectors = known.look_up(["eeeee"])
    assert vectors[rows, 0].tolist() == [5]
    assert len(vectors) == 1


@pytest.mark.parametrize("changes", [{}, {"characters": "none"}])
def test_letters_take_memory_for_a_batch_at_a_time(changes: dict[str, Any], tmp_path: Path) -> None:
    scorer = OnnxScorer(make_export(tmp_path, **changes), threads=1)
    words = [f"{number:01000}" for number in range(900)]
    tracemalloc.start()
    try:
        scorer.probabilities([words])
        assert tracemalloc.get_traced_memory()[1] < 3_000_000  # ids of all letters would take 10
    finally:
        tracemalloc.stop()


STREAM = """
import itertools, resource, sys
from tagger import Tagger
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
words = (f"word{number}" for number in itertools.count())
tagger = Tagger(sys.argv[1])
stream = tagger.tag(list(itertools.islice(words, 10)) for _ in itertools.count())
for _ in itertools.islice(stream, 4000): pass
before = peak()
for _ in itertools.islice(stream, 12000): pass
print(peak() - before)
print([name for name in ("torch", "pandas", "mlflow", "dvc", "safetensors", "yaml", "ruamel") if name in sys.modules])
"""


def test_memory_does_not_grow_with_the_stream_and_nothing_else_is_imported(export: Path) -> None:
    command = [sys.executable, "-c", STREAM, str(export)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    growth, imported = done.stdout.splitlines()
    assert int(growth) < 20  # megabytes
    assert imported == "[]"
