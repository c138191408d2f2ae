"""The verdict of a comparison of losses, in plain words."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from tagger.report.comparison.significance import CONFIDENCE
from tagger.report.comparison.variances import POWER
from tagger.report.shared.wording import grouped, listed, number

BASELINE = "baseline"

_MEASURES = {"accuracy": "accuracy", "span_f1": "span F1"}
_RIGHT = {"accuracy": "{} % of the words are right", "span_f1": "span F1 of {} %"}
ONE_SEED = "Only one seed was compared; others may lead to another verdict."


def pair_sentence(pair: Mapping[str, Any], compared: int, tokens: int, seeds: Sequence[int]) -> str:
    """Say whether the two differ in the measure that decides, by how much, and which seeds alone would say otherwise.

    The pair is one of `metrics/compare.json`, without its sentence; its confidence holds for `compared` pairs together.
    """
    first, second = pair["first"], pair["second"]
    if pair["same_tags"] == 1:
        return f"{_named(first)} and {_named(second)} {_same_tags(tokens, seeds)}"
    difference, low, high = (100 * pair[pair["measure"]][name] for name in ("difference", "low", "high"))
    sure = f" at {100 * CONFIDENCE:g} %" + (f" for all {compared} pairs together" if compared > 1 else "")
    if pair["better"] == second:
        first, second, difference, low, high = second, first, -difference, -high, -low
    points = f"{number(difference, 2)} points of {_MEASURES[pair['measure']]}{_average(seeds)}"
    interval = f"interval {number(low, 2)} to {number(high, 2)}{sure}"
    if pair["better"]:
        sentence = f"{_named(first)} is better than {_named(second)} by {points} ({interval})."
        sentence = sentence.replace("the ", "The ", 1) if sentence.startswith("the ") else sentence
    else:
        sentence = f"No significant difference between {_named(first)} and {_named(second)}: {points} ({interval})."
    return " ".join([sentence, *(_over_seeds(pair, seeds) if len(seeds) > 1 else ())])


def _over_seeds(pair: Mapping[str, Any], seeds: Sequence[int]) -> Iterator[str]:
    """Say which seeds alone would have led to another verdict and, if none was found, how large a difference shows."""
    for verdict in dict.fromkeys(pair["alone"]):
        if verdict != pair["better"]:
            found = [str(seed) for seed, said in zip(seeds, pair["alone"], strict=True) if said == verdict]
            which = f"seed{'s' if len(found) > 1 else ''} {listed(found)} of the {len(seeds)}"
            said = f"have claimed that {_named(verdict)} is better" if verdict else "not have shown it"
            yield f"One seed alone would {said}: {which}."
    if not pair["better"]:
        smaller = {float(size): enough for size, enough in pair["seeds_for"].items() if float(size) < pair["visible"]}
        within = [size for size, enough in smaller.items() if enough]
        beyond = [size for size, enough in smaller.items() if not enough]
        text = f"{len(seeds)} seeds detect a difference of {number(100 * pair['visible'], 2)} points "
        text += f"in {100 * POWER:g} of 100 cases"
        text += f"; {number(smaller[within[0]])} would detect one of {100 * within[0]:g}" if within else ""
        yield text + (f"; one of {100 * beyond[-1]:g} needs a larger test split." if beyond else ".")


def _named(tagger: str) -> str:
    return "the most-frequent-tag baseline" if tagger == BASELINE else tagger


def _same_tags(tokens: int, seeds: Sequence[int]) -> str:
    return f"give the same tag to each of {number(tokens)} words{' with every seed' if len(seeds) > 1 else ''}."


def _average(seeds: Sequence[int]) -> str:
    return f" on average over {len(seeds)} seeds" if len(seeds) > 1 else ""


def summarize(pairs: Sequence[Mapping[str, Any]], tokens: int, seeds: Sequence[int]) -> str:
    """Sum up: first a sentence that stands on its own, then details, the baseline, and what is not known."""
    against = {pair["first"]: pair for pair in pairs if pair["second"] == BASELINE}
    between = {frozenset((pair["first"], pair["second"])): pair for pair in pairs if pair["second"] != BASELINE}
    measured = {loss: pair[pair["measure"]]["first"] for loss, pair in against.items()}
    best = max(measured, key=measured.__getitem__)
    to_best = {loss: between[frozenset((best, loss))] for loss in measured if loss != best}
    worse = [loss for loss, pair in to_best.items() if pair["better"]]
    alike = [loss for loss in measured if loss not in worse]
    inside = [between[frozenset(two)] for two in combinations(alike, 2)]
    low, high = (number(100 * extreme(measured[loss] for loss in alike), 2) for extreme in (min, max))
    right = _RIGHT[against[best]["measure"]].format(low if low == high else f"{low} to {high}") + _average(seeds)
    if not between:
        head = f"{best}: {right}."
    elif len(alike) == 1:
        head = f"{best} is better than {listed(worse)}: {right}."
    elif any(pair["better"] for pair in inside):
        others = [loss for loss in alike if loss != best]
        head = f"{best} is best, but not significantly better than {listed(others)}: {right}."
    else:
        significant = "" if all(pair["same_tags"] == 1 for pair in inside) else "significant "
        rest = f"; {listed(worse)} {'is' if len(worse) == 1 else 'are'} worse" if worse else ""
        head = f"No {significant}difference between {listed(alike)}{rest}: {right}."
    details = [
        f"{listed(group)} {_same_tags(tokens, seeds)}"
        for group in grouped(measured, lambda one, other: between[frozenset((one, other))]["same_tags"] == 1)
        if len(group) > 1
    ]
    details += [
        pair["sentence"]
        for pair in to_best.values()
        if pair["better"] or (pair["same_tags"] < 1 and (len(measured) == 2 or len(seeds) > 1))
    ]
    return " ".join([head, *details, against[best]["sentence"], *([ONE_SEED] if len(seeds) == 1 else [])])
