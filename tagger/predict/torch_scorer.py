"""Tagging with a trained model, in torch."""

from collections.abc import Sequence
from pathlib import Path

from tagger.core.common.arrays import Probabilities
from tagger.core.corpus.encoded_split import encode
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.core.network.device import choose_device
from tagger.core.network.lstm_tagger import tag_probabilities
from tagger.core.network.model_folder import read_model


class TorchScorer:
    """Computes the probabilities of a trained model, on the CPU."""

    def __init__(self, folder: Path) -> None:
        self._device = choose_device("cpu")
        self._model, self.dictionaries = read_model(folder)

    def probabilities(self, sentences: Sequence[Sequence[str]]) -> Probabilities:
        """Return the probabilities of the K tags for the N words of these sentences, none of them empty: (N, K)."""
        split = encode((Sentence(self.dictionaries.spelt(words), ()) for words in sentences), self.dictionaries)
        return tag_probabilities(self._model, split, self._device)
