"""Measuring one contestant, in a process of its own: its training, and how it tags."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.contestants import CONTESTANTS, Contestant, make
from bench.corpus import Files, count_tokens, cut, read_split, take
from bench.measuring import fill
from tagger.core.corpus.indexed_corpus import Sentence

Answer = dict[str, Any]
SINGLES = 50  # sentences that are tagged one by one


def train(name: str, folder: str, seconds: float) -> Answer:
    """Measure how fast a contestant trains on samples of the training split."""
    sentences = read_split(Files.within(Path(folder)).train)
    contestant = make(name)
    contestant.start(sentences)
    return fill(contestant.train, sentences, seconds)._asdict()


def fit(name: str, folder: str, seconds: float, model: str, whole: bool) -> Answer:
    """Train a contestant, to its end or for about so many seconds, and write the model; return the seconds it took."""
    files = Files.within(Path(folder))
    sentences = read_split(files.train)
    contestant = make(name)
    start = time.perf_counter()
    contestant.start(sentences)
    if whole:
        contestant.fit(sentences, read_split(files.dev))
    else:
        fill(contestant.train, sentences, seconds)
    elapsed = time.perf_counter() - start
    Path(model).mkdir(parents=True)
    contestant.save(Path(model))
    return {"seconds": elapsed}


def tag(name: str, folder: str, seconds: float, model: str) -> Answer:
    """Measure how fast a trained contestant loads and tags, many sentences and single ones, and how often it is right.

    One that knows training's words only gets training sentences, and no accuracy.
    """
    files = Files.within(Path(folder))
    closed = CONTESTANTS[name].closed
    sentences = read_split(files.train if closed else files.test)
    start = time.perf_counter()
    contestant = make(name)
    contestant.load(Path(model))
    loaded = time.perf_counter() - start
    work = fill(_tagging(contestant), sentences, seconds)
    singles = []
    for words, _ in take(sentences, SINGLES * 10)[:SINGLES]:
        start = time.perf_counter()
        contestant.tag([words])
        singles.append(time.perf_counter() - start)
    accuracy = None
    if not closed:
        tags = contestant.tag([words for words, _ in sentences])
        right = sum(
            a == b for row, found in zip(sentences, tags, strict=True) for a, b in zip(row.tags, found, strict=True)
        )
        accuracy = right / count_tokens(sentences)
    own = {"load_seconds": loaded, "sentence_ms": 1000 * statistics.median(singles), "accuracy": accuracy}
    return work._asdict() | own


def lengths(name: str, folder: str, seconds: float, model: str, *, lengths: list[int], training: bool) -> Answer:
    """Measure training, where it is asked for, and tagging on sentences of each length; return tokens a second."""
    files = Files.within(Path(folder))
    sentences = read_split(files.train)
    to_tag = sentences if CONTESTANTS[name].closed else read_split(files.test)
    trained, fresh = make(name), make(name)
    trained.load(Path(model))
    if training:
        fresh.start(sentences)
    rates: Answer = {"training": {}, "tagging": {}}
    for length in lengths:
        if training:
            rates["training"][length] = fill(fresh.train, _of_length(sentences, length), seconds).rate
        rates["tagging"][length] = fill(_tagging(trained), _of_length(to_tag, length), seconds).rate
    return rates


def _of_length(sentences: list[Sentence], length: int) -> list[Sentence]:
    return cut(take(sentences, max(length, count_tokens(sentences))), length)


def _tagging(contestant: Contestant) -> Callable[[list[Sentence]], int]:
    def work(sample: list[Sentence]) -> int:
        contestant.tag([words for words, _ in sample])
        return 1

    return work
