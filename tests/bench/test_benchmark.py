"""The whole course with a lab that measures nothing: who is measured in which order, and what becomes of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.benchmark import Benchmark
from bench.contestants import CONTESTANTS, OURS, OURS_6
from bench.corpus import Files
from bench.lab import Lab
from bench.measuring import Work
from bench.processes import ChildError, Finished
from bench.report import render, table
from bench.settings import QUICK

RATES = {OURS: 1000, OURS_6: 5000, "tutorial-6": 50, "perceptron": 100, "crf": 400}
COUNTS = {split: {"sentences": 10, "tokens": 100} for split in ("train", "dev", "test")}


class FakeWorkspace:
    folder = export = Path()

    def __init__(self, name: str) -> None:
        self.name = name

    def stage(self, name: str) -> Finished:
        return Finished(2.0, 50.0, "", 1.0)

    def stages(self) -> dict[str, Finished]:
        return {name: self.stage(name) for name in ("prepare", "train")}

    def train(self, tokens: int) -> tuple[Work, Finished]:
        return Work(RATES[self.name], 1.0), self.stage("train")


class FakeLab(Lab):
    def __init__(self, accuracy: bool, failing: str = "") -> None:
        self.settings, self.accuracy, self.said = QUICK._replace(rounds=2), accuracy, list[str]()
        self.say, self.counts, self.corpus, self._failing = self.said.append, COUNTS, Path(), failing
        self.scratch = Path()

    def task(self, task: str, threads: int | None = None, **request: Any) -> dict[str, Any]:
        json.dumps(request, default=str)
        name = request.get("name", OURS)
        if task == self._failing and name == "crf":
            raise ChildError("out of memory")
        rate = RATES[name]
        answers: dict[str, Any] = {
            "spark": {"tagging": {"1": 100.0, "2": 150.0}, "nothing": {"1": 900.0, "2": 1000.0}},
            "tag": {"load_seconds": 0.5, "sentence_ms": 1.0, "accuracy": 0.9},
            "peak": {"flops": 1e9 * request.get("cores", 1)},
            "network": {
                "flops_a_token": {"lstm": 1000, "characters": 500, "linear": 10},
                "lstm_flops": {"training": 4e8, "tagging": 5e8},
            },
            "lengths": {kind: dict.fromkeys(map(str, QUICK.lengths), rate) for kind in ("training", "tagging")},
        }
        return {"tokens": rate, "seconds": 1.0, "peak_mb": 60.0, **answers.get(task, {})}

    def cut(self, name: str, **request: Any) -> tuple[Files, dict[str, Any]]:
        return Files.within(Path(name)), COUNTS

    def trained(self, name: str) -> Any:
        return FakeWorkspace(name)

    def training(self, name: str) -> Any:
        return FakeWorkspace(name)

    def workspace(self, folder: str, files: Files, name: str = OURS) -> Any:
        return FakeWorkspace(name)


@pytest.fixture(autouse=True)
def _all_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in RATES:
        monkeypatch.setitem(CONTESTANTS, name, CONTESTANTS[name]._replace(needs="torch"))


def run(accuracy: bool = False, failing: str = "") -> tuple[dict[str, Any], list[str]]:
    lab = FakeLab(accuracy, failing)
    return Benchmark(lab, list(RATES), ["train.csv"]).run(), lab.said


def test_rates_ratios_and_order() -> None:
    results, said = run()
    assert [line for line in said if line.startswith("training")] == [
        *(f"training, round 1: {name}" for name in RATES),
        *(f"training, round 2: {name}" for name in reversed(RATES)),
    ]
    found = results["contestants"]
    assert found["perceptron"]["ratio"] == {"training": 10, "tagging": 10}
    assert found["crf"]["ratio"]["training"] == 2.5
    assert found["crf"]["training"]["spread"] == [400, 400]
    assert found["tutorial-6"]["ratio"] == {"training": 20, "tagging": 20}
    assert found["tutorial-6"]["ratio_same_network"] == {"training": 100, "tagging": 100}
    assert not any("ratio_same_network" in found[name] for name in RATES if name != "tutorial-6")
    assert results["not_run"] == {}
    hardware = results["hardware"]
    assert hardware["lstm_part"] == {"training": 0.4, "tagging": 0.5}
    assert hardware["of_one_core"] == {"training": 0.004, "tagging": 0.001}  # 1000 x 3 x 1500, 1000 x 1000 of 1e9
    assert list(results["corpus_growth"]) == ["1", "4"]


def test_an_accuracy_is_that_of_a_whole_training() -> None:
    found = run()[0]["contestants"]
    assert (found[OURS]["accuracy"], found["crf"]["accuracy"]) == (None, 0.9)
    assert run(accuracy=True)[0]["contestants"][OURS]["accuracy"] == 0.9


@pytest.mark.parametrize(
    ("task", "step"), [("fit", "fitting"), ("train", "training, round 1"), ("tag", "tagging, round 1")]
)
def test_who_fails_is_named_and_left_out(task: str, step: str) -> None:
    results, said = run(failing=task)
    assert results["not_run"] == {"crf": f"{step}: out of memory"}
    assert list(results["contestants"]) == [name for name in RATES if name != "crf"]
    assert sum(line.endswith(": crf") for line in said) == {"fit": 1, "train": 2, "tag": 4}[task]
    assert "not run: crf: " in render(results)


def test_spark_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    task = FakeLab.task

    def fail(lab: FakeLab, what: str, threads: int | None = None, **request: Any) -> dict[str, Any]:
        if what == "spark":
            raise ChildError("java: not found")
        return task(lab, what, threads, **request)

    monkeypatch.setattr(FakeLab, "task", fail)
    results, _ = run()
    assert "spark" not in results
    assert "not run: tag-corpus on Spark: java: not found" in render(results)


def test_who_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONTESTANTS, "crf", CONTESTANTS["crf"]._replace(needs="no_such_module"))
    results, said = run()
    assert results["not_run"] == {"crf": "no_such_module is not installed"}
    assert not any("crf" in line for line in said)


def test_the_tables_show_the_results() -> None:
    text = render(run()[0])
    rows = [line.split() for line in text.splitlines()]
    assert ["perceptron", "100", "(100-100)", "10.0", "x", "100", "(100-100)", "10.0", "x"] in [row[:9] for row in rows]
    assert ["prepare", "2.0", "s,", "50", "MB", "2.0", "s,", "50", "MB", "2.0", "s,", "50", "MB"] in rows
    assert "90.00%" in text
    assert "With tutorial-6's network, ours trains 100.0 and tags 100.0 times as fast." in text
    assert ["single-core", "workers:", "2", "150", "75", "1,000"] in rows
    assert "Two workers are 1.50 times as fast as one." in text


def test_columns_are_set() -> None:
    assert table([["a", "bb"], ["ccc", "d"]]) == "a    bb\nccc   d"
