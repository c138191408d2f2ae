"""Tagging with a trained model: words in, tags and probabilities out."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tagger.core.common.arrays import Probabilities
from tagger.core.common.errors import InputError
from tagger.core.corpus.span_tags import best_tags
from tagger.predict.export_folder import is_export
from tagger.predict.model_source import model_folder_of
from tagger.predict.sentences import read_sentences

if TYPE_CHECKING:
    from tagger.predict import onnx_scorer, torch_scorer

CHUNK = 2048  # sentences tagged at once, at most: enough to batch sentences of similar length
CHUNK_WORDS = 50_000  # words after which a chunk ends


class TaggedSentence(NamedTuple):
    """A sentence with its tags, out of the model's K tags."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    distribution: Probabilities  # (words, K)
    tag_names: tuple[str, ...]  # K
    column: str = "upos"  # of CoNLL-U, in which such tags stand

    @property
    def probabilities(self) -> list[float]:
        """The probability of each word's tag."""
        return [float(row[self.tag_names.index(tag)]) for row, tag in zip(self.distribution, self.tags, strict=True)]

    def alternatives(self, position: int, amount: int) -> list[tuple[str, float]]:
        """Return the most probable tags of a word, the best first."""
        row = self.distribution[position]
        best = np.argsort(-row, kind="stable")[:amount]
        return [(self.tag_names[tag], float(row[tag])) for tag in best]


class Tagger:
    """Tags sentences with a model, on the CPU. Threads may share one."""

    def __init__(self, folder: Path | str, *, threads: int | None = None, int8: bool = False) -> None:
        """Load a model folder: an export, or a trained model if torch is installed.

        Args:
            folder: such as models/export or models/nll.
            threads: how many an export uses at once; by default as many as this process may use.
            int8: compute in 8 bits, which is faster and slightly less exact; needs an export with `export.int8`.

        Raises InputError if the folder is missing or damaged, or can't do what was asked for.
        """
        path = Path(folder)
        self._scorer: onnx_scorer.OnnxScorer | torch_scorer.TorchScorer
        if is_export(path):
            from tagger.predict.onnx_scorer import OnnxScorer

            self._scorer = OnnxScorer(path, threads, int8)
        elif int8:
            raise InputError(f"{path}: is a trained model, but int8 needs an export")
        else:
            from tagger.predict.torch_scorer import TorchScorer

            self._scorer = TorchScorer(path)
        self.dictionaries = self._scorer.dictionaries
        self.tag_names = tuple(self.dictionaries.tags.entries)

    @classmethod
    def load(cls, source: Path | str, *, threads: int | None = None, int8: bool = False) -> "Tagger":
        """Load a model folder, `models:/lstm-tagger@champion` from MLflow, or `hf://owner/name@revision` from the Hub.

        Raises InputError if there is no such model, or it is damaged.
        """
        with model_folder_of(str(source)) as folder:
            return cls(folder, threads=threads, int8=int8)

    def tag(self, sentences: Iterable[str | Iterable[str]]) -> Iterator[TaggedSentence]:
        """Tag sentences in their order; an endless stream needs no more memory than a chunk.

        A sentence is an iterable of words, such as a list or an array, or a text whose words are separated by white
        space. A sentence without words comes back without tags. Raises InputError if a sentence is something else, or
        breaks a rule of `read_sentences`.
        """
        chunk: list[tuple[str, ...]] = []
        size = 0
        for words in read_sentences(sentences):
            chunk.append(words)
            size += len(words)
            if len(chunk) >= CHUNK or size >= CHUNK_WORDS:
                yield from self._tag_chunk(chunk)
                chunk, size = [], 0
        yield from self._tag_chunk(chunk)

    def _tag_chunk(self, chunk: list[tuple[str, ...]]) -> Iterator[TaggedSentence]:
        filled = [words for words in chunk if words]
        amount = len(self.tag_names)
        probabilities = self._scorer.probabilities(filled) if filled else np.empty((0, amount), dtype=np.float32)
        best = best_tags(probabilities, [*map(len, filled)], self.dictionaries.may_follow)  # (N)
        first = 0
        for words in chunk:
            inside = slice(first, first + len(words))
            first += len(words)
            tags = tuple(self.tag_names[tag] for tag in best[inside])
            yield TaggedSentence(words, tags, probabilities[inside], self.tag_names, self.dictionaries.column)
