"""Where the errors are: in sentences of which length, and between which tags."""

from collections import Counter
from typing import Any

import numpy as np

from tagger.core.common.arrays import Probabilities, Tags
from tagger.core.corpus.encoded_split import EncodedSplit

LENGTHS = (1, 6, 11, 16, 21, 31, 41)  # the first length of each class
CONFUSIONS = 20
CONTEXT = 5  # words on each side of an example


def accuracy_by_length(predicted: Tags, split: EncodedSplit) -> list[dict[str, Any]]:
    """Return the accuracy of the tokens in sentences of 1 to 5 words, 6 to 10, and so on; classes that occur only."""
    right = np.add.reduceat(predicted == split.tags, split.sentence_starts[:-1], dtype=np.int64)  # (S)
    rows = []
    for low, high in zip(LENGTHS, (*LENGTHS[1:], None), strict=True):
        inside = (split.lengths >= low) & (split.lengths < (high or np.inf))
        if inside.any():
            tokens = int(split.lengths[inside].sum())
            rows.append(
                {
                    "from": low,
                    "to": high and high - 1,
                    "sentences": int(inside.sum()),
                    "tokens": tokens,
                    "accuracy": round(float(right[inside].sum() / tokens), 6),
                }
            )
    return rows


def frequent_confusions(probabilities: Probabilities, split: EncodedSplit) -> list[dict[str, Any]]:
    """Return the most frequent pairs of a gold tag and another that was predicted, each with an example.

    `share` is of all errors. The example is the error of the pair that the model was surest of, the first of equals.
    """
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    errors = np.flatnonzero(predicted != split.tags)
    names = split.tag_names
    pairs = [(names[split.tags[token]], names[predicted[token]]) for token in errors]
    ranked = sorted(Counter(pairs).items(), key=lambda item: (-item[1], item[0]))[:CONFUSIONS]
    surest: dict[tuple[str, str], int] = {}
    for pair, token in zip(pairs, errors, strict=True):
        if pair not in surest or confidence[token] > confidence[surest[pair]]:
            surest[pair] = int(token)
    return [
        {
            "gold": pair[0],
            "predicted": pair[1],
            "tokens": count,
            "share": round(count / len(errors), 6),
            "example": _example(split, surest[pair]) | {"confidence": round(float(confidence[surest[pair]]), 6)},
        }
        for pair, count in ranked
    ]


def _example(split: EncodedSplit, token: int) -> dict[str, Any]:
    sentence = int(np.searchsorted(split.sentence_starts, token, side="right")) - 1
    start, end = split.sentence_starts[sentence], split.sentence_starts[sentence + 1]
    words = [split.form_texts[form] for form in split.forms[start:end]]
    place = int(token - start)
    return {
        "sentence": sentence + 1,
        "position": place + 1,
        "before": " ".join(words[max(0, place - CONTEXT) : place]),
        "word": words[place],
        "after": " ".join(words[place + 1 : place + 1 + CONTEXT]),
    }
