"""The losses against each other and against the baseline, on the test split: with intervals, and in words."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from tagger.core.common.arrays import Probabilities, Tags
from tagger.core.common.rounding import six_digits, six_places
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import WordGroups
from tagger.evaluate.metrics import score_tags
from tagger.report.comparison.significance import (
    CONFIDENCE,
    RESAMPLES,
    Interval,
    Sums,
    interval,
    mcnemar,
    pair_confidence,
    resampled_metrics,
)
from tagger.report.comparison.verdict import BASELINE, pair_sentence, summarize

_METRICS = ("accuracy", "macro_f1", "span_f1", "nll", "brier")


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
    between = list(combinations(probabilities, 2))
    pairs = []
    for first, second in (*between, *((loss, BASELINE) for loss in probabilities)):
        compared = 1 if second == BASELINE else len(between)
        confidence = pair_confidence(compared)
        pair: dict[str, Any] = {"first": first, "second": second, "confidence": round(confidence, 6)}
        pair["same_tags"] = round(float((predicted[first] == predicted[second]).mean()), 6)
        for metric in _METRICS:
            measured = metric in resampled[first] and metric in resampled[second]
            pair[metric] = (
                _difference(resampled[first][metric], resampled[second][metric], confidence) if measured else None
            )
        tested = mcnemar(predicted[first] == split.tags, predicted[second] == split.tags)
        pair["mcnemar"] = tested._asdict() | {"p": six_digits(tested.p)}
        pair["measure"] = "span_f1" if pair["span_f1"] else "accuracy"
        decisive = pair[pair["measure"]]
        pair["different"] = not decisive["low"] <= 0 <= decisive["high"]
        pairs.append(pair | {"sentence": pair_sentence(pair, compared, len(baseline))})
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
        "summary": summarize(pairs, len(baseline)),
    }


def _difference(first: np.ndarray, second: np.ndarray, confidence: float) -> dict[str, float | None] | None:
    found: Interval | None = interval(first, second, confidence)
    if found is None:
        return None
    values = {"first": float(first[0]), "second": float(second[0]), **found._asdict()}
    return {name: six_places(value) for name, value in values.items()}
