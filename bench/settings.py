"""How long and how often is measured."""

from typing import NamedTuple


class Settings(NamedTuple):
    """Amounts that decide how long the benchmark takes."""

    rounds: int = 3
    seconds: float = 2  # of a measurement
    length_seconds: float = 1  # of a measurement at one sentence length
    epoch_tokens: int = 400_000  # that a training of ours sees at least: fewer are left to one process
    sample_tokens: int = 50_000  # of the corpus that is repeated, or cut to sentences of one length
    corpus_tokens: int | None = None  # of the training split at most; dev and test get a quarter
    factors: tuple[int, ...] = (1, 4, 16)  # how often the corpus is repeated
    lengths: tuple[int, ...] = (10, 50, 200, 1000)  # words of a sentence
    spark_tokens: int = 1_600_000  # tagged on Spark


QUICK = Settings(
    rounds=1,
    seconds=0.3,
    length_seconds=0.1,
    epoch_tokens=4_000,
    sample_tokens=2_000,
    corpus_tokens=4_000,
    factors=(1, 4),
    lengths=(10, 100),
    spark_tokens=4_000,
)
