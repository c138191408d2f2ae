"""Which of two runs of MLflow is better, in words."""

from collections.abc import Iterator

from tagger.core.common.errors import InputError
from tagger.report.comparison.compare import Tables, compare_tables
from tagger.tracking.run_predictions import predictions_of


def verdicts(first: str, second: str) -> Iterator[str]:
    """Yield a verdict for each loss that two named runs have in common, or one if each run has a single loss.

    Raises:
        StoreAwayError: the store does not answer.
        InputError: the runs can't be found or compared.
    """
    if first == second:
        raise InputError(f"RUN: got {first!r} twice, expected two runs")
    one, other = _by_loss(first), _by_loss(second)
    if len(one) == len(other) == 1:
        yield compare_tables(*one.values(), *other.values())
        return
    common = [loss for loss in one if loss in other]
    if not common:
        got = f"{', '.join(one)}, and {', '.join(other)}"
        raise InputError(f"{first} and {second}: got the losses {got}; expected at least one in common")
    for loss in common:
        yield compare_tables(one[loss], other[loss])


def _by_loss(name: str) -> dict[str, tuple[str, Tables]]:
    """Return the tables of each loss of a run, and what to call it."""
    tables = predictions_of(name)
    return {loss: (name if len(tables) == 1 else f"{name}/{loss}", seeds) for loss, seeds in tables.items()}
