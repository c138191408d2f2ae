"""Numbers that say how good predictions are.

N tokens, K tags of the model, in the order of its dictionary. Gold tags that the model does not know have ids from K
on.
"""

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_fscore_support

from tagger.core.common.arrays import Probabilities, Tags
from tagger.core.common.rounding import six_places
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import WordGroups
from tagger.evaluate.calibration import brier_scores, calibration_error, gold_nll, reliability
from tagger.evaluate.spans import span_scores


def score(probabilities: Probabilities, split: EncodedSplit, groups: WordGroups) -> dict[str, float | None]:
    """Return the metrics of the whole split.

    Args:
        probabilities: (N, K).
        split: the gold tags.
        groups: which words are known, ambiguous, unknown.

    Returns:
        Those of `score_tags`; `nll`, the mean of -ln(probability of the gold tag) over the tokens whose tag the model
        knows, none where there are none; `brier`, the mean of Brier's score; `ece`, the expected calibration error.
    """
    known = split.tags < probabilities.shape[1]
    metrics = score_tags(probabilities.argmax(axis=1), split, groups)
    return metrics | _rounded(
        nll=gold_nll(probabilities, split.tags)[known].mean() if known.any() else None,
        brier=brier_scores(probabilities, split.tags).mean(),
        ece=calibration_error(reliability(probabilities, split.tags)),
    )


def score_tags(predicted: Tags, split: EncodedSplit, groups: WordGroups) -> dict[str, float | None]:
    """Return the metrics of tags alone, given one for each token.

    Returns:
        `accuracy`; `macro_f1`, the unweighted mean over every tag that is gold or predicted; `known_accuracy`,
        `ambiguous_accuracy` and `unknown_accuracy`, each none where there is no such word; `sentence_accuracy`,
        sentences without an error; `span_f1` of tags in BIO or IOBES form only.
    """
    right = predicted == split.tags
    _, _, f1, _ = precision_recall_fscore_support(split.tags, predicted, average="macro", zero_division=0)
    metrics = _rounded(
        accuracy=right.mean(),
        macro_f1=f1,
        **{f"{name}_accuracy": right[mask].mean() if mask.any() else None for name, mask in groups._asdict().items()},
        sentence_accuracy=np.logical_and.reduceat(right, split.sentence_starts[:-1]).mean(),
    )
    spans = span_scores(predicted, split)  # the score of all of them comes first
    return metrics | ({"span_f1": spans[0].f1} if spans else {})


def _rounded(**metrics: float | None) -> dict[str, float | None]:
    return {name: six_places(value) for name, value in metrics.items()}


def tag_table(predicted: Tags, split: EncodedSplit, baseline: Tags) -> pd.DataFrame:
    """Return precision, recall, F1 and support of every tag that is gold or predicted, by name.

    The last column is the F1 of the baseline's tags.
    """
    present = _present(predicted, split)
    precision, recall, f1, support = precision_recall_fscore_support(
        split.tags, predicted, labels=present, zero_division=0
    )
    _, _, baseline_f1, _ = precision_recall_fscore_support(split.tags, baseline, labels=present, zero_division=0)
    table = pd.DataFrame({"precision": precision, "recall": recall, "f1": f1}).round(6)
    table.insert(0, "tag", [split.tag_names[tag] for tag in present])
    table["support"] = support
    table["baseline_f1"] = baseline_f1.round(6)
    return table


def _present(predicted: Tags, split: EncodedSplit) -> list[int]:
    return sorted({*np.unique(split.tags), *np.unique(predicted)}, key=lambda tag: split.tag_names[tag])
