"""Numbers that say how good predictions are. To add a metric, add an entry to `METRICS`.

R samples of a split's sentences: the split itself, or resamples of it. T tags, of the model or gold.
"""

import math
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from tagger.core.common.arrays import Float64s
from tagger.core.common.rounding import six_places
from tagger.evaluate.tagged_split import TaggedSplit

# The model card's metrics and its table of losses, the table of runs, the comparison's intervals, the study of losses.
Place = Literal["card", "card_losses", "runs", "intervals", "questions"]
EVERYWHERE: tuple[Place, ...] = ("card", "card_losses", "runs", "intervals", "questions")
Sums = Mapping[str, Float64s]  # as `TaggedSplit.sums` has them, over the sentences of each sample: (R, ...)


class Metric(NamedTuple):
    """A figure of a whole split. `metrics/evaluate` and the page's comparison hold every metric."""

    title: str
    meaning: str
    compute: Callable[[Sums], Float64s]  # (R); NaN if no token counts
    shown: tuple[Place, ...] = ()  # where else it stands
    needs: str = "tokens"  # one of the sums: a tagger without it does not have the metric
    share: bool = True  # shown in percent
    better: int = 1  # 1 if more is better, -1 if less is


def _ratio(values: str, amount: str) -> Callable[[Sums], Float64s]:
    return lambda sums: _divided(sums[values], sums[amount], otherwise=np.nan)


def _divided(values: Float64s, by: Float64s, otherwise: float = 0.0) -> Float64s:
    return np.divide(values, by, out=np.full_like(values, otherwise), where=by > 0)


def _macro_f1(sums: Sums) -> Float64s:
    """Average over the tags that are gold or predicted: (R, T) -> (R)."""
    amount = sums["gold_tags"] + sums["predicted_tags"]
    return np.asarray(_divided(2 * sums["right_tags"], amount).sum(axis=1) / (amount > 0).sum(axis=1))


def _span_f1(sums: Sums) -> Float64s:
    right, found, gold = sums["spans"].T
    return _divided(2 * right, found + gold)


def _calibration_error(sums: Sums) -> Float64s:
    """Average |accuracy - confidence| of the bins, each weighing as many tokens as it has."""
    return np.asarray(np.abs(sums["gaps"]).sum(axis=1) / sums["tokens"])


METRICS = {
    "accuracy": Metric("Accuracy", "words with the right tag", _ratio("right", "tokens"), EVERYWHERE),
    "macro_f1": Metric("Macro F1", "mean over the tags, each weighing the same", _macro_f1, EVERYWHERE),
    "known_accuracy": Metric(
        "Known words", "accuracy on words that training has", _ratio("known_right", "known"), ("card",)
    ),
    "ambiguous_accuracy": Metric(
        "Ambiguous words", "accuracy on known words of several tags", _ratio("ambiguous_right", "ambiguous"), ("card",)
    ),
    "unknown_accuracy": Metric(
        "Unknown words",
        "accuracy on words that training lacks",
        _ratio("unknown_right", "unknown"),
        ("card", "card_losses", "runs"),
    ),
    "sentence_accuracy": Metric("Sentences", "without a wrong word", _ratio("right_sentences", "sentences")),
    "span_f1": Metric("Span F1", "whole spans, as seqeval counts them", _span_f1, ("intervals",), needs="spans"),
    # over the tokens whose gold tag the model knows
    "nll": Metric(
        "NLL",
        "mean of -ln(probability of the gold tag)",
        _ratio("nll", "known_tags"),
        EVERYWHERE,
        needs="nll",
        share=False,
        better=-1,
    ),
    "brier": Metric(
        "Brier score",
        "squared distance to one-hot, 0 to 2",
        _ratio("brier", "tokens"),
        ("card", "intervals", "questions"),
        needs="brier",
        share=False,
        better=-1,
    ),
    "ece": Metric(
        "Calibration error",
        "gap of confidence and accuracy, 15 bins",
        _calibration_error,
        ("card", "card_losses", "questions"),
        needs="gaps",
        better=-1,
    ),
}


def shown_in(place: Place) -> list[str]:
    """Return the names of the metrics that are shown in a place, in the order of `METRICS`."""
    return [name for name, metric in METRICS.items() if place in metric.shown]


def measure(tagged: TaggedSplit, weights: Float64s) -> dict[str, Float64s]:
    """Return each metric that the tagger has: (R, S) how often each sample holds each sentence -> (R) each."""
    sums = {name: weights @ values for name, values in tagged.sums.items()}
    return {name: metric.compute(sums) for name, metric in METRICS.items() if metric.needs in sums}


def score(tagged: TaggedSplit) -> dict[str, float | None]:
    """Return each metric that the tagger has on the whole split, to six places; None if no token counts."""
    metrics = measure(tagged, np.ones((1, tagged.split.sentences)))
    return {name: None if math.isnan(value) else six_places(value) for name, (value,) in metrics.items()}


def tag_table(tagged: TaggedSplit, baseline: TaggedSplit) -> pd.DataFrame:
    """Return precision, recall, F1 and support of every tag that is gold or predicted, by name.

    The last column is the F1 of the baseline's tags.
    """
    from sklearn.metrics import precision_recall_fscore_support  # takes a second: who asks for names does without

    gold, names = tagged.split.tags, tagged.split.tag_names
    present = sorted({*np.unique(gold), *np.unique(tagged.predicted)}, key=lambda tag: names[tag])
    columns, baseline_columns = (
        precision_recall_fscore_support(gold, predicted, labels=present, zero_division=0)
        for predicted in (tagged.predicted, baseline.predicted)
    )
    tags = {"tag": [names[tag] for tag in present]}
    scores = dict(zip(("precision", "recall", "f1", "support"), columns, strict=True))
    return pd.DataFrame(tags | scores | {"baseline_f1": baseline_columns[2]}).round(6)
