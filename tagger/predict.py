"""A trained model in use: words in, tags and probabilities out."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tagger.calibration import Probabilities
from tagger.device import choose_device
from tagger.encoding import encode
from tagger.formats import Sentence
from tagger.inference import tag_probabilities
from tagger.model_folder import read_model

CHUNK = 256  # sentences tagged at once


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


class Tagger:
    """Tags sentences with a trained model, on the CPU."""

    def __init__(self, folder: Path) -> None:
        """Load a model folder.

        Raises:
            InputError: the folder is missing or damaged.
        """
        self._device = choose_device("cpu")
        self._model, self._dictionaries = read_model(folder)
        self.tag_names = tuple(self._dictionaries.tags.entries)

    def tag(self, sentences: Iterable[Sequence[str]]) -> Iterator[TaggedSentence]:
        """Tag sentences, each a sequence of words, in their order; an endless stream needs no more memory than a chunk.

        A sentence without words comes back without tags.
        """
        stream = iter(sentences)
        while chunk := [tuple(words) for words in islice(stream, CHUNK)]:
            yield from self._tag_chunk(chunk)

    def _tag_chunk(self, chunk: list[tuple[str, ...]]) -> Iterator[TaggedSentence]:
        split = encode((Sentence(words, ()) for words in chunk if words), self._dictionaries)
        probabilities = tag_probabilities(self._model, split, self._device)  # (N, K)
        first = 0
        for words in chunk:
            distribution = probabilities[first : first + len(words)]
            first += len(words)
            tags = tuple(self.tag_names[tag] for tag in distribution.argmax(axis=1)) if words else ()
            yield TaggedSentence(words, tags, distribution, self.tag_names)
