"""Tagging with an exported model, in ONNX Runtime and NumPy."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import numpy as np
import onnxruntime

from tagger.core.common.arrays import Array, Flags, Float32s, Int32s, Int64s, Probabilities
from tagger.core.common.errors import InputError
from tagger.core.corpus.batch_plan import plan_batches
from tagger.core.corpus.dictionary import PADDING
from tagger.predict.export_folder import read_export

BATCH_TOKENS = 1000  # places in a batch, padding included
BATCH_CHARACTERS = 8000
# Limits of the cache of word forms.
MOST_FORMS = 30_000
MOST_CHARACTERS = 1_000_000  # of all forms together
MOST_BYTES = 2**26  # of all vectors together


class OnnxScorer:
    """Computes the probabilities of an export, one batch per thread at a time. The arguments are those of `Tagger`."""

    def __init__(self, folder: Path, threads: int | None = None, int8: bool = False) -> None:
        config, dictionaries, graphs = read_export(folder)
        name = "tagger.int8.onnx" if int8 else "tagger.onnx"
        if name not in graphs:
            raise InputError(f"{folder / name}: no such file; expected an export with export.int8 on")
        self.dictionaries, self._model = dictionaries, config.model
        self._form_encoder = _session(graphs["characters.onnx"]) if config.model.form_width else None
        self._tagger = _session(graphs[name])
        self._forms = FormVectors(self._encode, config.model.form_width)
        available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        self._threads = threads or available or 1
        self._pool = ThreadPoolExecutor(self._threads)

    def probabilities(self, sentences: Sequence[Sequence[str]]) -> Probabilities:
        """Return the probabilities of the K tags for the N words of these sentences, none of them empty: (N, K)."""
        words = self.dictionaries.spelt(word for sentence in sentences for word in sentence)
        forms, rows, vectors = self._forms.look_up(words)
        word_ids = np.array([self.dictionaries.word_id(form) for form in forms], dtype=np.int32)
        starts, lengths = _layout(sentences)
        result = np.empty((len(words), len(self.dictionaries.tags)), dtype=np.float32)

        def tag(batch: Int64s) -> None:
            real, places = _grid(starts[batch], lengths[batch])
            inputs: dict[str, Array] = {
                "words": _pad(word_ids[rows[places]], real),
                "lengths": lengths[batch].astype(np.int32),
            }
            if self._form_encoder is not None:
                inputs |= {"forms": _pad(rows[places], real), "vectors": vectors}
            (probabilities,) = self._tagger.run(["probabilities"], inputs)  # (T, B, K)
            result[places] = probabilities[real]

        self._each(tag, plan_batches(lengths, BATCH_TOKENS))
        return result

    def _encode(self, forms: Sequence[str]) -> Float32s:
        """Return the vectors of forms: (F, V)."""
        vectors = np.empty((len(forms), self._model.form_width), dtype=np.float32)
        session, dictionaries = self._form_encoder, self.dictionaries
        if session is None:
            return vectors

        def encode(batch: Int64s) -> None:
            chosen = [forms[place] for place in batch]
            starts, lengths = _layout(chosen)
            inputs: dict[str, Array] = {}
            if self._model.characters != "none":
                ids = np.array([dictionaries.characters.id(letter) for form in chosen for letter in form], np.int32)
                real, places = _grid(starts, lengths)
                inputs["characters"] = _pad(ids[places], real)  # (C, F)
            if self._model.characters == "lstm":
                inputs["lengths"] = lengths.astype(np.int32)
            if self._model.affix_dim:
                inputs["affixes"] = np.array([dictionaries.affix_ids(form) for form in chosen], dtype=np.int32)
            (vectors[batch],) = session.run(["vectors"], inputs)

        self._each(encode, plan_batches(_layout(forms)[1], BATCH_CHARACTERS))
        return vectors

    def _each(self, work: Callable[[Int64s], None], batches: Sequence[Int64s]) -> None:
        """Process the batches, the longest first so that no thread is left with it at the end."""
        run = map if len(batches) == 1 or self._threads == 1 else self._pool.map
        list(run(work, reversed(batches)))


class FormVectors:
    """A bounded cache of the vectors of forms, (F, V). It is emptied when it is full; common forms soon return."""

    def __init__(self, encode: Callable[[Sequence[str]], Float32s], width: int) -> None:
        self._encode = encode  # from forms to their vectors, (F, V)
        self._most = max(1, min(MOST_FORMS, MOST_BYTES // (4 * max(1, width))))
        self._lock = Lock()
        self._vectors: dict[str, Float32s] = {}
        self._characters = 0

    def look_up(self, words: Sequence[str]) -> tuple[Sequence[str], Int32s, Float32s]:
        """Return the distinct forms among words, the row of each word in them, (N), and their vectors. Thread-safe."""
        row_of = {form: row for row, form in enumerate(dict.fromkeys(words))}
        with self._lock:
            new = [form for form in row_of if form not in self._vectors]
            size, characters = len(self._vectors) + len(new), self._characters + sum(map(len, new))
            if new and (size > self._most or characters > MOST_CHARACTERS):
                self._vectors, new = {}, [*row_of]
                characters = sum(map(len, new))
            self._vectors |= zip(new, self._encode(new), strict=True)
            self._characters = characters
            vectors = np.array([self._vectors[form] for form in row_of])
        return [*row_of], np.array([row_of[word] for word in words], dtype=np.int32), vectors


def _layout(texts: Sequence[Sequence[str]]) -> tuple[Int64s, Int64s]:
    """Return where each text starts if they stand one after another, and their lengths."""
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    return np.cumsum(lengths) - lengths, lengths


def _grid(starts: Int64s, lengths: Int64s) -> tuple[Flags, Int64s]:
    """Return where padded sequences hold values, (T, B), and the places of these values in a flat array."""
    steps = np.arange(lengths.max())[:, None]
    real = steps < lengths
    return real, (steps + starts)[real]


def _pad(values: Int32s, real: Flags) -> Int32s:
    """Put values where sequences hold them: (T, B)."""
    padded = np.full(real.shape, PADDING, dtype=np.int32)
    padded[real] = values
    return padded


def _session(content: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # batches run in parallel instead
    options.enable_mem_pattern = False  # it would keep a plan for every shape of input
    options.enable_cpu_mem_arena = False  # it would keep the memory that the longest sentence took
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
