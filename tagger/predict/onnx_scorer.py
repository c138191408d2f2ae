"""Tagging with an exported model: ONNX Runtime and numpy."""

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
from tagger.core.corpus.dictionary import PADDING, Dictionaries
from tagger.predict.export_folder import read_export

BATCH_TOKENS = 1000  # places in a batch, padding included
BATCH_CHARACTERS = 8000
# The most that the memory of word forms holds.
MOST_FORMS = 30_000
MOST_CHARACTERS = 1_000_000  # of all forms together
MOST_BYTES = 2**26  # of all vectors together


class OnnxScorer:
    """Computes the probabilities of an exported model, one batch per thread at a time."""

    def __init__(self, folder: Path, threads: int | None = None, int8: bool = False) -> None:
        """Load an export; the arguments are those of `Tagger`.

        Raises:
            InputError: the folder is missing or damaged, or has no tagger in 8 bits.
        """
        config, dictionaries, graphs = read_export(folder)
        name = "tagger.int8.onnx" if int8 else "tagger.onnx"
        if name not in graphs:
            raise InputError(f"{folder / name}: no such file; expected an export with export.int8 on")
        self.tag_names = tuple(dictionaries.tags.entries)
        self.dictionaries, self._model = dictionaries, config.model
        self._form_encoder = _session(graphs["characters.onnx"]) if config.model.form_width else None
        self._tagger = _session(graphs[name])
        self._forms = FormVectors(dictionaries, self._encode, config.model.form_width)
        available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        self._threads = threads or available or 1
        self._pool = ThreadPoolExecutor(self._threads)

    def probabilities(self, sentences: Sequence[Sequence[str]]) -> Probabilities:
        """Return the probabilities of the K tags for the N words of these sentences, none of them empty: (N, K)."""
        words = self.dictionaries.spelt(word for sentence in sentences for word in sentence)
        rows, word_ids, vectors = self._forms.look_up(words)
        starts, lengths = _layout(sentences)
        result = np.empty((len(words), len(self.tag_names)), dtype=np.float32)

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
    """A bounded memory of word forms. It is emptied once it is full, which is simple, and common forms soon return.

    Shapes: F forms, N words, V width of a vector.
    """

    def __init__(self, dictionaries: Dictionaries, encode: Callable[[Sequence[str]], Float32s], width: int) -> None:
        """Begin empty; `encode` returns the vectors of forms, (F, V), and `width` is V."""
        self._word_id = dictionaries.word_id
        self._encode = encode
        self._width = width
        self._most = max(1, min(MOST_FORMS, MOST_BYTES // (4 * max(1, width))))
        self._lock = Lock()
        self._empty(self._most)

    def look_up(self, words: Sequence[str]) -> tuple[Int32s, Int32s, Float32s]:
        """Return the row of each word in two arrays, (N), and these: word ids, (F), and vectors, (F, V).

        New forms are encoded first. Many threads may call it.
        """
        with self._lock:
            new = dict.fromkeys(word for word in words if word not in self._rows)
            characters = self._characters + sum(map(len, new))
            room = len(self._word_ids) - len(self._rows)
            if new and (len(new) > room or characters > MOST_CHARACTERS):
                new = dict.fromkeys(words)
                self._empty(max(self._most, len(new)))
            if new:
                self._add(list(new))
            rows = np.array([self._rows[word] for word in words], dtype=np.int32)
            # No copy is needed: emptying makes new arrays, and adding writes only to rows that no earlier answer uses.
            return rows, self._word_ids, self._vectors

    def _empty(self, size: int) -> None:
        self._rows: dict[str, int] = {}
        self._characters = 0
        self._word_ids: Int32s = np.empty(size, dtype=np.int32)
        self._vectors: Float32s = np.empty((size, self._width), dtype=np.float32)

    def _add(self, new: Sequence[str]) -> None:
        places = range(len(self._rows), len(self._rows) + len(new))
        self._vectors[places] = self._encode(new)
        self._word_ids[places] = [self._word_id(form) for form in new]
        self._rows.update(zip(new, places, strict=True))
        self._characters += sum(map(len, new))


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
