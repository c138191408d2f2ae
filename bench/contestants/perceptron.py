"""The averaged perceptron of NLTK."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

from nltk.tag.perceptron import PerceptronTagger

from tagger.core.corpus.indexed_corpus import Sentence


class Perceptron:
    """Greedy, with the features and the dictionary of frequent words that it comes with."""

    def start(self, train: Sequence[Sentence]) -> None:  # noqa: ARG002 - its training counts the words itself
        """Forget all."""
        random.seed(1)  # it shuffles
        self._tagger = PerceptronTagger(load=False)

    def train(self, sentences: Sequence[Sentence]) -> int:
        """Make one pass from fresh weights: a second training would average over averages."""
        return self._run(sentences, passes=1)

    def fit(self, train: Sequence[Sentence], dev: Sequence[Sentence]) -> None:  # noqa: ARG002 - it has no use for dev
        """Make NLTK's own number of passes."""
        self._run(train, passes=5)

    def _run(self, sentences: Sequence[Sentence], passes: int) -> int:
        self.start(sentences)
        self._tagger.train([list(zip(*sentence, strict=True)) for sentence in sentences], nr_iter=passes)
        return passes

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        """Return the tags of each sentence."""
        return [[tag for _, tag in self._tagger.tag(words)] for words in sentences]

    def save(self, folder: Path) -> None:
        """Write what NLTK would; its own `save_to_json` writes nowhere but below its data folders."""
        weights, known, classes = self._tagger.model.weights, self._tagger.tagdict, sorted(self._tagger.classes)
        (folder / "model.json").write_text(json.dumps([weights, known, classes]), encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Read it."""
        weights, known, classes = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        self._tagger = PerceptronTagger(load=False)
        self._tagger.model.weights, self._tagger.tagdict = weights, known
        self._tagger.classes = self._tagger.model.classes = set(classes)
