"""Who is measured. Each is imported by the process that measures it alone: one that is missing hurts no other."""

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import Sentence

OURS = "lstm-tagger"
OURS_6, OURS_128 = f"{OURS}-6", f"{OURS}-128"  # with the network of the tutorial's loop


class Tags(Protocol):
    """A trained tagger."""

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        """Return the tags of each sentence, as strings."""


class Contestant(Tags, Protocol):
    """A tagger that can be trained, too."""

    def start(self, train: Sequence[Sentence]) -> None:
        """Build dictionaries and fresh weights for this training split."""

    def train(self, sentences: Sequence[Sentence]) -> int:
        """Train on a sample, and return how many passes over it were made."""

    def fit(self, train: Sequence[Sentence], dev: Sequence[Sentence]) -> None:
        """Train from the start to the end, as its makers do."""

    def save(self, folder: Path) -> None:
        """Write the trained model to an empty folder."""


Changes = Mapping[str, Mapping[str, object]]  # by section of params.yaml


class Entry(NamedTuple):
    """How a contestant is found, and what the harness has to know of it."""

    module: str  # of this package
    maker: str  # a callable of the module; without arguments it gives the contestant
    needs: str  # the module that has to be installed
    settings: str  # in words, for the results
    by_threads: bool = False  # whether more threads may be faster: one and all are tried
    whole: bool = False  # trained to its end always: how fast it tags depends on what it has learnt
    closed: bool = False  # has no answer to a word that training lacks: tags training sentences, without an accuracy
    changes: Changes | None = None  # the stages train it, with these changes to params.yaml
    like: str | None = None  # the one of ours that has the same network


# A plain network takes larger batches at a higher rate without loss. Accuracy on EWT's dev in the last of 12 epochs, as
# `python -m stages train nll 1` prints it, with these and with those of params.yaml: 6 wide 87.39, 87.23, 87.55 % and
# 87.47, 86.89, 87.22 % (seeds 1 to 3), 128 wide 90.65 and 90.67 % (seed 1).
BATCHES_6 = {"batch_tokens": 20_000, "min_batches": 1, "learning_rate": 0.1}
BATCHES_128 = {"batch_tokens": 8_000, "min_batches": 1, "learning_rate": 0.014}


def _plain_network(width: int) -> dict[str, object]:
    """Return the settings that reduce ours to the tutorial's Embedding, LSTM, Linear."""
    plain = {"characters": "none", "affix_dim": 0, "bidirectional": False, "dropout": 0}
    return plain | {"word_dim": width, "hidden": width}


CONTESTANTS = {
    OURS: Entry("ours", "Ours", "torch", "params.yaml, stages as DVC runs them; tags with models/export", changes={}),
    OURS_6: Entry(
        "ours",
        "Ours",
        "torch",
        "the same with the network of tutorial-6, batches of 20,000, learning rate 0.1",
        changes={"model": _plain_network(6), "train": BATCHES_6},
    ),
    OURS_128: Entry(
        "ours",
        "Ours",
        "torch",
        "the same with the network of tutorial-128, batches of 8,000, learning rate 0.014",
        changes={"model": _plain_network(128), "train": BATCHES_128},
    ),
    "tutorial-6": Entry(
        "tutorial",
        "small",
        "torch",
        "one sentence per step, SGD at 0.1, embedding 6, hidden 6",
        by_threads=True,
        closed=True,
        like=OURS_6,
    ),
    "tutorial-128": Entry(
        "tutorial",
        "large",
        "torch",
        "the same with embedding 128, hidden 128",
        by_threads=True,
        closed=True,
        like=OURS_128,
    ),
    "perceptron": Entry("perceptron", "Perceptron", "nltk", "NLTK's PerceptronTagger, 5 passes", whole=True),
    "crf": Entry(
        "crf",
        "Crf",
        "sklearn_crfsuite",
        "L-BFGS, at most 100 passes; word, affixes, shape in a window of 2",
        whole=True,
    ),
    "spacy": Entry("spacy_tagger", "SpacyTagger", "spacy", "tok2vec and tagger of the config for efficiency"),
    "flair": Entry(
        "flair_tagger",
        "FlairTagger",
        "flair",
        "BiLSTM 200 over words 100 and characters 25/25, no CRF",
        by_threads=True,
    ),
}

PEERS = [name for name, entry in CONTESTANTS.items() if entry.changes is None]


def choose(names: Sequence[str]) -> list[str]:
    """Return ours and the peers of these names, all of them where no name is given.

    Where a peer is chosen whose network one of ours has, that one is, too.

    Raises InputError if there is no contestant of a name.
    """
    for name in names:
        if name not in PEERS:
            raise InputError(f"peers: got {name!r}, expected one or more of: {', '.join(PEERS)}")
    peers = names or PEERS
    chosen = {OURS, *peers, *(CONTESTANTS[name].like for name in peers)}
    return [name for name in CONTESTANTS if name in chosen]


def is_installed(name: str) -> bool:
    """Return whether the package that a contestant needs is there."""
    return importlib.util.find_spec(CONTESTANTS[name].needs) is not None


def make(name: str) -> Contestant:
    """Import a contestant and return a fresh one. Ours can only tag: its stages train it."""
    entry = CONTESTANTS[name]
    module = importlib.import_module(f"{__name__}.{entry.module}")
    return cast(Contestant, getattr(module, entry.maker)())
