import pytest

from bench.corpus import count_tokens
from bench.measuring import FIRST_SAMPLE, GROWTH, Summary, Work, fill, summarise, turns
from tagger.core.corpus.indexed_corpus import Sentence

SENTENCES = [Sentence(("a", "b"), ("X", "Y"))] * 3


class Worker:
    """Does its work in a time of its own: so many seconds to begin, and for each token."""

    def __init__(self, begin: float, each: float) -> None:
        self.begin, self.each, self.now, self.samples = begin, each, 0.0, list[int]()

    def clock(self) -> float:
        return self.now

    def work(self, sample: list[Sentence]) -> int:
        self.samples.append(count_tokens(sample))
        self.now += self.begin + self.each * count_tokens(sample)
        return 2


def test_a_sample_grows_until_it_fills_the_time() -> None:
    worker = Worker(begin=0, each=0.001)
    done = fill(worker.work, SENTENCES, 2.0, worker.clock)
    assert worker.samples == [FIRST_SAMPLE, 1500]  # 0.2 s, then 7.5 times that: three quarters of the time
    assert done.tokens == 3000  # two passes
    assert done.seconds == pytest.approx(1.5)
    assert done.rate == pytest.approx(2000)


def test_a_sample_grows_by_steps() -> None:
    worker = Worker(begin=0, each=1e-6)
    fill(worker.work, SENTENCES, 1.0, worker.clock)
    steps = [later / earlier for earlier, later in zip(worker.samples, worker.samples[1:], strict=False)]
    assert max(steps) == GROWTH
    assert worker.samples[-1] * 1e-6 >= 0.5


def test_slow_work_is_measured_once() -> None:
    worker = Worker(begin=10, each=0)
    assert fill(worker.work, SENTENCES, 2.0, worker.clock) == Work(2 * FIRST_SAMPLE, 10)


def test_median_and_spread() -> None:
    assert summarise([5.0, 1.0, 3.0]) == Summary(median=3, lowest=1, highest=5)


def test_every_other_round_is_reversed() -> None:
    assert [turns(["a", "b", "c"], number) for number in range(3)] == [
        ["a", "b", "c"],
        ["c", "b", "a"],
        ["a", "b", "c"],
    ]
