"""What one model's predictions are worth, in more detail than a table of metrics holds."""

from typing import Any

import numpy as np

from tagger.core.common.arrays import Probabilities, Tags
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import WordGroups
from tagger.evaluate.calibration import reliability
from tagger.evaluate.error_analysis import accuracy_by_length, frequent_confusions
from tagger.evaluate.spans import SpanScore, span_scores


def evaluation_detail(
    probabilities: Probabilities, split: EncodedSplit, groups: WordGroups, baseline: Tags
) -> dict[str, Any]:
    """Break the results of a split down: by kind of word, confidence, length of sentence, confusion and span.

    Args:
        probabilities: (N, K).
        split: the gold tags.
        groups: which words are known, ambiguous, unknown.
        baseline: the tag that each token gets from `most_frequent_tags`: (N).
    """
    predicted = probabilities.argmax(axis=1)
    masks = {"all": np.ones(len(predicted), dtype=bool)} | groups._asdict()
    spans = span_scores(predicted, split)
    return {
        "sentences": split.sentences,
        "tokens": len(predicted),
        "words": [
            {
                "group": name,
                "tokens": int(mask.sum()),
                "accuracy": _share(predicted == split.tags, mask),
                "baseline_accuracy": _share(baseline == split.tags, mask),
            }
            for name, mask in masks.items()
        ],
        "reliability": [
            {name: value if value is None else round(value, 6) for name, value in part._asdict().items()}
            for part in reliability(probabilities, split.tags)
        ],
        "lengths": accuracy_by_length(predicted, split),
        "confusions": frequent_confusions(probabilities, split),
        "spans": _span_detail(spans) if spans else None,
    }


def _span_detail(spans: list[SpanScore]) -> dict[str, Any]:
    whole, *kinds = spans
    types = [{"type": kind, "precision": p, "recall": r, "f1": f1, "support": n} for kind, p, r, f1, n in kinds]
    return {"precision": whole.precision, "recall": whole.recall, "f1": whole.f1, "types": types}


def _share(right: np.ndarray, inside: np.ndarray) -> float | None:
    return round(float(right[inside].mean()), 6) if inside.any() else None
