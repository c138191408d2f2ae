"""What a comparison of losses says, in plain words."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from tagger.report.comparison.significance import CONFIDENCE
from tagger.report.shared.wording import grouped, listed, number

BASELINE = "baseline"

_MEASURES = {"accuracy": "accuracy", "span_f1": "span F1"}
_RIGHT = {"accuracy": "{} % of the words are right", "span_f1": "span F1 of {} %"}


def pair_sentence(pair: Mapping[str, Any], compared: int, tokens: int) -> str:
    """Say whether the two differ in the measure that decides, and by how much.

    Args:
        pair: of `metrics/compare.json`, without its sentence.
        compared: how many pairs the confidence holds for together.
        tokens: of the split.
    """
    first, second = pair["first"], pair["second"]
    if second == BASELINE:
        second = "the most-frequent-tag baseline"
    if pair["same_tags"] == 1:
        return f"{first} and {second} give the same tag to each of {number(tokens)} words."
    difference, low, high = (100 * pair[pair["measure"]][name] for name in ("difference", "low", "high"))
    sure = f" at {100 * CONFIDENCE:g} %" + (f" for all {compared} pairs together" if compared > 1 else "")
    if pair["different"] and difference < 0:
        first, second, difference, low, high = second, first, -difference, -high, -low
    points = f"{number(difference, 2)} points of {_MEASURES[pair['measure']]}"
    interval = f"interval {number(low, 2)} to {number(high, 2)}{sure}"
    if not pair["different"]:
        return f"No significant difference between {first} and {second}: {points} ({interval})."
    sentence = f"{first} is better than {second} by {points} ({interval})."
    return sentence[0].upper() + sentence[1:] if sentence.startswith("the ") else sentence


def summarize(pairs: Sequence[Mapping[str, Any]], tokens: int) -> str:
    """Sum up: the first sentence stands on its own; the last compares the best loss with the baseline."""
    against = {pair["first"]: pair for pair in pairs if pair["second"] == BASELINE}
    between = {frozenset((pair["first"], pair["second"])): pair for pair in pairs if pair["second"] != BASELINE}
    measured = {loss: pair[pair["measure"]]["first"] for loss, pair in against.items()}
    best = max(measured, key=measured.__getitem__)
    to_best = {loss: between[frozenset((best, loss))] for loss in measured if loss != best}
    worse = [loss for loss, pair in to_best.items() if pair["different"]]
    alike = [loss for loss in measured if loss not in worse]
    inside = [between[frozenset(two)] for two in combinations(alike, 2)]
    low, high = (number(100 * extreme(measured[loss] for loss in alike), 2) for extreme in (min, max))
    right = _RIGHT[against[best]["measure"]].format(low if low == high else f"{low} to {high}")
    if not between:
        head = f"{best}: {right}."
    elif len(alike) == 1:
        head = f"{best} is better than {listed(worse)}: {right}."
    elif any(pair["different"] for pair in inside):
        others = [loss for loss in alike if loss != best]
        head = f"{best} is best, but not significantly better than {listed(others)}: {right}."
    else:
        significant = "" if all(pair["same_tags"] == 1 for pair in inside) else "significant "
        rest = f"; {listed(worse)} {'is' if len(worse) == 1 else 'are'} worse" if worse else ""
        head = f"No {significant}difference between {listed(alike)}{rest}: {right}."
    details = [
        f"{listed(group)} give the same tag to each of {number(tokens)} words."
        for group in grouped(measured, lambda one, other: between[frozenset((one, other))]["same_tags"] == 1)
        if len(group) > 1
    ]
    details += [
        pair["sentence"]
        for pair in to_best.values()
        if pair["different"] or (len(measured) == 2 and pair["same_tags"] < 1)
    ]
    return " ".join([head, *details, against[best]["sentence"]])
