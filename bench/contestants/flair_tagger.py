"""Flair's SequenceTagger: a BiLSTM over trained word and character embeddings; nothing pretrained, nothing fetched."""

import logging
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import flair
import torch
from flair.data import Corpus, Dictionary
from flair.data import Sentence as FlairSentence
from flair.embeddings import CharacterEmbeddings, OneHotEmbeddings, StackedEmbeddings
from flair.models import SequenceTagger
from flair.trainers import ModelTrainer

from tagger.core.corpus.indexed_corpus import Sentence

EPOCHS = 12  # as many as params.yaml has; Flair's own 100 would take hours
WORD_DIM = 100
HIDDEN = 200
LABEL = "pos"

flair.device = torch.device("cpu")
logging.getLogger("flair").setLevel(logging.ERROR)


class FlairTagger:
    """Without a CRF, as ours is: that is the faster of its two decoders."""

    def start(self, train: Sequence[Sentence]) -> None:
        """Build dictionaries and the network."""
        flair.set_seed(1)
        words, characters, tags = Dictionary(), Dictionary(), Dictionary(add_unk=False)
        for sentence in train:
            for word, tag in zip(sentence.words, sentence.tags, strict=True):
                words.add_item(word)
                tags.add_item(tag)
                for character in word:
                    characters.add_item(character)
        embeddings = StackedEmbeddings(
            [OneHotEmbeddings(words, embedding_length=WORD_DIM), CharacterEmbeddings(characters)]
        )
        self._tagger = SequenceTagger(embeddings, tags, LABEL, hidden_size=HIDDEN, use_crf=False)

    def train(self, sentences: Sequence[Sentence]) -> int:
        """Make one pass with the trainer's own settings: SGD at 0.1, 32 sentences a step."""
        self._run(sentences, [], epochs=1)
        return 1

    def fit(self, train: Sequence[Sentence], dev: Sequence[Sentence]) -> None:
        """Train for `EPOCHS`, keeping the best on dev."""
        self._run(train, dev, epochs=EPOCHS)

    def _run(self, train: Sequence[Sentence], dev: Sequence[Sentence], epochs: int) -> None:
        corpus = Corpus(_tagged(train), _tagged(dev), sample_missing_splits=False)
        with TemporaryDirectory() as folder:
            ModelTrainer(self._tagger, corpus).train(
                folder, max_epochs=epochs, save_final_model=False, create_file_logs=False, create_loss_file=False
            )

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        """Return the tags of each sentence."""
        found = [FlairSentence(list(words)) for words in sentences]
        self._tagger.predict(found)
        return [[token.get_label(LABEL).value for token in sentence] for sentence in found]

    def save(self, folder: Path) -> None:
        """Write the object: Flair's own format forgets the names of the embeddings, and so swaps them."""
        torch.save(self._tagger, folder / "model.pt")

    def load(self, folder: Path) -> None:
        """Read it: a pickle, but one that this run has written."""
        self._tagger = torch.load(folder / "model.pt", weights_only=False)


def _tagged(sentences: Sequence[Sentence]) -> list[FlairSentence]:
    result = []
    for words, tags in sentences:
        sentence = FlairSentence(list(words))
        for token, tag in zip(sentence, tags, strict=True):
            token.add_label(LABEL, tag)
        result.append(sentence)
    return result
