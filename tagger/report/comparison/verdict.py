"""What a comparison of losses says, in plain words."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from tagger.report.comparison.significance import CONFIDENCE
from tagger.report.shared.wording import listed, number

BASELINE = "baseline"

_MEASURES = {"accuracy": "accuracy", "span_f1": "span F1"}  # what decides: the latter where the tags mark spans
_RIGHT = {"accuracy": "{} % of the words are right", "span_f1": "span F1 of {} %"}

Pair = dict[str, Any]  # as `comparison.compare` makes it


def pair_sentence(pair: Pair, compared: int, tokens: int) -> str:
    """Say whether the two differ in the measure that decides, and by how much.

    Args:
        pair: without its sentence.
        compared: the number of pairs that the confidence is for.
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
        return f"No difference shows between {first} and {second}: {points} ({interval})."
    sentence = f"{first} is better than {second} by {points} ({interval})."
    return sentence[0].upper() + sentence[1:] if sentence.startswith("the ") else sentence


def summarize(pairs: Sequence[Pair], tokens: int) -> str:
    """Sum up: the first sentence stands on its own; the last holds the best loss against the baseline."""
    against = [pair for pair in pairs if pair["second"] == BASELINE]
    between = {frozenset((pair["first"], pair["second"])): pair for pair in pairs if pair["second"] != BASELINE}
    accuracies = {pair["first"]: float(pair[pair["measure"]]["first"]) for pair in against}
    best = max(against, key=lambda pair: accuracies[pair["first"]])
    to_best = {loss: between[frozenset((best["first"], loss))] for loss in accuracies if loss != best["first"]}
    worse = [loss for loss, pair in to_best.items() if pair["different"]]
    alike = [loss for loss in accuracies if loss not in worse]
    inside = [between[frozenset(two)] for two in combinations(alike, 2)]
    low, high = (number(100 * extreme(accuracies[loss] for loss in alike), 2) for extreme in (min, max))
    right = _RIGHT[best["measure"]].format(low if low == high else f"{low} to {high}")
    if not between:
        head = f"{best['first']}: {right}."
    elif len(alike) == 1:
        head = f"{best['first']} is better than {listed(worse)}: {right}."
    elif any(pair["different"] for pair in inside):
        others = [loss for loss in alike if loss != best["first"]]
        head = f"{best['first']} is best, but no difference to {listed(others)} shows: {right}."
    else:
        shows = "" if all(pair["same_tags"] == 1 for pair in inside) else "shows "
        rest = f"; {listed(worse)} {'is' if len(worse) == 1 else 'are'} worse" if worse else ""
        head = f"No difference {shows}between {listed(alike)}{rest}: {right}."
    details = [
        f"{listed(group)} give the same tag to each of {number(tokens)} words."
        for group in _same_tags(list(accuracies), between)
        if len(group) > 1
    ]
    if len(accuracies) == 2:
        details += [pair["sentence"] for pair in to_best.values() if pair["same_tags"] < 1]
    elif worse:
        details += [to_best[loss]["sentence"] for loss in worse]
    return " ".join([head, *details, best["sentence"]])


def _same_tags(losses: Sequence[str], between: dict[frozenset[str], Pair]) -> list[list[str]]:
    """Group the losses that give every word the same tag."""
    groups: list[list[str]] = []
    for loss in losses:
        home = next((group for group in groups if between[frozenset((group[0], loss))]["same_tags"] == 1), None)
        if home is None:
            groups.append([loss])
        else:
            home.append(loss)
    return groups
