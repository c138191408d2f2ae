"""An exported model at work: ONNX Runtime and numpy."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime

from tagger.core.common.arrays import Array, Float32s, Int64s, Probabilities
from tagger.core.common.errors import InputError
from tagger.core.corpus.batch_plan import plan_batches
from tagger.core.corpus.dictionary import PADDING
from tagger.predict.export_folder import read_export
from tagger.predict.form_vectors import FormVectors

BATCH_TOKENS = 1000  # places in a batch, padding included
BATCH_CHARACTERS = 8000


class OnnxScorer:
    """The probabilities of an exported model, with as many batches at a time as there are threads."""

    def __init__(self, folder: Path, threads: int | None = None, int8: bool = False) -> None:
        """Load an export.

        Args:
            folder: as `write_export` wrote it.
            threads: used at once; as many as this process may use, where none is named.
            int8: take the tagger that computes in 8 bits.

        Raises:
            InputError: the folder is missing or damaged, or has no tagger in 8 bits.
        """
        config, dictionaries, graphs = read_export(folder)
        name = "tagger.int8.onnx" if int8 else "tagger.onnx"
        if name not in graphs:
            raise InputError(f"{folder / name}: no such file; expected an export with export.int8 on")
        self.tag_names = tuple(dictionaries.tags.entries)
        self._dictionaries, self._model = dictionaries, config.model
        self._form_encoder = _session(graphs["characters.onnx"]) if config.model.form_width else None
        self._tagger = _session(graphs[name])
        self._forms = FormVectors(dictionaries, self._encode, config.model.form_width)
        self._threads = threads or _available_threads()
        self._pool = ThreadPoolExecutor(self._threads)

    def probabilities(self, sentences: Sequence[Sequence[str]]) -> Probabilities:
        """Return the probability of each tag for each word of sentences that are not empty, in their order: (N, K)."""
        words = [word for sentence in sentences for word in sentence]
        rows, word_ids, vectors = self._forms.look_up(words)
        lengths = np.array([len(sentence) for sentence in sentences], dtype=np.int64)
        starts = np.cumsum(lengths) - lengths
        result = np.empty((len(words), len(self.tag_names)), dtype=np.float32)

        def tag(batch: Int64s) -> None:
            steps = np.arange(lengths[batch].max())[:, None]
            real = steps < lengths[batch]  # (T, B)
            places = (steps + starts[batch])[real]  # (real tokens) among the words
            forms = np.zeros(real.shape, dtype=np.int32)
            forms[real] = rows[places]
            ids = np.full(real.shape, PADDING, dtype=np.int32)
            ids[real] = word_ids[rows[places]]
            inputs: dict[str, Array] = {"words": ids, "lengths": lengths[batch].astype(np.int32)}
            if self._form_encoder is not None:
                inputs |= {"forms": forms, "vectors": vectors}
            (probabilities,) = self._tagger.run(["probabilities"], inputs)  # (T, B, K)
            result[places] = probabilities[real]

        self._each(tag, plan_batches(lengths, BATCH_TOKENS))
        return result

    def _encode(self, forms: Sequence[str]) -> Float32s:
        """Return the vectors of forms: (F, V)."""
        vectors = np.empty((len(forms), self._model.form_width), dtype=np.float32)
        session, dictionaries = self._form_encoder, self._dictionaries
        if session is None:
            return vectors
        lengths = np.array([len(form) for form in forms], dtype=np.int64)
        needed = {value.name for value in session.get_inputs()}

        def encode(batch: Int64s) -> None:
            inputs = {"lengths": lengths[batch].astype(np.int32)}
            if "characters" in needed:
                real = np.arange(lengths[batch].max()) < lengths[batch][:, None]  # (F, C)
                characters = np.full(real.shape, PADDING, dtype=np.int32)
                characters[real] = [dictionaries.characters.id(letter) for form in batch for letter in forms[form]]
                inputs["characters"] = np.ascontiguousarray(characters.T)
            if "affixes" in needed:
                inputs["affixes"] = np.array([dictionaries.affix_ids(forms[form]) for form in batch], dtype=np.int32)
            given = {name: inputs[name] for name in needed}
            (vectors[batch],) = session.run(["vectors"], given)

        self._each(encode, plan_batches(lengths, BATCH_CHARACTERS))
        return vectors

    def _each(self, work: Callable[[Int64s], None], batches: Iterable[Int64s]) -> None:
        """Do the batches, the longest first so that no thread is left with it at the end."""
        waiting = list(batches)[::-1]
        if len(waiting) == 1 or self._threads == 1:
            for batch in waiting:
                work(batch)
        else:
            list(self._pool.map(work, waiting))


def _session(content: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # batches run side by side instead
    options.enable_mem_pattern = False  # it would keep something for every shape that it meets
    options.enable_cpu_mem_arena = False  # it would keep what the longest sentence took
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _available_threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
