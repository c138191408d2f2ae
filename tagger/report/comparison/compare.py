"""The losses against each other and against the baseline, on the test split: with intervals, and in words."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from tagger.core.common.arrays import Float64s
from tagger.core.common.rounding import six_places
from tagger.evaluate.metrics import score, shown_in
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.comparison.significance import (
    CONFIDENCE,
    RESAMPLES,
    difference,
    interval,
    mcnemar,
    resampled_metrics,
)
from tagger.report.comparison.variances import Variances
from tagger.report.comparison.verdict import BASELINE, ONE_SEED, pair_sentence, summarize

SIZES = (0.001, 0.002, 0.005, 0.01, 0.02)  # differences: how many seeds would make each of them visible?


def compare(losses: Mapping[str, Mapping[int, TaggedSplit]], baseline: TaggedSplit, seed: int) -> dict[str, Any]:
    """Return what `metrics/compare.json` holds: every pair of losses is compared, then each loss with the baseline.

    Args:
        losses: the test split as the models of each loss tag it, by their seeds, which are the same for all losses.
        baseline: the same split.
        seed: of the resamples.
    """
    taggers = {loss: list(models.values()) for loss, models in losses.items()} | {BASELINE: [baseline]}
    resampled = resampled_metrics(taggers, seed)
    seeds, tokens = list(next(iter(losses.values()))), len(baseline.predicted)
    between = list(combinations(losses, 2))
    pairs = [_pair(names, taggers, resampled, len(between)) for names in between]
    pairs += [_pair((loss, BASELINE), taggers, resampled, 1) for loss in losses]
    tokens = int(baseline.split.tagged.sum())
    for pair in pairs:
        compared = 1 if pair["second"] == BASELINE else len(between)
        pair["sentence"] = pair_sentence(pair, compared, tokens, seeds)
    return {
        "split": "test",
        "sentences": baseline.split.sentences,
        "tokens": tokens,
        "resamples": RESAMPLES,
        "confidence": CONFIDENCE,
        "resampled": "sentences",
        "seed": seed,
        "seeds": seeds,
        "baseline": score(baseline),
        "values": {loss: [score(tagged) for tagged in taggers[loss]] for loss in losses},
        "pairs": pairs,
        "summary": summarize(pairs, tokens, seeds),
    }


def compare_pair(taggers: Mapping[str, Sequence[TaggedSplit]], seeds: Sequence[int]) -> str:
    """Say in words which of two taggers is better, given the test split as the model of each seed tags it."""
    first, second = taggers
    pair = _pair((first, second), taggers, resampled_metrics(taggers, seed=1), 1)
    sentence = pair_sentence(pair, 1, int(taggers[first][0].split.tagged.sum()), seeds)
    return f"{sentence} {ONE_SEED}" if len(seeds) == 1 else sentence


def _pair(
    names: tuple[str, str],
    taggers: Mapping[str, Sequence[TaggedSplit]],
    resampled: Mapping[str, Mapping[str, Float64s]],
    compared: int,
) -> dict[str, Any]:
    """Compare two taggers: a metric is None if one of them lacks it; `measure` names the metric that decides."""
    first, second = (taggers[name] for name in names)
    one, other = (resampled[name] for name in names)
    confidence = 1 - (1 - CONFIDENCE) / compared  # of each interval, for all to hold together (Bonferroni)
    differences: dict[str, Any] = {
        metric: difference(one[metric], other[metric], confidence) if metric in one and metric in other else None
        for metric in shown_in("intervals")
    }
    measure = "span_f1" if differences["span_f1"] else "accuracy"
    predicted = [np.array([tagged.predicted for tagged in models]) for models in (first, second)]  # (S, N) or (1, N)
    counted = first[0].split.tagged
    pair: dict[str, Any] = {
        "first": names[0],
        "second": names[1],
        "confidence": six_places(confidence),
        "same_tags": six_places(float((predicted[0] == predicted[1])[:, counted].mean())),
        **differences,
    }
    if len(first) == 1:
        pair["mcnemar"] = mcnemar(first[0].right, second[0].right)
    elif pair["same_tags"] < 1:
        pair |= _seeds_of(names, one[measure] - other[measure], confidence)
    better = _better(names, (differences[measure]["low"], differences[measure]["high"]))
    return pair | {"measure": measure, "better": better}


def _seeds_of(names: tuple[str, str], differences: Float64s, confidence: float) -> dict[str, Any]:
    """Return what each seed alone would say of a difference, and how many seeds would show one: (S, 1 + R)."""
    variances = Variances.of(differences)
    return {
        "alone": [_better(names, interval(each, confidence)) for each in differences[:, np.newaxis]],
        "visible": six_places(variances.visible(confidence, len(differences))),
        "seeds_for": {str(size): variances.seeds_for(size, confidence) for size in SIZES},
    }


def _better(names: tuple[str, str], ends: tuple[float, float]) -> str | None:
    """Return which of two is better by the interval of first - second; None if it contains 0."""
    low, high = ends
    return None if low <= 0 <= high else names[low < 0]
