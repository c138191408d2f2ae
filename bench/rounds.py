"""Rounds of one kind of measurement: which numbers of threads are tried, and what is kept."""

import statistics
from collections.abc import Sequence

from bench.contestants import CONTESTANTS
from bench.lab import Lab, Measurement
from bench.machine import cores
from bench.measuring import Work, summarise

Samples = dict[int | None, list[Measurement]]  # by threads; none: the contestant decides itself
KEPT = ("peak_mb", "load_seconds", "sentence_ms")


def measure(lab: Lab, kind: str, name: str, samples: Samples) -> None:
    """Measure `training` or `tagging` of a contestant once more, with the threads whose turn it is."""
    for threads in candidates(name, samples):
        samples.setdefault(threads, []).append(_measure(lab, kind, name, threads))


def candidates(name: str, samples: Samples) -> list[int | None]:
    """Return the numbers of threads to try: at first one and all, where that may help, and then the faster."""
    if CONTESTANTS[name].changes is not None:
        return [None]
    if samples:
        return [fastest(samples)]
    return list(dict.fromkeys([1, cores()])) if CONTESTANTS[name].by_threads else [1]


def fastest(samples: Samples) -> int | None:
    """Return the number of threads with the highest median rate."""
    return max(samples, key=lambda threads: statistics.median(_rates(samples[threads])))


def describe(samples: Samples) -> Measurement:
    """Return the rate with its spread, and the medians of the rest, of the fastest number of threads."""
    threads = fastest(samples)
    kept = samples[threads]
    rate = summarise(_rates(kept))
    rest = {name: statistics.median(sample[name] for sample in kept) for name in KEPT if name in kept[0]}
    return {
        "tokens_per_second": round(rate.median),
        "spread": [round(rate.lowest), round(rate.highest)],
        "threads": threads,
    } | {name: round(value, 3) for name, value in rest.items()}


def _rates(samples: Sequence[Measurement]) -> list[float]:
    return [Work(sample["tokens"], sample["seconds"]).rate for sample in samples]


def _measure(lab: Lab, kind: str, name: str, threads: int | None) -> Measurement:
    if kind == "tagging":
        return lab.task(
            "tag", threads, name=name, folder=lab.corpus, seconds=lab.settings.seconds, model=lab.model(name)
        )
    if CONTESTANTS[name].changes is not None:  # the stage as it is
        work, finished = lab.training(name).train(lab.counts["train"]["tokens"])
        return work._asdict() | {"peak_mb": finished.peak_mb}
    return lab.task("train", threads, name=name, folder=lab.corpus, seconds=lab.settings.seconds)
