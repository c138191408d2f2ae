"""spaCy's tok2vec tagger, as its config for efficiency on a CPU sets it up, from nothing pretrained."""

import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import spacy
from spacy.cli.init_config import init_config
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.training.batchers import minibatch_by_words
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as run_training

from tagger.core.corpus.indexed_corpus import Sentence

BATCH_WORDS = 1000  # where the schedule of the config ends; it begins at 100
DROPOUT = 0.1  # of the config
LANGUAGE = "xx"  # words come tokenised: no rules of one language


class SpacyTagger:
    """Components tok2vec and tagger; tags are read from `token.tag_`."""

    def start(self, train: Sequence[Sentence]) -> None:
        """Build the pipeline with the tags of the split."""
        spacy.util.fix_random_seed(1)
        self._nlp = spacy.util.load_model_from_config(_config(), auto_fill=True)
        self._optimizer = self._nlp.initialize(lambda: self._examples(train))

    def train(self, sentences: Sequence[Sentence]) -> int:
        """Make one pass over shuffled batches, as the config trains."""
        examples = list(self._examples(sentences))
        random.shuffle(examples)
        for batch in minibatch_by_words(examples, BATCH_WORDS, tolerance=0.2, discard_oversize=False):
            self._nlp.update(batch, sgd=self._optimizer, drop=DROPOUT)
        return 1

    def fit(self, train: Sequence[Sentence], dev: Sequence[Sentence]) -> None:
        """Train as `spacy train` does: until dev has not become better for 1600 steps, 20,000 steps at most."""
        with TemporaryDirectory() as name:
            folder, config = Path(name), _config()
            for split, sentences in (("train", train), ("dev", dev)):
                file = folder / f"{split}.spacy"  # it ignores files with another suffix
                DocBin(docs=[example.reference for example in self._examples(sentences)]).to_disk(file)
                config["paths"][split] = str(file)
            (folder / "model").mkdir()
            run_training(init_nlp(config), folder / "model")
            self._nlp = spacy.load(folder / "model" / "model-best")

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        """Return the tags of each sentence."""
        docs = (Doc(self._nlp.vocab, words=list(words)) for words in sentences)
        return [[token.tag_ for token in doc] for doc in self._nlp.pipe(docs)]

    def save(self, folder: Path) -> None:
        """Write the pipeline."""
        self._nlp.to_disk(folder)

    def load(self, folder: Path) -> None:
        """Read it."""
        self._nlp = spacy.load(folder)

    def _examples(self, sentences: Iterable[Sentence]) -> Iterator[Example]:
        for words, tags in sentences:
            gold = Doc(self._nlp.vocab, words=list(words), tags=list(tags))
            yield Example(Doc(self._nlp.vocab, words=list(words)), gold)


def _config() -> Any:
    return spacy.util.load_config_from_str(
        init_config(lang=LANGUAGE, pipeline=["tagger"], optimize="efficiency").to_str(interpolate=False)
    )
