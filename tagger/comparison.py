"""The losses against each other and against the baseline, on the test split: with intervals, and in words."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from tagger.calibration import Probabilities, Tags
from tagger.encoding import EncodedSplit
from tagger.lexicon import WordGroups
from tagger.rounding import six_digits, six_places
from tagger.scoring import score_tags
from tagger.significance import CONFIDENCE, RESAMPLES, Interval, Sums, interval, mcnemar, resampled_metrics

BASELINE = "baseline"
_METRICS = ("accuracy", "macro_f1", "nll", "brier")


def compare(
    probabilities: Mapping[str, Probabilities], split: EncodedSplit, groups: WordGroups, baseline: Tags, seed: int
) -> dict[str, Any]:
    """Compare every pair of losses, then each loss with the baseline.

    Args:
        probabilities: (N, K) for each loss.
        split: the gold tags.
        groups: which words are known, ambiguous, unknown.
        baseline: the tag that each token gets from `most_frequent_tags`: (N).
        seed: of the resamples.
    """
    predicted: dict[str, Tags] = {loss: values.argmax(axis=1) for loss, values in probabilities.items()}
    predicted[BASELINE] = baseline
    sums = {name: Sums(tags, split, probabilities.get(name)) for name, tags in predicted.items()}
    resampled = resampled_metrics(sums, split.sentences, seed)
    pairs = []
    for first, second in (*combinations(probabilities, 2), *((loss, BASELINE) for loss in probabilities)):
        pair: dict[str, Any] = {"first": first, "second": second}
        pair["same_tags"] = round(float((predicted[first] == predicted[second]).mean()), 6)
        for metric in _METRICS:
            both = resampled[first].get(metric), resampled[second].get(metric)
            pair[metric] = _difference(*both) if both[0] is not None and both[1] is not None else None
        tested = mcnemar(predicted[first] == split.tags, predicted[second] == split.tags)
        pair["mcnemar"] = tested._asdict() | {"p": six_digits(tested.p)}
        pair["different"] = not pair["accuracy"]["low"] <= 0 <= pair["accuracy"]["high"]
        pairs.append(pair | {"sentence": _sentence(pair, len(baseline))})
    return {
        "split": "test",
        "sentences": split.sentences,
        "tokens": len(baseline),
        "resamples": RESAMPLES,
        "confidence": CONFIDENCE,
        "resampled": "sentences",
        "seed": seed,
        "baseline": score_tags(baseline, split, groups),
        "pairs": pairs,
        "summary": summarize(pairs),
    }


def summarize(pairs: list[dict[str, Any]]) -> str:
    """Say in plain words which losses differ in accuracy; the first sentence stands on its own."""
    against = sorted(
        (pair for pair in pairs if pair["second"] == BASELINE), key=lambda pair: -pair["accuracy"]["first"]
    )
    between = [pair for pair in pairs if pair["second"] != BASELINE]
    return " ".join([_headline(against, between), *_details(between), against[0]["sentence"]])


def _headline(ranked: list[dict[str, Any]], between: list[dict[str, Any]]) -> str:
    best, worst = ranked[0], ranked[-1]
    high, low = (f"{100 * pair['accuracy']['first']:.2f}" for pair in (best, worst))
    names = list(dict.fromkeys(pair["first"] for pair in between)) + [pair["second"] for pair in between[-1:]]
    if not between:
        return f"{best['first']} tags {high} % of the words right."
    if not any(pair["different"] for pair in between):
        words = f"{high} %" if high == low else f"{low} to {high} %"
        same = all(pair["same_tags"] == 1 for pair in between)
        return f"No difference {'' if same else 'shows '}between {_listed(names)}: {words} of the words are right."
    if len(names) == 2:
        return f"{best['first']} tags more words right than {worst['first']}: {high} % against {low} %."
    return f"{best['first']} tags most words right, {high} %, and {worst['first']} fewest, {low} %."


def _details(between: list[dict[str, Any]]) -> list[str]:
    if len(between) == 1:
        return [between[0]["sentence"]]
    alike = [f"{pair['first']} and {pair['second']}" for pair in between if not pair["different"]]
    apart = [pair["sentence"] for pair in between if pair["different"]]
    if not apart or not alike:
        return apart
    chance = f"Of {len(between)} pairs one in twenty would seem to differ by chance alone."
    return [*apart, f"No difference shows between {_listed(alike)}.", chance]


def _difference(first: np.ndarray, second: np.ndarray) -> dict[str, float | None] | None:
    found: Interval | None = interval(first, second)
    if found is None:
        return None
    values = {"first": float(first[0]), "second": float(second[0]), **found._asdict()}
    return {name: six_places(value) for name, value in values.items()}


def _sentence(pair: dict[str, Any], tokens: int) -> str:
    first, second = pair["first"], pair["second"]
    if second == BASELINE:
        second = "the most-frequent-tag baseline"
    if pair["same_tags"] == 1:
        return f"{first} and {second} give the same tag to each of {tokens:,} words."
    difference, low, high = (100 * pair["accuracy"][name] for name in ("difference", "low", "high"))
    if not pair["different"]:
        return (
            f"{first} has {difference:+.2f} points of accuracy more than {second}, which may be chance: with other "
            f"sentences it might be {low:+.2f} to {high:+.2f} (95 % interval)."
        )
    if difference < 0:
        first, second, difference, low, high = second, first, -difference, -high, -low
    return (
        f"{first[0].upper() if first.startswith('the ') else first[0]}{first[1:]} is better than {second} by "
        f"{difference:.2f} points of accuracy (95 % interval {low:.2f} to {high:.2f})."
    )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
