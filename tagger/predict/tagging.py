"""A trained model in use: words in, tags and probabilities out."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from tagger.core.common.arrays import Probabilities
from tagger.core.common.errors import InputError
from tagger.predict.export_folder import is_export
from tagger.predict.model_source import model_folder_of

CHUNK = 2048  # sentences tagged at once, at most: of so many, those of a batch are about equally long
CHUNK_WORDS = 50_000  # words after which a chunk ends
MOST_WORDS = 100_000  # of a sentence; a kilobyte of memory for each of the LSTM's units goes with a word
MOST_CHARACTERS = 100_000  # of a word


class TaggedSentence(NamedTuple):
    """A sentence with its tags; K tags of the model."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    distribution: Probabilities  # (words, K)
    tag_names: tuple[str, ...]  # K

    @property
    def probabilities(self) -> list[float]:
        """The probability of each word's tag."""
        return [float(value) for value in self.distribution.max(axis=1)] if self.words else []

    def alternatives(self, position: int, amount: int) -> list[tuple[str, float]]:
        """Return the most probable tags of a word, the best first."""
        row = self.distribution[position]
        best = np.argsort(-row, kind="stable")[:amount]
        return [(self.tag_names[tag], float(row[tag])) for tag in best]


class Scorer(Protocol):
    """What computes: ONNX Runtime for an export, torch for a trained model."""

    tag_names: tuple[str, ...]

    def probabilities(self, sentences: Sequence[Sequence[str]]) -> Probabilities:
        """Return the probability of each tag for each word of sentences that are not empty, in their order: (N, K)."""


class Tagger:
    """Tags sentences with a model, on the CPU. Threads may share one."""

    def __init__(self, folder: Path | str, *, threads: int | None = None, int8: bool = False) -> None:
        """Load a model folder: an export, or a trained model where torch is installed.

        Args:
            folder: such as models/export or models/nll.
            threads: that an export uses at once; as many as this process may use, where none is named.
            int8: compute in 8 bits, faster and a little less exact; the export has to hold that.

        Raises:
            InputError: the folder is missing or damaged, or is not what was asked for.
        """
        self._scorer = _scorer(Path(folder), threads, int8)
        self.tag_names = self._scorer.tag_names

    @classmethod
    def load(cls, source: Path | str, *, threads: int | None = None, int8: bool = False) -> "Tagger":
        """Load a model folder, or a model of MLflow's such as `models:/lstm-tagger@champion`.

        Raises:
            InputError: there is no such model, or it is damaged.
        """
        return cls(model_folder_of(str(source)), threads=threads, int8=int8)

    def tag(self, sentences: Iterable[str | Sequence[str]]) -> Iterator[TaggedSentence]:
        """Tag sentences in their order; an endless stream needs no more memory than a chunk.

        A sentence is a sequence of words, or a text whose words stand apart by white space. One without words comes
        back without tags.

        Raises:
            InputError: a sentence is neither, a word is empty, or one of them is longer than the limits above.
        """
        if isinstance(sentences, str):
            raise InputError(f"expected a list of sentences, got one text: {sentences[:60]!r}")
        chunk: list[tuple[str, ...]] = []
        size = 0
        for number, sentence in enumerate(sentences, start=1):
            chunk.append(_words(sentence, number))
            size += len(chunk[-1])
            if len(chunk) >= CHUNK or size >= CHUNK_WORDS:
                yield from self._tag_chunk(chunk)
                chunk, size = [], 0
        yield from self._tag_chunk(chunk)

    def _tag_chunk(self, chunk: list[tuple[str, ...]]) -> Iterator[TaggedSentence]:
        filled = [words for words in chunk if words]
        amount = len(self.tag_names)
        probabilities = self._scorer.probabilities(filled) if filled else np.empty((0, amount), dtype=np.float32)
        best = probabilities.argmax(axis=1)  # (N)
        first = 0
        for words in chunk:
            inside = slice(first, first + len(words))
            first += len(words)
            tags = tuple(self.tag_names[tag] for tag in best[inside])
            yield TaggedSentence(words, tags, probabilities[inside], self.tag_names)


def _scorer(folder: Path, threads: int | None, int8: bool) -> Scorer:
    if is_export(folder):
        from tagger.predict.onnx_scorer import OnnxScorer

        return OnnxScorer(folder, threads, int8)
    if int8:
        raise InputError(f"{folder}: a trained model, expected an export for int8")
    from tagger.predict.torch_scorer import TorchScorer

    return TorchScorer(folder)


def _words(sentence: str | Sequence[str], number: int) -> tuple[str, ...]:
    words = tuple(sentence.split() if isinstance(sentence, str) else sentence)
    if len(words) > MOST_WORDS:
        raise InputError(f"sentence {number}: {len(words)} words, expected at most {MOST_WORDS}")
    for place, word in enumerate(words, start=1):
        if not isinstance(word, str) or not 0 < len(word) <= MOST_CHARACTERS:
            found = f"{len(word)} characters" if isinstance(word, str) else f"got {word!r}"
            expected = f"expected a text of 1 to {MOST_CHARACTERS} characters"
            raise InputError(f"sentence {number}, word {place}: {found}, {expected}")
    return words
