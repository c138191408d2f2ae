"""The results of one model, broken down by confidence, sentence length and confusion."""

from typing import Any

import numpy as np
import pandas as pd

from tagger.core.common.rounding import six_places
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.evaluate.tagged_split import BINS, TaggedSplit

LENGTHS = (1, 6, 11, 16, 21, 31, 41)  # the first length of each class
CONFUSIONS = 20
CONTEXT = 5  # words on each side of an example


def evaluation_detail(tagged: TaggedSplit) -> dict[str, Any]:
    """Return the breakdown as `metrics/detail` holds it."""
    return {
        "sentences": tagged.split.sentences,
        "tokens": int(tagged.split.tagged.sum()),
        "reliability": reliability(tagged),
        "lengths": accuracy_by_length(tagged),
        "confusions": frequent_confusions(tagged),
    }


def reliability(tagged: TaggedSplit) -> list[dict[str, Any]]:
    """Return the bins of confidence: of the words that are tagged with probability 0.8, eight in ten should be right.

    A bin holds the probabilities above `low`, up to and including `high`. The means of an empty bin are None.
    """
    tokens, confidence, right = (
        np.bincount(tagged.bins[tagged.split.tagged], weights[tagged.split.tagged], BINS)
        for weights in (np.ones(len(tagged.bins)), tagged.confidence, tagged.right)
    )
    return [
        {
            "low": six_places(number / BINS),
            "high": six_places((number + 1) / BINS),
            "tokens": int(amount),
            "confidence": six_places(confidence[number] / amount) if amount else None,
            "accuracy": six_places(right[number] / amount) if amount else None,
        }
        for number, amount in enumerate(tokens)
    ]


def accuracy_by_length(tagged: TaggedSplit) -> list[dict[str, Any]]:
    """Return the accuracy of the words in sentences of 1 to 5 words, 6 to 10, and so on: of classes that occur."""
    split = tagged.split
    classes = np.searchsorted(LENGTHS, split.lengths, side="right") - 1  # (S)
    columns = {"sentences": 1, "tokens": split.tagged_lengths, "right": tagged.sums["right"]}
    table = pd.DataFrame(columns)[split.tagged_lengths > 0].groupby(classes[split.tagged_lengths > 0]).sum()
    return [
        {
            "from": LENGTHS[place],
            "to": LENGTHS[place + 1] - 1 if place + 1 < len(LENGTHS) else None,
            "sentences": sentences,
            "tokens": tokens,
            "accuracy": six_places(right / tokens),
        }
        for place, sentences, tokens, right in table.itertuples()
    ]


def frequent_confusions(tagged: TaggedSplit) -> list[dict[str, Any]]:
    """Return the most frequent pairs of a gold tag and another predicted one, each with an example.

    `share` is of all errors. The example is the error of the pair that the model was surest of, the first of equals.
    """
    names = np.array(tagged.split.tag_names, dtype=object)
    errors = np.flatnonzero(~tagged.right & tagged.split.tagged)
    pairs = [names[tags[errors]] for tags in (tagged.split.tags, tagged.predicted)]
    confidence = pd.Series(tagged.confidence[errors], index=errors)
    ranked = confidence.groupby(pairs).agg(["size", "idxmax"])
    ranked = ranked.sort_values("size", ascending=False, kind="stable").head(CONFUSIONS)
    return [
        {
            "gold": gold,
            "predicted": predicted,
            "tokens": int(count),
            "share": six_places(count / len(errors)),
            "example": _example(tagged.split, token) | {"confidence": six_places(confidence[token])},
        }
        for (gold, predicted), count, token in ranked.itertuples()
    ]


def _example(split: EncodedSplit, token: int) -> dict[str, Any]:
    sentence = int(np.searchsorted(split.sentence_starts, token, side="right")) - 1
    start, end = split.sentence_starts[sentence], split.sentence_starts[sentence + 1]
    words, place = [split.form_texts[form] for form in split.forms[start:end]], int(token - start)
    return {
        "sentence": sentence + 1,
        "position": place + 1,
        "before": " ".join(words[max(0, place - CONTEXT) : place]),
        "word": words[place],
        "after": " ".join(words[place + 1 : place + 1 + CONTEXT]),
    }
