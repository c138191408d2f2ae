"""Numbers that say how good predictions are. To add a metric, add an entry to `METRICS`.

scikit-learn takes a second to import, and who only asks for names does without: it is imported where it computes.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from tagger.core.common.rounding import six_places
from tagger.evaluate.calibration import brier_scores, calibration_error, gold_nll
from tagger.evaluate.spans import score_spans
from tagger.evaluate.tagged_split import TaggedSplit

# The model card's metrics and its table of losses, the table of runs, the comparison's intervals, the study of losses.
Place = Literal["card", "card_losses", "runs", "intervals", "questions"]
CARD: tuple[Place, ...] = ("card",)
EVERYWHERE: tuple[Place, ...] = ("card", "card_losses", "runs", "intervals", "questions")


class Metric(NamedTuple):
    """A figure of a whole split. `metrics/evaluate` and the page's comparison hold every metric."""

    title: str
    meaning: str
    compute: Callable[[TaggedSplit], float | None]  # None if no token counts
    shown: tuple[Place, ...] = ()  # where else it stands
    needs: Literal["tags", "spans", "probabilities"] = "tags"  # a tagger without them does not have the metric
    share: bool = True  # shown in percent
    better: int = 1  # 1 if more is better, -1 if less is


def _macro_f1(tagged: TaggedSplit) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(tagged.split.tags, tagged.predicted, average="macro", zero_division=0))


def _right_sentences(tagged: TaggedSplit) -> float:
    return float(np.logical_and.reduceat(tagged.right, tagged.split.sentence_starts[:-1]).mean())


def _nll(tagged: TaggedSplit) -> float | None:
    known = tagged.split.tags < tagged.probabilities.shape[1]
    return float(gold_nll(tagged.probabilities, tagged.split.tags)[known].mean()) if known.any() else None


def _brier(tagged: TaggedSplit) -> float:
    return float(brier_scores(tagged.probabilities, tagged.split.tags).mean())


METRICS = {
    "accuracy": Metric("Accuracy", "words with the right tag", lambda tagged: float(tagged.right.mean()), EVERYWHERE),
    # over the tags that are gold or predicted
    "macro_f1": Metric("Macro F1", "mean over the tags, each weighing the same", _macro_f1, EVERYWHERE),
    "known_accuracy": Metric(
        "Known words", "accuracy on words that training has", lambda tagged: tagged.accuracy(tagged.groups.known), CARD
    ),
    "ambiguous_accuracy": Metric(
        "Ambiguous words",
        "accuracy on known words of several tags",
        lambda tagged: tagged.accuracy(tagged.groups.ambiguous),
        CARD,
    ),
    "unknown_accuracy": Metric(
        "Unknown words",
        "accuracy on words that training lacks",
        lambda tagged: tagged.accuracy(tagged.groups.unknown),
        ("card", "card_losses", "runs"),
    ),
    "sentence_accuracy": Metric("Sentences", "without a wrong word", _right_sentences),
    "span_f1": Metric(
        "Span F1",
        "whole spans, as seqeval counts them",
        lambda tagged: score_spans(tagged.spans)[0].f1,
        ("intervals",),
        needs="spans",
    ),
    # over the tokens whose gold tag the model knows
    "nll": Metric("NLL", "mean of -ln(probability of the gold tag)", _nll, EVERYWHERE, "probabilities", False, -1),
    "brier": Metric(
        "Brier score",
        "squared distance to one-hot, 0 to 2",
        _brier,
        ("card", "intervals", "questions"),
        "probabilities",
        share=False,
        better=-1,
    ),
    "ece": Metric(
        "Calibration error",
        "gap of confidence and accuracy, 15 bins",
        lambda tagged: calibration_error(tagged.bins),
        ("card", "card_losses", "questions"),
        "probabilities",
        better=-1,
    ),
}


def shown_in(place: Place) -> list[str]:
    """Return the names of the metrics that are shown in a place, in the order of `METRICS`."""
    return [name for name, metric in METRICS.items() if place in metric.shown]


def score(tagged: TaggedSplit) -> dict[str, float | None]:
    """Return each metric that the tagger has, to six places; None if no token counts."""
    has = {"tags": True, "spans": bool(tagged.spans), "probabilities": tagged.probabilities.shape[1] > 0}
    return {name: six_places(metric.compute(tagged)) for name, metric in METRICS.items() if has[metric.needs]}


def tag_table(tagged: TaggedSplit, baseline: TaggedSplit) -> pd.DataFrame:
    """Return precision, recall, F1 and support of every tag that is gold or predicted, by name.

    The last column is the F1 of the baseline's tags.
    """
    from sklearn.metrics import precision_recall_fscore_support

    gold, names = tagged.split.tags, tagged.split.tag_names
    present = sorted({*np.unique(gold), *np.unique(tagged.predicted)}, key=lambda tag: names[tag])
    columns, baseline_columns = (
        precision_recall_fscore_support(gold, predicted, labels=present, zero_division=0)
        for predicted in (tagged.predicted, baseline.predicted)
    )
    tags = {"tag": [names[tag] for tag in present]}
    scores = dict(zip(("precision", "recall", "f1", "support"), columns, strict=True))
    return pd.DataFrame(tags | scores | {"baseline_f1": baseline_columns[2]}).round(6)
