"""What a comparison of losses says, in plain words."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

from tagger.core.common.rounding import six_digits
from tagger.evaluate.metrics import shown_in
from tagger.report.comparison.significance import CONFIDENCE, Difference, McNemar
from tagger.report.shared.wording import grouped, listed, number

BASELINE = "baseline"

_MEASURES = {"accuracy": "accuracy", "span_f1": "span F1"}
_RIGHT = {"accuracy": "{} % of the words are right", "span_f1": "span F1 of {} %"}


class Pair(NamedTuple):
    """Two losses, or a loss and the baseline, on the same words."""

    first: str
    second: str
    confidence: float  # of each interval
    same_tags: float  # share of the tokens
    differences: dict[str, Difference]  # by metric; without those that one of the two lacks
    mcnemar: McNemar
    measure: str  # the metric that decides: span_f1 if the tags mark spans, else accuracy
    different: bool  # in this metric
    sentence: str = ""

    @property
    def decisive(self) -> Difference:
        """The difference in the metric that decides."""
        return self.differences[self.measure]

    def document(self) -> dict[str, Any]:
        """Return it for JSON, with the metrics beside the other keys; None for those that one of the two lacks."""
        differences = {name: found._asdict() for name, found in self.differences.items()}
        document: dict[str, Any] = {}
        for name, value in self._asdict().items():
            document |= dict.fromkeys(shown_in("intervals")) if name == "differences" else {name: value}
        return document | differences | {"mcnemar": self.mcnemar._asdict() | {"p": six_digits(self.mcnemar.p)}}


def pair_sentence(pair: Pair, compared: int, tokens: int) -> str:
    """Say whether the two differ in the measure that decides, and by how much.

    Args:
        pair: without its sentence.
        compared: how many pairs the confidence holds for together.
        tokens: of the split.
    """
    first, second = pair.first, pair.second
    if second == BASELINE:
        second = "the most-frequent-tag baseline"
    if pair.same_tags == 1:
        return f"{first} and {second} give the same tag to each of {number(tokens)} words."
    _, _, *values = pair.decisive
    difference, low, high = (100 * value for value in values)
    sure = f" at {100 * CONFIDENCE:g} %" + (f" for all {compared} pairs together" if compared > 1 else "")
    if pair.different and difference < 0:
        first, second, difference, low, high = second, first, -difference, -high, -low
    points = f"{number(difference, 2)} points of {_MEASURES[pair.measure]}"
    interval = f"interval {number(low, 2)} to {number(high, 2)}{sure}"
    if not pair.different:
        return f"No difference shows between {first} and {second}: {points} ({interval})."
    sentence = f"{first} is better than {second} by {points} ({interval})."
    return sentence[0].upper() + sentence[1:] if sentence.startswith("the ") else sentence


def summarize(pairs: Sequence[Pair], tokens: int) -> str:
    """Sum up: the first sentence stands on its own; the last compares the best loss with the baseline."""
    against = {pair.first: pair for pair in pairs if pair.second == BASELINE}
    between = {frozenset((pair.first, pair.second)): pair for pair in pairs if pair.second != BASELINE}
    measured = {loss: pair.decisive.first for loss, pair in against.items()}
    best = max(measured, key=measured.__getitem__)
    to_best = {loss: between[frozenset((best, loss))] for loss in measured if loss != best}
    worse = [loss for loss, pair in to_best.items() if pair.different]
    alike = [loss for loss in measured if loss not in worse]
    inside = [between[frozenset(two)] for two in combinations(alike, 2)]
    low, high = (number(100 * extreme(measured[loss] for loss in alike), 2) for extreme in (min, max))
    right = _RIGHT[against[best].measure].format(low if low == high else f"{low} to {high}")
    if not between:
        head = f"{best}: {right}."
    elif len(alike) == 1:
        head = f"{best} is better than {listed(worse)}: {right}."
    elif any(pair.different for pair in inside):
        others = [loss for loss in alike if loss != best]
        head = f"{best} is best, but no difference to {listed(others)} shows: {right}."
    else:
        shows = "" if all(pair.same_tags == 1 for pair in inside) else "shows "
        rest = f"; {listed(worse)} {'is' if len(worse) == 1 else 'are'} worse" if worse else ""
        head = f"No difference {shows}between {listed(alike)}{rest}: {right}."
    details = [
        f"{listed(group)} give the same tag to each of {number(tokens)} words."
        for group in grouped(measured, lambda one, other: between[frozenset((one, other))].same_tags == 1)
        if len(group) > 1
    ]
    if len(measured) == 2:
        details += [pair.sentence for pair in to_best.values() if pair.same_tags < 1]
    elif worse:
        details += [to_best[loss].sentence for loss in worse]
    return " ".join([head, *details, against[best].sentence])
