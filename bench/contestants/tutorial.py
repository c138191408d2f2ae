"""The loop of PyTorch's tutorial on LSTM taggers, written anew from its description.

Embedding, LSTM, Linear, log_softmax; NLLLoss; plain SGD; one sentence a step, looked up word by word in a dictionary
that knows no other words than training's. Source: "Sequence Models and Long Short-Term Memory Networks", PyTorch
tutorials, https://docs.pytorch.org/tutorials/beginner/nlp/sequence_models_tutorial.html
"""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from tagger.core.corpus.indexed_corpus import Sentence

LEARNING_RATE = 0.1


class Network(nn.Module):
    """Scores of one sentence."""

    def __init__(self, words: int, tags: int, embedding: int, hidden: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, embedding)
        self.lstm = nn.LSTM(embedding, hidden)
        self.linear = nn.Linear(hidden, tags)

    def forward(self, words: Tensor) -> Tensor:
        """Return log-probabilities: (T) ids -> (T, K)."""
        states, _ = self.lstm(self.embedding(words).view(len(words), 1, -1))  # (T, 1, H)
        return nn.functional.log_softmax(self.linear(states.view(len(words), -1)), dim=1)


class Tutorial:
    """The loop, with a network of these widths."""

    def __init__(self, embedding: int, hidden: int) -> None:
        self._widths = (embedding, hidden)

    def start(self, train: Sequence[Sentence]) -> None:
        """Number words and tags in the order of their first occurrence."""
        words, tags = dict[str, int](), dict[str, int]()
        for sentence in train:
            for word, tag in zip(sentence.words, sentence.tags, strict=True):
                words.setdefault(word, len(words))
                tags.setdefault(tag, len(tags))
        self._build(words, tags)

    def _build(self, words: dict[str, int], tags: dict[str, int]) -> None:
        torch.manual_seed(1)
        self._words, self._tags, self._tag_names = words, tags, list(tags)
        self._network = Network(len(words), len(tags), *self._widths)
        self._optimizer = torch.optim.SGD(self._network.parameters(), lr=LEARNING_RATE)

    def train(self, sentences: Sequence[Sentence]) -> int:
        """Make one pass."""
        criterion = nn.NLLLoss()
        for sentence in sentences:
            self._network.zero_grad()
            tags = torch.tensor([self._tags[tag] for tag in sentence.tags], dtype=torch.long)
            criterion(self._network(self._look_up(sentence.words)), tags).backward()
            self._optimizer.step()
        return 1

    def fit(self, train: Sequence[Sentence], dev: Sequence[Sentence]) -> None:  # noqa: ARG002 - it has no use for dev
        """Make one pass: with no answer to an unknown word it has no accuracy to reach."""
        self.train(train)

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        """Return the tags of each sentence.

        Raises KeyError for a word that training lacks.
        """
        with torch.no_grad():
            best = [self._network(self._look_up(words)).argmax(dim=1).tolist() for words in sentences]
        return [[self._tag_names[tag] for tag in row] for row in best]

    def save(self, folder: Path) -> None:
        """Write weights and dictionaries."""
        save_file(self._network.state_dict(), folder / "weights.safetensors")
        (folder / "dictionaries.json").write_text(json.dumps([self._words, self._tags]), encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Read them."""
        self._build(*json.loads((folder / "dictionaries.json").read_text(encoding="utf-8")))
        self._network.load_state_dict(load_file(folder / "weights.safetensors"))

    def _look_up(self, words: Sequence[str]) -> Tensor:
        return torch.tensor([self._words[word] for word in words], dtype=torch.long)


def small() -> Tutorial:
    """Return it at the tutorial's dimensions."""
    return Tutorial(6, 6)


def large() -> Tutorial:
    """Return it at widths that a real corpus needs."""
    return Tutorial(128, 128)
