"""The arithmetic of measuring: samples that fill a time, medians, spread, and whose turn it is."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from bench.corpus import count_tokens, take
from tagger.core.corpus.indexed_corpus import Sentence

FIRST_SAMPLE = 200  # tokens
GROWTH = 8  # a sample grows to this many times the one before at most: a short one says little of the next

Clock = Callable[[], float]


class Work(NamedTuple):
    """What was done in a time."""

    tokens: int  # of all passes over the sample
    seconds: float

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self.tokens / self.seconds


class Summary(NamedTuple):
    """Several measurements of one thing."""

    median: float
    lowest: float
    highest: float


def summarise(values: Sequence[float]) -> Summary:
    """Return the median, and how far the values lie apart."""
    return Summary(statistics.median(values), min(values), max(values))


def fill(
    work: Callable[[list[Sentence]], int],
    sentences: Sequence[Sentence],
    seconds: float,
    clock: Clock = time.perf_counter,
) -> Work:
    """Measure work on samples that grow until one takes at least half of the time; the last one counts.

    The smaller ones before it have warmed up what is slow at first.

    Args:
        work: is given the sample and returns how many passes over it were made.
        sentences: the sample is taken from their start; where they are too few, they are repeated.
        seconds: the time to fill.
        clock: returns seconds.
    """
    tokens = FIRST_SAMPLE
    while True:
        sample = take(sentences, tokens)
        start = clock()
        passes = work(sample)
        elapsed = clock() - start
        if elapsed >= seconds / 2:
            return Work(passes * count_tokens(sample), elapsed)
        tokens = round(tokens * min(GROWTH, max(2.0, 0.75 * seconds / max(elapsed, 1e-9))))


def turns(names: Sequence[str], number: int) -> list[str]:
    """Return the order of a round: every other one is reversed, so that no one always runs on the warmer machine."""
    return list(names) if number % 2 == 0 else list(reversed(names))
