"""The losses against each other and against the baseline, on the test split: with intervals, and in words."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from tagger.core.common.arrays import Float64s
from tagger.core.common.rounding import six_places
from tagger.evaluate.metrics import score, shown_in
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.comparison.significance import CONFIDENCE, RESAMPLES, difference, mcnemar, resampled_metrics
from tagger.report.comparison.verdict import BASELINE, pair_sentence, summarize


def compare(losses: Mapping[str, TaggedSplit], baseline: TaggedSplit, seed: int) -> dict[str, Any]:
    """Return what `metrics/compare.json` holds: every pair of losses is compared, then each loss with the baseline.

    Args:
        losses: the test split as each model tags it.
        baseline: the same split.
        seed: of the resamples.
    """
    taggers = {**losses, BASELINE: baseline}
    resampled = resampled_metrics(taggers, seed)
    between = list(combinations(losses, 2))
    pairs = [_pair(names, taggers, resampled, len(between)) for names in between]
    pairs += [_pair((loss, BASELINE), taggers, resampled, 1) for loss in losses]
    tokens = int(baseline.split.tagged.sum())
    return {
        "split": "test",
        "sentences": baseline.split.sentences,
        "tokens": tokens,
        "resamples": RESAMPLES,
        "confidence": CONFIDENCE,
        "resampled": "sentences",
        "seed": seed,
        "baseline": score(baseline),
        "pairs": pairs,
        "summary": summarize(pairs, tokens),
    }


def _pair(
    names: tuple[str, str],
    taggers: Mapping[str, TaggedSplit],
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
    pair = {
        "first": names[0],
        "second": names[1],
        "confidence": six_places(confidence),
        "same_tags": six_places(float((first.predicted == second.predicted)[first.split.tagged].mean())),
        **differences,
        "mcnemar": mcnemar(first.right, second.right),
        "measure": measure,
        "different": not differences[measure]["low"] <= 0 <= differences[measure]["high"],
    }
    return pair | {"sentence": pair_sentence(pair, compared, int(first.split.tagged.sum()))}
