from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.params.schema import Training
from tagger.tracking.compared_runs import predictions_of
from tagger.tracking.delivery import deliver
from tagger.tracking.gather import begin_training, gather
from tagger.tracking.runs import open_run
from tagger.tracking.store import Store
from tests.tracking.samples import LOSSES, SEEDS, groups_of, runs_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


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
