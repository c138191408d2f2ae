import pytest

from bench import rounds
from bench.contestants import OURS
from bench.rounds import Samples, candidates, describe, fastest


def sample(tokens: int, **rest: float) -> dict[str, float]:
    return {"tokens": tokens, "seconds": 1.0, "peak_mb": 100.0} | rest


SAMPLES: Samples = {1: [sample(30), sample(10, peak_mb=300), sample(20)], 2: [sample(15)]}


def test_one_and_all_threads_are_tried_where_they_may_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "cores", lambda: 8)
    assert candidates("flair", {}) == [1, 8]
    assert candidates("crf", {}) == [1]
    assert candidates(OURS, {}) == [None]  # it decides itself
    assert candidates(OURS, {None: [sample(1)]}) == [None]
    monkeypatch.setattr(rounds, "cores", lambda: 1)
    assert candidates("flair", {}) == [1]


def test_the_faster_number_is_kept() -> None:
    assert fastest(SAMPLES) == 1
    assert candidates("flair", SAMPLES) == [1]
    assert candidates("flair", {1: [sample(1)], 8: [sample(2)]}) == [8]


def test_the_fastest_is_described() -> None:
    assert describe(SAMPLES) == {"tokens_per_second": 20, "spread": [10, 30], "threads": 1, "peak_mb": 100}
    tagged = describe({None: [sample(7, load_seconds=0.5, sentence_ms=1.23456, accuracy=0.9)]})
    assert (tagged["load_seconds"], tagged["sentence_ms"], tagged["threads"]) == (0.5, 1.235, None)
