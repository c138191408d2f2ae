"""What a comparison of losses says, in plain words."""

from collections.abc import Iterable, Sequence
from typing import Any

from tagger.wording import listed, number

BASELINE = "baseline"

Pair = dict[str, Any]  # as `comparison.compare` makes it


def pair_sentence(pair: Pair, tokens: int) -> str:
    """Say whether the two differ in accuracy, and by how much."""
    first, second = pair["first"], pair["second"]
    if second == BASELINE:
        second = "the most-frequent-tag baseline"
    if pair["same_tags"] == 1:
        return f"{first} and {second} give the same tag to each of {number(tokens)} words."
    difference, low, high = (100 * pair["accuracy"][name] for name in ("difference", "low", "high"))
    if not pair["different"]:
        return (
            f"No difference shows between {first} and {second}: {_points(difference)} of accuracy, and anything from "
            f"{number(low, 2)} to {number(high, 2)} is likely (95 % interval)."
        )
    if difference < 0:
        first, second, difference, low, high = second, first, -difference, -high, -low
    sentence = (
        f"{first} is better than {second} by {_points(difference)} of accuracy "
        f"(95 % interval {number(low, 2)} to {number(high, 2)})."
    )
    return sentence[0].upper() + sentence[1:] if sentence.startswith("the ") else sentence


def summarize(pairs: Sequence[Pair], tokens: int) -> str:
    """Sum up: the first sentence stands on its own; the last holds the best loss against the baseline."""
    against = [pair for pair in pairs if pair["second"] == BASELINE]
    between = {frozenset((pair["first"], pair["second"])): pair for pair in pairs if pair["second"] != BASELINE}
    best = max(against, key=lambda pair: float(pair["accuracy"]["first"]))
    accuracy = f"{number(100 * best['accuracy']['first'], 2)} %"
    losses = [pair["first"] for pair in against]
    to_best = {loss: between[frozenset((best["first"], loss))] for loss in losses if loss != best["first"]}
    worse = [loss for loss, pair in to_best.items() if pair["different"]]
    alike = [loss for loss in losses if loss not in worse]
    if not between:
        head = f"{best['first']} tags {accuracy} of the words right."
    elif len(alike) == 1:
        head = f"{best['first']} is better than {listed(worse)}: {accuracy} of the words are right."
    else:
        same = all(between[frozenset(two)]["same_tags"] == 1 for two in _pairs(alike))
        rest = f"; {listed(worse)} {'is' if len(worse) == 1 else 'are'} worse" if worse else ""
        head = f"No difference {'' if same else 'shows '}between {listed(alike)}{rest}: {accuracy} of the words are right."
    details = [
        f"{listed(group)} give the same tag to each of {number(tokens)} words."
        for group in _same_tags(losses, between)
        if len(group) > 1
    ]
    if len(losses) == 2 and to_best[(set(losses) - {best["first"]}).pop()]["same_tags"] < 1:
        details += [pair["sentence"] for pair in to_best.values()]
    elif len(losses) > 2:
        details += [to_best[loss]["sentence"] for loss in worse]
        if worse:
            details.append(f"Of {len(between)} such pairs one in twenty would seem to differ by chance alone.")
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


def _pairs(names: Sequence[str]) -> Iterable[tuple[str, str]]:
    return ((one, other) for place, one in enumerate(names) for other in names[place + 1 :])


def _points(value: float) -> str:
    return f"{number(value, 2)} points"
