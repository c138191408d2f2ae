"""The runs of the store as a table."""

from pathlib import Path
from typing import Any

import pytest

from tagger.core.common.errors import InputError
from tagger.core.params.schema import Training
from tagger.tracking.compared_runs import compare_runs
from tagger.tracking.gather import begin_training
from tagger.tracking.runs import open_run
from tagger.tracking.store import Store, connect
from tests.tracking.conftest import Fill

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


@pytest.fixture(autouse=True)
def runs(written: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store with these runs, which tests leave as it is."""
    monkeypatch.chdir(written)
    return connect()


def names(condition: str = "", sort: str = "test_accuracy", **others: Any) -> list[str]:
    table = compare_runs(condition, sort, **{"ascending": False, "limit": 50} | others)
    return [f"{run} {loss}" for run, loss in zip(table["run"], table["loss"], strict=True)]


def test_the_best_stand_first_and_those_without_a_value_last() -> None:
    assert names() == ["wide/nll nll", "narrow/nll nll", "wide/mse mse", "usual/nll nll"]
    assert names(ascending=True) == ["wide/mse mse", "narrow/nll nll", "wide/nll nll", "usual/nll nll"]


def test_params_that_are_numbers_are_sorted_as_such() -> None:
    assert names(sort="model.hidden", ascending=True) == [
        "narrow/nll nll",
        "usual/nll nll",
        "wide/mse mse",  # of equals the newest first
        "wide/nll nll",
    ]


def test_any_column_sorts() -> None:
    for sort, first in (("run", "narrow"), ("loss", "wide"), ("started", "narrow"), ("status", "wide")):
        assert compare_runs("", sort, ascending=True, limit=50)["run"][0].split("/")[0] == first


def test_a_condition_picks_runs() -> None:
    for condition, found in (
        ("metrics.test_accuracy > 0.9", ["wide/nll nll", "narrow/nll nll"]),
        ("params.model.hidden = '1000'", ["wide/nll nll", "wide/mse mse"]),
        ("tags.`dvc.stage` = 'train@mse-1'", ["wide/mse mse"]),
        ("params.model.hidden = '1000' and tags.loss = 'nll'", ["wide/nll nll"]),
        ("attributes.status = 'RUNNING'", ["usual/nll nll"]),  # not measured yet
        ("metrics.test_accuracy > 2", []),
    ):
        assert names(condition) == found


def test_the_limit_is_of_rows_after_sorting() -> None:
    assert names(limit=2) == ["wide/nll nll", "narrow/nll nll"]


def test_the_columns_are_what_everybody_asks_for_and_the_params_that_differ() -> None:
    table = compare_runs("", "test_accuracy", ascending=False, limit=50)
    assert list(table) == ["run", "status", "loss", "test_accuracy", "model.hidden"]
    table = compare_runs("params.model.hidden = '1000'", "test_accuracy", ascending=False, limit=50)
    assert list(table) == ["run", "status", "loss", "test_accuracy"]


def test_the_column_that_is_sorted_by_is_shown() -> None:
    table = compare_runs("", "train.epochs", ascending=False, limit=50)
    assert "train.epochs" in list(table)
    assert list(table["train.epochs"]) == ["12"] * 4


def test_columns_are_chosen_by_name_in_their_order() -> None:
    table = compare_runs("", "test_accuracy", ascending=False, limit=1, columns=["train.epochs", "started", "run"])
    assert list(table) == ["train.epochs", "started", "run"]
    assert str(table["started"][0]).startswith("19")  # 1970, or the evening before
    with pytest.raises(InputError, match=r"^--columns: no column 'epochs'; expected one of arithmetic, data\."):
        compare_runs("", "test_accuracy", ascending=False, limit=1, columns=["run", "epochs"])


def test_everything_is_every_metric_and_param() -> None:
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


def test_an_unknown_column_is_one_line_that_names_the_known_ones() -> None:
    with pytest.raises(InputError) as caught:
        names(sort="acuracy")
    assert str(caught.value).startswith("--sort: no column 'acuracy'; expected one of arithmetic, data.column, ")
    assert "test_accuracy" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_condition_that_mlflow_does_not_understand_is_one_line_that_blames_the_condition() -> None:
    for condition in ("nonsense", "metrics.test_accuracy >", "params.model.hidden = 1000", "'"):
        with pytest.raises(InputError) as caught:
            names(condition)
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith(f"--filter: {condition!r}: ")
