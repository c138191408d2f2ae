"""The metrics. To add one, add an entry to `METRICS`.

R samples of a split's sentences: the split itself, or resamples of it. T tags, of the model or gold.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import mean, stdev
from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd

from tagger.core.common.arrays import Float64s
from tagger.core.common.rounding import six_places
from tagger.evaluate.tagged_split import TaggedSplit

# The model card's metrics and its table of losses, the table of runs, the comparison's intervals, the study of losses.
Place = Literal["card", "card_losses", "runs", "intervals", "questions"]
EVERYWHERE: tuple[Place, ...] = get_args(Place)
SPREAD = "_sd"  # what the name of a standard deviation ends in
BY_TAG = ("right_tags", "predicted_tags", "gold_tags")
SPANS = ("right_spans", "found_spans", "gold_spans")


def _ratio(values: Float64s, amounts: Float64s, otherwise: float = np.nan) -> Float64s:
    return np.divide(values, amounts, out=np.full_like(values, otherwise), where=amounts > 0)


def _f1(right: Float64s, found: Float64s, gold: Float64s) -> Float64s:
    return _ratio(2 * right, found + gold, otherwise=0.0)


def _macro_f1(right: Float64s, found: Float64s, gold: Float64s) -> Float64s:
    """Average over the tags that are gold or predicted: (R, T) each -> (R)."""
    return _ratio(_f1(right, found, gold).sum(axis=1), (found + gold > 0).sum(axis=1))


def _calibration_error(gaps: Float64s, tokens: Float64s) -> Float64s:
    """Average |accuracy - confidence| of the bins, weighted by their tokens."""
    return _ratio(np.abs(gaps).sum(axis=1), tokens)


class Metric(NamedTuple):
    """A figure of a whole split. `metrics/evaluate` and the page's comparison hold every metric."""

    title: str
    meaning: str
    sums: tuple[str, ...]  # of `TaggedSplit.sums`; a tagger that lacks one lacks the metric
    shown: tuple[Place, ...] = ()  # where else it is shown
    compute: Callable[..., Float64s] = _ratio  # these sums, (R, ...) each -> (R); NaN if no token counts
    share: bool = True  # shown in percent
    better: int = 1  # 1 if more is better, -1 if less is


METRICS = {
    "accuracy": Metric("Accuracy", "words tagged correctly", ("right", "tokens"), EVERYWHERE),
    "macro_f1": Metric("Macro F1", "mean over the tags, all weighted equally", BY_TAG, EVERYWHERE, _macro_f1),
    "known_accuracy": Metric("Known words", "accuracy on words seen in training", ("known_right", "known"), ("card",)),
    "ambiguous_accuracy": Metric(
        "Ambiguous words", "accuracy on known words with several tags", ("ambiguous_right", "ambiguous"), ("card",)
    ),
    "unknown_accuracy": Metric(
        "Unknown words",
        "accuracy on words not seen in training",
        ("unknown_right", "unknown"),
        ("card", "card_losses", "runs"),
    ),
    "sentence_accuracy": Metric("Sentences", "without an error", ("right_sentences", "sentences")),
    "span_f1": Metric("Span F1", "whole spans, as seqeval counts them", SPANS, ("intervals",), _f1),
    "nll": Metric(
        "NLL", "mean of -ln(probability of the gold tag)", ("nll", "known_tags"), EVERYWHERE, share=False, better=-1
    ),
    "brier": Metric(
        "Brier score",
        "squared distance to one-hot, 0 to 2",
        ("brier", "tokens"),
        ("card", "intervals", "questions"),
        share=False,
        better=-1,
    ),
    "ece": Metric(
        "Calibration error",
        "gap between confidence and accuracy, 15 bins",
        ("gaps", "tokens"),
        ("card", "card_losses", "questions"),
        _calibration_error,
        better=-1,
    ),
}


def shown_in(place: Place) -> list[str]:
    """Return the names of the metrics that are shown in a place, in the order of `METRICS`."""
    return [name for name, metric in METRICS.items() if place in metric.shown]


def measure(tagged: TaggedSplit, weights: Float64s) -> dict[str, Float64s]:
    """Return each metric that the tagger has: (R, S) how often each sample holds each sentence -> (R) each."""
    sums = {name: weights @ values for name, values in tagged.sums.items()}
    return {
        name: metric.compute(*(sums[part] for part in metric.sums))
        for name, metric in METRICS.items()
        if sums.keys() >= set(metric.sums)
    }


def score(tagged: TaggedSplit) -> dict[str, float | None]:
    """Return each metric that the tagger has on the whole split, to six places; None if no token counts."""
    metrics = measure(tagged, np.ones((1, tagged.split.sentences)))
    return {name: None if math.isnan(value) else six_places(value) for name, (value,) in metrics.items()}


def over_seeds(trainings: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """Return the mean of each figure, and of several trainings also its sample standard deviation as `<figure>_sd`.

    Both are to six places, and None if some training lacks the figure.
    """
    if len(trainings) == 1:
        return dict(trainings[0])
    figures: dict[str, float | None] = {}
    for name in trainings[0]:
        values = [value for training in trainings if (value := training[name]) is not None]
        whole = len(values) == len(trainings)
        figures[name] = six_places(mean(values)) if whole else None
        figures[name + SPREAD] = six_places(stdev(values)) if whole else None
    return figures


def tag_table(tagged: TaggedSplit, baseline: TaggedSplit) -> pd.DataFrame:
    """Return precision, recall, F1, support and baseline's F1 of every tag that is gold or predicted, by name."""
    (right, found, gold), usual = ([each.sums[part].sum(axis=0) for part in BY_TAG] for each in (tagged, baseline))
    columns = {
        "tag": tagged.split.tag_names,
        "precision": _ratio(right, found, otherwise=0.0),
        "recall": _ratio(right, gold, otherwise=0.0),
        "f1": _f1(right, found, gold),
        "support": gold.astype(np.int64),
        "baseline_f1": _f1(*usual),
    }
    present: pd.DataFrame = pd.DataFrame(columns).loc[found + gold > 0]
    return present.sort_values("tag", ignore_index=True).round(6)
