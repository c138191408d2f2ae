"""The verdict on two MLflow runs, in words."""

from collections.abc import Iterator

from tagger.core.common.errors import InputError
from tagger.report.comparison.compare import Tables, compare_tables
from tagger.tracking.run_predictions import predictions_of


def verdicts(first: str, second: str) -> Iterator[str]:
    """Yield a verdict for each loss that two named runs have in common, or one if each run has a single loss."""
    if first == second:
        raise InputError(f"RUN: got {first!r} twice, expected two different runs")
    one, other = _by_loss(first), _by_loss(second)
    if len(one) == len(other) == 1:
        yield compare_tables(*one.values(), *other.values())
        return
    common = [loss for loss in one if loss in other]
    if not common:
        got = f"{', '.join(one)} and {', '.join(other)}"
        raise InputError(f"{first} and {second}: got the losses {got}; expected one in common")
    for loss in common:
        yield compare_tables(one[loss], other[loss])


def _by_loss(name: str) -> dict[str, tuple[str, Tables]]:
    """Return, for each loss of a run, the name to show and its tables."""
    tables = predictions_of(name)
    return {loss: (name if len(tables) == 1 else f"{name}/{loss}", seeds) for loss, seeds in tables.items()}
