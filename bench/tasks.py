"""What a process of the benchmark's own can be asked to measure: `python -m bench.tasks REQUEST ANSWER`, both JSON."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.contest import fit, lengths, tag, train
from bench.corpus import SPLITS, Files, count_tokens, cut, enlarge, read_split, take, write_conll
from bench.machine import product_peak
from bench.measuring import Work
from bench.spark import spark
from tagger.prepare.read_corpus import read_corpus

Answer = dict[str, Any]


def corpus(source: list[str], target: str, *, tokens: int | None, factor: int = 1, length: int | None = None) -> Answer:
    """Write a corpus as it will be measured; return the sentences and tokens of each split.

    Args:
        source: the three files.
        target: a folder.
        tokens: of the training split at most, of dev and test a quarter; none takes all.
        factor: how often training and test split are repeated.
        length: of all sentences, where they are to be cut anew; a split that is too short is repeated.
    """
    counts = {}
    for split, name, path in zip(SPLITS, source, Files.within(Path(target)), strict=True):
        sentences = list(read_corpus(Path(name)))
        if tokens is not None:
            most = tokens if split == "train" else tokens // 4
            sentences = take(sentences, most if length else min(most, count_tokens(sentences)))
        if length is not None:
            sentences = cut(sentences, length)
        if split != "dev":
            sentences = sentences * factor
        write_conll(sentences, path)
        counts[split] = {"sentences": len(sentences), "tokens": count_tokens(sentences)}
    return counts


def enlarged(source: list[str], target: str, *, tokens: int) -> Answer:
    """Write a corpus of so many tokens, as `bench.scale` describes it; return those of each split."""
    shares = {"train": 0.9, "dev": 0.05, "test": 0.05}
    written = {}
    for (split, share), name, path in zip(shares.items(), source, Files.within(Path(target)), strict=True):
        path.parent.mkdir(exist_ok=True)
        written[split] = write_conll(enlarge(list(read_corpus(Path(name))), round(tokens * share)), path)
    return written


def stream(model: str, folder: str, factor: int) -> Answer:
    """Tag the test split again and again as one stream with the exported model, keeping nothing of it."""
    from tagger.predict.tagging import Tagger

    sentences = read_split(Files.within(Path(folder)).test)

    def repeated() -> Iterator[Sequence[str]]:
        for _ in range(factor):
            yield from (words for words, _ in sentences)

    tagger = Tagger(Path(model))
    start = time.perf_counter()
    tokens = sum(len(tagged.tags) for tagged in tagger.tag(repeated()))
    return Work(tokens, time.perf_counter() - start)._asdict()


def peak(cores: int, seconds: float) -> Answer:
    """Measure the peak of matrix products on so many cores."""
    return {"flops": product_peak(cores, seconds)}


def network(workspace: str, seconds: float) -> Answer:
    """Measure the LSTM part of the network alone, and count the work of a token."""
    from bench.network import measure_network

    return measure_network(Path(workspace), seconds)


TASKS: dict[str, Callable[..., Answer]] = {
    task.__name__: task for task in (corpus, train, fit, tag, lengths, enlarged, stream, peak, network, spark)
}


def main() -> None:
    """Do what the request says."""
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    answer = TASKS[request.pop("task")](**request)
    Path(sys.argv[2]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
