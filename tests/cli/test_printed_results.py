import pytest

from tagger.cli.printed_results import verdicts
from tagger.core.common.errors import InputError
from tests.report.comparison.test_compare_tables import HALF, RIGHT, table

RUNS = {
    "wide": {"nll": {1: table(RIGHT)}, "mse": {1: table(RIGHT)}},
    "narrow": {"nll": {1: table(HALF)}, "hinge": {1: table(HALF)}},
    "hinges": {"hinge": {1: table(HALF)}, "softmax_nll": {1: table(HALF)}},
    "wide/mse": {"mse": {1: table(RIGHT)}},
    "narrow/nll": {"nll": {1: table(HALF)}},
}


@pytest.fixture(autouse=True)
def _store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagger.tracking.compared_runs.predictions_of", RUNS.__getitem__)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("wide", "narrow", "wide/nll is better than narrow/nll by"),
        ("narrow/nll", "wide/mse", "wide/mse is better than narrow/nll by"),
        ("wide", "narrow/nll", "wide/nll is better than narrow/nll by"),
    ],
)
def test_losses_of_two_runs_are_compared(first: str, second: str, said: str) -> None:
    (line,) = verdicts(first, second)
    assert line.startswith(said)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("wide", "wide", "RUN: got 'wide' twice, expected two different runs"),
        (
            "wide",
            "hinges",
            "wide and hinges: got the losses nll, mse and hinge, softmax_nll; expected one in common",
        ),
    ],
)
def test_runs_that_can_not_be_compared_are_named(first: str, second: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        list(verdicts(first, second))
