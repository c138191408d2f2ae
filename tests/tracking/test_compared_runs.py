"""The runs of the store as a table, and the predictions of named runs."""

from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.params.schema import Training
from tagger.tracking.compared_runs import compare_runs, predictions_of
from tagger.tracking.delivery import deliver
from tagger.tracking.gather import begin_training, gather
from tagger.tracking.runs import open_run
from tagger.tracking.store import Store, connect
from tests.tracking.conftest import Fill
from tests.tracking.samples import LOSSES, SEEDS, groups_of, runs_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
ROWS: tuple[tuple[str, Any, int, float | None], ...] = (  # experiment, loss, model.hidden and accuracy
    ("narrow", "nll", 50, 0.91),
    ("wide", "nll", 1000, 0.95),
    ("wide", "mse", 1000, 0.89),
    ("usual", "nll", 200, None),  # under way
)


def write_runs(store: Store) -> None:
    for number, (experiment, loss, hidden, accuracy) in enumerate(ROWS, start=1):
        record = begin_training(Training(loss, 1), str(number))
        model = record.settings["model"] | {"hidden": hidden}
        settings = record.settings | {"model": model, "losses": [loss]}
        record = record.model_copy(update={"experiment": experiment, "settings": settings, "started": number * 1000})
        run = open_run(store, record)
        if accuracy is not None:
            store.client.log_metric(run.info.run_id, "test/accuracy", accuracy)
            store.client.set_terminated(run.info.run_id, "FINISHED")


@pytest.fixture(scope="module")
def written(filled: Fill, outputs: Path) -> Path:
    return filled(outputs, write_runs)


@pytest.fixture
def runs(written: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store with these runs, which tests leave as it is."""
    monkeypatch.chdir(written)
    return connect()


def names(condition: str = "", sort: str = "test_accuracy", **others: Any) -> list[str]:
    table = compare_runs(condition, sort, **{"ascending": False, "limit": 50} | others)
    return [f"{run} {loss}" for run, loss in zip(table["run"], table["loss"], strict=True)]


def test_the_best_stand_first_and_those_without_a_value_last(runs: Store) -> None:
    assert names() == ["wide/nll nll", "narrow/nll nll", "wide/mse mse", "usual/nll nll"]
    assert names(ascending=True) == ["wide/mse mse", "narrow/nll nll", "wide/nll nll", "usual/nll nll"]


def test_params_that_are_numbers_are_sorted_as_such(runs: Store) -> None:
    assert names(sort="model.hidden", ascending=True) == [
        "narrow/nll nll",
        "usual/nll nll",
        "wide/mse mse",  # of equals the newest first
        "wide/nll nll",
    ]


def test_any_column_sorts(runs: Store) -> None:
    for sort, first in (("run", "narrow"), ("loss", "wide"), ("started", "narrow"), ("status", "wide")):
        assert compare_runs("", sort, ascending=True, limit=50)["run"][0].split("/")[0] == first


def test_a_condition_picks_runs(runs: Store) -> None:
    for condition, found in (
        ("metrics.test_accuracy > 0.9", ["wide/nll nll", "narrow/nll nll"]),
        ("params.model.hidden = '1000'", ["wide/nll nll", "wide/mse mse"]),
        ("tags.`dvc.stage` = 'train@mse-1'", ["wide/mse mse"]),
        ("params.model.hidden = '1000' and tags.loss = 'nll'", ["wide/nll nll"]),
        ("attributes.status = 'RUNNING'", ["usual/nll nll"]),  # not measured yet
        ("metrics.test_accuracy > 2", []),
    ):
        assert names(condition) == found


def test_the_limit_is_of_rows_after_sorting(runs: Store) -> None:
    assert names(limit=2) == ["wide/nll nll", "narrow/nll nll"]


def test_the_columns_are_what_everybody_asks_for_and_the_params_that_differ(runs: Store) -> None:
    table = compare_runs("", "test_accuracy", ascending=False, limit=50)
    assert list(table) == ["run", "status", "loss", "test_accuracy", "model.hidden"]
    table = compare_runs("params.model.hidden = '1000'", "test_accuracy", ascending=False, limit=50)
    assert list(table) == ["run", "status", "loss", "test_accuracy"]


def test_the_column_that_is_sorted_by_is_shown(runs: Store) -> None:
    table = compare_runs("", "train.epochs", ascending=False, limit=50)
    assert "train.epochs" in list(table)
    assert list(table["train.epochs"]) == ["12"] * 4


def test_columns_are_chosen_by_name_in_their_order(runs: Store) -> None:
    table = compare_runs("", "test_accuracy", ascending=False, limit=1, columns=["train.epochs", "started", "run"])
    assert list(table) == ["train.epochs", "started", "run"]
    assert str(table["started"][0]).startswith("19")  # 1970, or the evening before
    with pytest.raises(InputError, match=r"^--columns: no column 'epochs'; expected one of arithmetic, data\."):
        compare_runs("", "test_accuracy", ascending=False, limit=1, columns=["run", "epochs"])


def test_everything_is_every_metric_and_param(runs: Store) -> None:
    table = compare_runs("", "test_accuracy", ascending=False, limit=50, everything=True)
    assert list(table)[:4] == ["run", "status", "loss", "test_accuracy"]
    assert {"started", "seed", "train.epochs", "export.loss"} <= set(table)


def test_groups_are_not_shown(runs: Store) -> None:
    assert len(runs.client.search_runs([runs.experiment])) == 7
    assert len(names()) == 4


def test_deleted_runs_are_not_shown(runs: Store) -> None:
    (run,) = runs.client.search_runs([runs.experiment], "tags.loss = 'mse'")
    runs.client.delete_run(run.info.run_id)
    assert len(names()) == 3
    runs.client.restore_run(run.info.run_id)


def test_an_unknown_column_is_one_line_that_names_the_known_ones(runs: Store) -> None:
    with pytest.raises(InputError) as caught:
        names(sort="acuracy")
    assert str(caught.value).startswith("--sort: no column 'acuracy'; expected one of arithmetic, data.column, ")
    assert "test_accuracy" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_condition_that_mlflow_does_not_understand_is_one_line_that_blames_the_condition(runs: Store) -> None:
    for condition in ("nonsense", "metrics.test_accuracy >", "params.model.hidden = 1000", "'"):
        with pytest.raises(InputError) as caught:
            names(condition)
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith(f"--filter: {condition!r}: ")


# Predictions


def test_the_runs_below_a_name_have_their_predictions(
    seeds: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagger.tracking.delivery.log_model", lambda *_: None)
    for each in product(LOSSES, SEEDS):
        deliver(store, gather(Training(*each), ["evaluate"], ran=True))
    (group,) = groups_of(store)
    found = {name: predictions_of(name) for name in (group.info.run_name, "nll", "nll-2")}
    seeds_found = [{loss: list(tables) for loss, tables in each.items()} for each in found.values()]
    assert seeds_found == [{"cross_entropy": [*SEEDS], "nll": [*SEEDS]}, {"nll": [*SEEDS]}, {"nll": [2]}]
    table = pd.read_parquet(paths.predictions_file("nll", 2))
    assert all(each["nll"][2].equals(table) for each in found.values())


def test_a_group_with_one_seed_has_the_predictions_of_its_losses(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagger.tracking.delivery.log_model", lambda *_: None)
    for loss in LOSSES:
        deliver(store, gather(Training(loss, 1), ["evaluate"], ran=True))
    (group,) = groups_of(store)
    found = predictions_of(group.info.run_name)
    assert {loss: list(tables) for loss, tables in found.items()} == {"cross_entropy": [1], "nll": [1]}
    for run in runs_of(store):
        store.client.delete_run(run.info.run_id)
    with pytest.raises(InputError, match=r": has no trainings, expected an execution that trained a model"):
        predictions_of(group.info.run_name)


def test_a_run_that_is_missing_or_was_not_evaluated_is_named(store: Store) -> None:
    open_run(store, begin_training(Training("nll", 1), "a"))
    with pytest.raises(InputError, match=r"MLflow: nll: has no predictions, expected an evaluated run"):
        predictions_of("nll")
    for name in ("nil", "n'll"):
        with pytest.raises(InputError, match=r"MLflow: no run is named .*; expected a name shown by `compare`"):
            predictions_of(name)
