"""How this tagger uses the machine, what its stages cost, and how all grows with corpus and sentence length."""

from typing import Any

from bench.contestants import CONTESTANTS, OURS
from bench.corpus import Files
from bench.flops import TRAINING
from bench.lab import Lab
from bench.machine import cores
from bench.measuring import Work
from bench.processes import ROOT, Finished

WORKERS = [1, 2]  # on Spark
TUTORIAL = Files(*(ROOT / "data" / "tutorial" / f"{split}.csv" for split in ("train", "dev", "test")))


def hardware_use(lab: Lab, training: float, tagging: float) -> dict[str, Any]:
    """Return the peak of matrix products, and the share of it that training and tagging reach.

    Of training the products of both LSTMs count, of tagging those of the LSTM over the sentence: vectors of characters
    may come from a table. `lstm_part` is the LSTM over the sentence alone, on one core.

    Args:
        lab: its workspace for training has run `prepare`.
        training: tokens a second.
        tagging: the same.
    """
    seconds = lab.settings.seconds
    one, every = (lab.task("peak", cores=threads, seconds=seconds)["flops"] for threads in (1, cores()))
    network = lab.task("network", workspace=lab.training(OURS).folder, seconds=seconds)
    flops, alone = network["flops_a_token"], network["lstm_flops"]
    trained = training * TRAINING * (flops["lstm"] + flops["characters"])
    tagged = tagging * flops["lstm"]
    return {
        "peak_gflops": {"one_core": round(one / 1e9, 1), "all_cores": round(every / 1e9, 1)},
        "flops_a_token": flops,
        "lstm_part": {kind: round(alone[kind] / one, 3) for kind in ("training", "tagging")},
        "of_one_core": {"training": round(trained / one, 3), "tagging": round(tagged / one, 3)},
        "of_all_cores": {"training": round(trained / every, 3), "tagging": round(tagged / every, 3)},
    }


def sentence_lengths(lab: Lab, name: str) -> dict[str, dict[str, int]]:
    """Return tokens a second of training and tagging for each length of sentences, in words; peers have one thread."""
    settings, is_peer = lab.settings, CONTESTANTS[name].changes is None
    request = {"folder": lab.corpus, "model": lab.model(name), "seconds": settings.length_seconds}
    threads = 1 if is_peer else None
    rates = lab.task("lengths", threads, name=name, lengths=settings.lengths, training=is_peer, **request)
    if not is_peer:
        for length in settings.lengths:
            files, counts = lab.cut(f"length-{length}", tokens=settings.sample_tokens, length=length)
            workspace = lab.workspace(f"{name}-length-{length}", files, name)
            workspace.stage("prepare")
            rates["training"][str(length)] = workspace.train(counts["train"]["tokens"])[0].rate
    return {kind: {length: round(rate) for length, rate in rates[kind].items()} for kind in ("training", "tagging")}


def corpus_growth(lab: Lab) -> dict[str, Any]:
    """Return what each stage takes on a sample of the corpus, and on it repeated; and tagging of a stream of it."""
    growth = {}
    for factor in lab.settings.factors:
        lab.say(f"growth: corpus x {factor}")
        files, counts = lab.cut(f"growth-{factor}", tokens=lab.settings.sample_tokens, factor=factor)
        stages = _rounded(lab.workspace(f"growth-{factor}", files).stages())
        tagged = lab.task("stream", model=lab.model(OURS), folder=lab.corpus, factor=factor)
        rate = round(Work(tagged["tokens"], tagged["seconds"]).rate)
        growth[str(factor)] = {
            "tokens": {split: counts[split]["tokens"] for split in ("train", "dev", "test")},
            "stages": stages,
            "stream": {
                "tokens": tagged["tokens"],
                "tokens_per_second": rate,
                "peak_mb": round(tagged["peak_mb"], 1),
            },
        }
    return growth


def fixed_cost(lab: Lab) -> dict[str, dict[str, float]]:
    """Return what each stage takes on two sentences, an epoch."""
    return _rounded(lab.workspace("fixed", TUTORIAL).stages())


def spark_workers(lab: Lab) -> dict[str, Any]:
    """Return tokens a second on Spark with one worker and with two, of a core each, and how many times as fast two are.

    A job that tags nothing shows what Spark itself costs.

    Raises ChildError if there is no Spark here, or no Java.
    """
    request = {"model": lab.model(OURS), "folder": lab.corpus, "target": lab.scratch / "spark"}
    found = lab.task("spark", 1, tokens=lab.settings.spark_tokens, workers=WORKERS, **request)
    tagging, nothing = ({name: round(rate) for name, rate in found[kind].items()} for kind in ("tagging", "nothing"))
    growth = round(found["tagging"]["2"] / found["tagging"]["1"], 2)
    return {"tokens_per_second": tagging, "nothing_tokens_per_second": nothing, "growth": growth}


def _rounded(stages: dict[str, Finished]) -> dict[str, dict[str, float]]:
    return {
        name: {"seconds": round(finished.seconds, 2), "peak_mb": round(finished.peak_mb, 1)}
        for name, finished in stages.items()
    }
