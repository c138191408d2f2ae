from collections.abc import Sequence
from pathlib import Path

import pytest

from bench import contest
from bench.contestants import CONTESTANTS, OURS, OURS_6, choose, is_installed
from bench.contestants.features import features
from bench.contestants.tutorial import Tutorial
from bench.corpus import Files, write_conll
from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.core.network.device import choose_device

TRAIN = [Sentence(("the", "dog", "ate"), ("D", "N", "V")), Sentence(("a", "book"), ("D", "N"))]


class Fake:
    """Says `N` to every word; notes what is asked of it."""

    called: list[str] = []  # noqa: RUF012 - of all instances of a test

    def start(self, train: Sequence[Sentence]) -> None:
        self.called.append(f"start {len(train)}")

    def train(self, sentences: Sequence[Sentence]) -> int:
        return 1

    def fit(self, train: Sequence[Sentence], dev: Sequence[Sentence]) -> None:
        self.called.append(f"fit {len(train)} {len(dev)}")

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        return [["N"] * len(words) for words in sentences]

    def save(self, folder: Path) -> None:
        self.called.append("save")

    def load(self, folder: Path) -> None:
        self.called.append("load")


@pytest.fixture
def called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    files = Files.within(tmp_path)
    write_conll(TRAIN, files.train)
    write_conll(TRAIN[:1], files.dev)
    write_conll(TRAIN, files.test)
    monkeypatch.setattr(contest, "make", lambda _: Fake())
    monkeypatch.setattr(Fake, "called", [])
    return Fake.called


def test_training_starts_with_the_whole_split(tmp_path: Path, called: list[str]) -> None:
    work = contest.train("crf", str(tmp_path), 0)
    assert work["tokens"] == 200
    assert work["seconds"] > 0
    assert called == ["start 2"]


@pytest.mark.parametrize(("whole", "expected"), [(True, ["start 2", "fit 2 1", "save"]), (False, ["start 2", "save"])])
def test_a_model_is_trained_and_saved(tmp_path: Path, called: list[str], whole: bool, expected: list[str]) -> None:
    assert contest.fit("crf", str(tmp_path), 0, str(tmp_path / "models" / "crf"), whole)["seconds"] > 0
    assert called == expected


def test_tagging_is_measured_and_counted(tmp_path: Path, called: list[str]) -> None:
    tagged = contest.tag("crf", str(tmp_path), 0, "model")
    assert tagged["accuracy"] == 2 / 5
    assert tagged["tokens"] == 200
    assert called == ["load"]
    assert contest.tag("tutorial-6", str(tmp_path), 0, "model")["accuracy"] is None


def test_every_length_is_measured(tmp_path: Path, called: list[str]) -> None:
    rates = contest.lengths("crf", str(tmp_path), 0, "model", lengths=[2, 100], training=True)
    assert {kind: list(found) for kind, found in rates.items()} == {"training": [2, 100], "tagging": [2, 100]}
    assert contest.lengths(OURS, str(tmp_path), 0, "model", lengths=[2], training=False)["training"] == {}


def test_peers_are_chosen() -> None:
    assert choose([]) == list(CONTESTANTS)
    assert choose(["crf", "perceptron"]) == [OURS, "perceptron", "crf"]
    assert choose(["tutorial-6"]) == [OURS, OURS_6, "tutorial-6"]
    with pytest.raises(InputError, match=r"^peers: got 'crv', expected one or more of: tutorial-6, tutorial-128, "):
        choose(["crf", "crv"])


def test_a_peer_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONTESTANTS, "crf", CONTESTANTS["crf"]._replace(needs="no_such_module"))
    assert is_installed(OURS)
    assert not is_installed("crf")


def test_the_loop_of_the_tutorial_learns_and_comes_back(tmp_path: Path) -> None:
    choose_device("cpu")  # one thread: the second would spin
    loop = Tutorial(6, 6)
    loop.start(TRAIN)
    words, tags = [sentence.words for sentence in TRAIN], [list(sentence.tags) for sentence in TRAIN]
    for _ in range(300):
        loop.train(TRAIN)
    assert loop.tag(words) == tags
    loop.save(tmp_path)
    again = Tutorial(6, 6)
    again.load(tmp_path)
    assert again.tag(words) == tags
    with pytest.raises(KeyError):
        loop.tag([["unheard"]])


def test_features_of_a_word_and_of_its_window() -> None:
    first, second = features(["U.S.", "won"])
    assert set(first) == {
        *("bias", "form=U.S.", "prefix=u", "prefix=u.", "prefix=u.s", "prefix=u.s.", "suffix=.", "suffix=s."),
        *("suffix=.s.", "suffix=u.s.", "-2:outside", "-1:outside", "0:word=u.s.", "0:shape=X.X."),
        *("1:word=won", "1:shape=x", "2:outside"),
    }
    assert {"-1:word=u.s.", "-1:shape=X.X.", "-2:outside", "1:outside"} <= set(second)
