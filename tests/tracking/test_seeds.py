"""Several seeds: a group holds its losses, a loss its seeds, with mean and spread on the loss."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tagger.core.common import paths
from tagger.core.common.files import read_json
from tagger.core.params.schema import Training
from tagger.tracking.compared_runs import compare_runs
from tagger.tracking.delivery import deliver
from tagger.tracking.gather import begin_training, gather
from tagger.tracking.notes import links_to
from tagger.tracking.runs import figures_of, open_run
from tagger.tracking.store import Store, connect
from tests.tracking.conftest import Fill
from tests.tracking.samples import LOSSES, SEEDS, artifacts, groups_of, runs_of, write_report

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


@pytest.fixture(scope="module", autouse=True)
def _cheap() -> Iterator[None]:
    """Log no models, which takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tagger.tracking.delivery.log_model", lambda *_: None)
        yield


@pytest.fixture(scope="module")
def written(filled: Fill, more_seeds: Path) -> Path:
    return filled(more_seeds, report)


@pytest.fixture
def reported(written: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store after a report on all seeds, in its workspace; tests leave them as they are."""
    monkeypatch.chdir(written)
    return connect()


def report(store: Store) -> list[bool]:
    """Deliver what the stage `report` tells; return what was missing."""
    records = [gather(Training(*each), ["evaluate", "report"], ran=True) for each in product(LOSSES, SEEDS)]
    return [deliver(store, record) for record in records]


def tree(store: Store) -> dict[str, list[str]]:
    """Return the names of the runs below each run that has some, the group as `group`."""
    runs = runs_of(store, "")
    names = {run.info.run_id: run.info.run_name for run in runs} | {groups_of(store)[0].info.run_id: "group"}
    found: dict[str, list[str]] = {}
    for run in runs:
        if parent := run.data.tags.get("mlflow.parentRunId"):
            found.setdefault(names[parent], []).append(run.info.run_name)
    return {name: sorted(below) for name, below in found.items()}


def named(store: Store, name: str) -> Any:
    (run,) = [run for run in runs_of(store, "") if run.info.run_name == name]
    return run


TREE = {
    "group": ["cross_entropy", "nll"],
    "nll": ["nll-1", "nll-2", "nll-3"],
    "cross_entropy": ["cross_entropy-1", "cross_entropy-2", "cross_entropy-3"],
}


def test_a_group_holds_its_losses_and_a_loss_its_seeds(reported: Store) -> None:
    assert len(groups_of(reported)) == 1
    assert tree(reported) == TREE
    assert {run.info.status for run in runs_of(reported, "")} == {"FINISHED"}


def test_what_is_there_is_not_logged_again(store: Store, seeds: Path) -> None:
    assert all(report(store))
    assert not any(report(store))
    assert tree(store) == TREE


def test_a_loss_has_mean_and_spread_and_a_seed_its_own_figures(reported: Store) -> None:
    results = read_json(paths.RESULTS, "")
    for loss in LOSSES:
        figures = figures_of(named(reported, loss))
        assert figures["test_accuracy"] == results[loss]["accuracy"]
        assert figures["test_accuracy_sd"] == results[loss]["accuracy_sd"] > 0
        assert figures["best_dev_accuracy_sd"] == results[loss]["best_dev_accuracy_sd"]
        accuracies = [read_json(paths.evaluation_file(loss, seed), "")["accuracy"] for seed in SEEDS]
        runs = [named(reported, f"{loss}-{seed}") for seed in SEEDS]
        assert [figures_of(run)["test_accuracy"] for run in runs] == accuracies
        assert [run.data.params["seed"] for run in runs] == ["1", "2", "3"]
        assert "seed" not in named(reported, loss).data.params
        assert groups_of(reported)[0].data.metrics[f"test accuracy/{loss}"] == results[loss]["accuracy"]


def test_the_links_lead_to_the_tables_of_the_losses_and_to_the_curves_of_the_seeds(reported: Store) -> None:
    (group,) = groups_of(reported)
    links = links_to(reported, group.info.run_id)
    assert "mlflow.parentRunId" in links["probabilities"]
    assert {run.info.run_name for run in runs_of(reported, f"tags.`mlflow.parentRunId` = '{group.info.run_id}'")} == {
        *LOSSES
    }
    assert "probabilities.json" in artifacts(reported, named(reported, "nll"))
    assert "group.run" in links["curves"]
    assert len(runs_of(reported, f"tags.`group.run` = '{group.info.run_id}'")) == 6


def test_a_further_seed_joins_its_loss(store: Store, seeds: Path) -> None:
    params = seeds / "params.yaml"
    three = params.read_text(encoding="utf-8")
    two = three.replace("\n- 3\n", "\n")
    params.write_text(two, encoding="utf-8")
    write_report(SEEDS[:2])
    for loss, seed in product(LOSSES, SEEDS[:2]):
        deliver(store, gather(Training(loss, seed), ["evaluate", "report"], ran=True))
    before = figures_of(named(store, "nll"))["test_accuracy"]
    params.write_text(three, encoding="utf-8")
    write_report(SEEDS)
    assert report(store) == [True, False, True] * 2  # the mean, which the first seed brings, and the third seed
    assert tree(store) == TREE
    assert figures_of(named(store, "nll"))["test_accuracy"] == read_json(paths.RESULTS, "")["nll"]["accuracy"] != before


def test_one_seed_stays_as_it_was_when_more_come(store: Store, seeds: Path) -> None:
    params = seeds / "params.yaml"
    three = params.read_text(encoding="utf-8")
    params.write_text(three.replace("\n- 2\n- 3\n", "\n"), encoding="utf-8")
    write_report((1,))
    deliver(store, gather(Training("nll", 1), ["evaluate", "report"], ran=True))
    assert tree(store) == {"group": ["nll"]}
    params.write_text(three, encoding="utf-8")
    write_report(SEEDS)
    report(store)
    assert len(groups_of(store)) == 2
    assert named(store, "nll-1").data.tags["restored"] == "true"  # so that the means stand beside all their trainings
    assert not any(report(store))


def test_a_training_under_way_is_below_its_loss(store: Store, seeds: Path) -> None:
    open_run(store, begin_training(Training("nll", 2), "identity"))
    assert tree(store) == {"group": ["nll"], "nll": ["nll-2"]}
    assert named(store, "nll-2").info.status == "RUNNING"


def test_compare_has_a_row_for_each_loss_with_its_spread(reported: Store) -> None:
    table = compare_runs("", "test_accuracy", ascending=False, limit=50)
    assert sorted(table["run"]) == sorted(LOSSES)
    columns = list(table)
    assert columns.index("test_accuracy_sd") == columns.index("test_accuracy") + 1
    assert "seed" not in columns
