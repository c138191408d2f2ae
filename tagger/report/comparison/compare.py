"""The losses against each other and against the baseline, on the test split: with intervals, and in words."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any, NamedTuple

from tagger.core.common.arrays import Float64s
from tagger.core.common.rounding import six_places
from tagger.evaluate.metrics import score, shown_in
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.comparison.significance import (
    CONFIDENCE,
    RESAMPLES,
    difference,
    mcnemar,
    pair_confidence,
    resampled_metrics,
)
from tagger.report.comparison.verdict import BASELINE, Pair, pair_sentence, summarize


class Comparison(NamedTuple):
    """What `metrics/compare.json` holds."""

    split: str
    sentences: int
    tokens: int
    resamples: int
    confidence: float
    resampled: str
    seed: int
    baseline: dict[str, float | None]  # its metrics
    pairs: list[Pair]  # of losses, then each loss with the baseline
    summary: str

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return self._asdict() | {"pairs": [pair.document() for pair in self.pairs]}


def compare(losses: Mapping[str, TaggedSplit], baseline: TaggedSplit, seed: int) -> Comparison:
    """Compare every pair of losses, then each loss with the baseline; the seed is that of the resamples."""
    taggers = {**losses, BASELINE: baseline}
    resampled = resampled_metrics(taggers, seed)
    between = list(combinations(losses, 2))
    tokens = len(baseline.predicted)
    pairs = []
    for names in (*between, *((loss, BASELINE) for loss in losses)):
        compared = 1 if BASELINE in names else len(between)
        pair = _pair(names, taggers, resampled, pair_confidence(compared))
        pairs.append(pair._replace(sentence=pair_sentence(pair, compared, tokens)))
    return Comparison(
        split="test",
        sentences=baseline.split.sentences,
        tokens=tokens,
        resamples=RESAMPLES,
        confidence=CONFIDENCE,
        resampled="sentences",
        seed=seed,
        baseline=score(baseline),
        pairs=pairs,
        summary=summarize(pairs, tokens),
    )


def _pair(
    names: tuple[str, str],
    taggers: Mapping[str, TaggedSplit],
    resampled: Mapping[str, Mapping[str, Float64s]],
    confidence: float,
) -> Pair:
    first, second = (taggers[name] for name in names)
    one, other = (resampled[name] for name in names)
    differences = {
        metric: found
        for metric in shown_in("intervals")
        if metric in one and metric in other and (found := difference(one[metric], other[metric], confidence))
    }
    measure = "span_f1" if "span_f1" in differences else "accuracy"
    decisive = differences[measure]
    return Pair(
        *names,
        confidence=six_places(confidence),
        same_tags=six_places(float((first.predicted == second.predicted).mean())),
        differences=differences,
        mcnemar=mcnemar(first.right, second.right),
        measure=measure,
        different=not decisive.low <= 0 <= decisive.high,
    )
