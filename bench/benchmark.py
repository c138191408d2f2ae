"""One run of the benchmark: who is measured when, and what is kept of it."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from bench import rounds, scaling
from bench.contestants import CONTESTANTS, OURS, is_installed
from bench.lab import Lab
from bench.machine import describe_machine, versions
from bench.measuring import turns
from bench.processes import ChildError


class Benchmark:
    """Measures the chosen contestants; `results` grows with each step."""

    def __init__(self, lab: Lab, names: Sequence[str], file_names: Sequence[str]) -> None:
        """Take the contestants that are installed; the others are listed under `not_run`.

        Args:
            lab: where all is measured.
            names: of contestants.
            file_names: of the corpus.
        """
        self._lab, self._names = lab, [name for name in names if is_installed(name)]
        missing = {name: f"{CONTESTANTS[name].needs} is not installed" for name in names if name not in self._names}
        splits = {split: lab.counts[split] for split in ("train", "dev", "test")}
        self.results: dict[str, Any] = {
            "machine": describe_machine(),
            "versions": versions(),
            "corpus": {"files": list(file_names)} | splits,
            "settings": lab.settings._asdict() | {"accuracy": lab.accuracy},
            "not_run": missing,
            "contestants": {name: {"settings": CONTESTANTS[name].settings} for name in self._names},
        }

    def run(self) -> dict[str, Any]:
        """Take all steps, and return the results."""
        found = self.results["contestants"]
        self._each("fitting", self._names, self._fit)
        for kind in ("training", "tagging"):
            self._run_rounds(kind)
        self._lab.say("share of the peak")
        ours = found[OURS]
        rates = (ours[kind]["tokens_per_second"] for kind in ("training", "tagging"))
        self.results["hardware"] = scaling.hardware_use(self._lab, *rates)
        self._each("sentence lengths", self._names, self._measure_lengths)
        self.results["corpus_growth"] = scaling.corpus_growth(self._lab)
        self._lab.say("Spark")
        try:
            self.results["spark"] = scaling.spark_workers(self._lab)
        except ChildError as error:
            self.results["not_run"]["tag-corpus on Spark"] = str(error)
        self._lab.say("fixed cost of the stages")
        self.results["fixed_cost"] = scaling.fixed_cost(self._lab)
        for name in self._names:
            found[name]["ratio"] = _ratio(ours, found[name])
            like = CONTESTANTS[name].like
            if like is not None:
                found[name]["ratio_same_network"] = _ratio(found[like], found[name])
        self.results["contestants"] = {name: found[name] for name in self._names}
        self.results["machine"]["load_after"] = describe_machine()["load"]
        return self.results

    def _each(self, step: str, names: Sequence[str], measure: Callable[[str], None]) -> None:
        """Measure one after another; one that fails is left out from there on, and listed with the reason."""
        for name in list(names):
            self._lab.say(f"{step}: {name}")
            try:
                measure(name)
            except ChildError as error:
                if CONTESTANTS[name].changes is not None:
                    raise
                self._names.remove(name)
                self.results["not_run"][name] = f"{step}: {error}"

    def _fit(self, name: str) -> None:
        """Train what will tag."""
        lab, whole = self._lab, self._lab.accuracy or CONTESTANTS[name].whole
        if CONTESTANTS[name].changes is not None:
            lab.training(name).stage("prepare")
            seconds = lab.trained(name).stages()["train"].seconds
        else:
            request = {"folder": lab.corpus, "seconds": lab.settings.seconds, "model": lab.model(name)}
            seconds = lab.task("fit", 1, name=name, whole=whole, **request)["seconds"]
        complete = whole and not CONTESTANTS[name].closed
        self.results["contestants"][name] |= {"whole_training_seconds": round(seconds, 1) if complete else None}

    def _run_rounds(self, kind: str) -> None:
        samples: dict[str, rounds.Samples] = defaultdict(dict)
        for number in range(self._lab.settings.rounds):
            self._each(
                f"{kind}, round {number + 1}",
                turns(self._names, number),
                lambda name: rounds.measure(self._lab, kind, name, samples[name]),
            )
        for name in self._names:
            result = self.results["contestants"][name]
            result[kind] = rounds.describe(samples[name])
            if kind == "tagging":
                accuracy = next(iter(samples[name].values()))[0]["accuracy"]
                complete = result["whole_training_seconds"] is not None
                result["accuracy"] = round(accuracy, 6) if complete and accuracy is not None else None

    def _measure_lengths(self, name: str) -> None:
        self.results["contestants"][name]["sentence_lengths"] = scaling.sentence_lengths(self._lab, name)


def _ratio(ours: dict[str, Any], other: dict[str, Any]) -> dict[str, float]:
    """Return how many times as fast ours is."""
    return {
        kind: round(ours[kind]["tokens_per_second"] / other[kind]["tokens_per_second"], 2)
        for kind in ("training", "tagging")
    }
