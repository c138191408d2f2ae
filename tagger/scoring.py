"""Numbers that say how good predictions are.

N tokens, K tags of the model, in the order of its dictionary. Gold tags that the model does not know have ids from K
on.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from tagger.encoding import EncodedSplit

Probabilities = npt.NDArray[np.float32]
SMALLEST = float(np.finfo(np.float32).tiny)  # what a probability that float32 rounds to 0 counts as in `nll`


def score(probabilities: Probabilities, split: EncodedSplit, unknown: npt.NDArray[np.bool_]) -> dict[str, float | None]:
    """Return the metrics of the whole split.

    Args:
        probabilities: (N, K).
        split: the gold tags.
        unknown: (N) whether the training split lacks the word.

    Returns:
        `accuracy`; `macro_f1`, the unweighted mean over every tag that is gold or predicted; `unknown_accuracy`, none
        where no word is unknown; `sentence_accuracy`, sentences without an error; `nll`, the mean of -ln(probability
        of the gold tag) over the tokens whose tag the model knows, none where there are none.
    """
    predicted = probabilities.argmax(axis=1)  # (N)
    right = predicted == split.tags
    known = split.tags < probabilities.shape[1]
    gold_probability = probabilities[known, split.tags[known]].astype(np.float64)
    _, _, f1, _ = precision_recall_fscore_support(split.tags, predicted, average="macro", zero_division=0)
    metrics = {
        "accuracy": right.mean(),
        "macro_f1": f1,
        "unknown_accuracy": right[unknown].mean() if unknown.any() else None,
        "sentence_accuracy": np.logical_and.reduceat(right, split.sentence_starts[:-1]).mean(),
        "nll": -np.log(np.maximum(gold_probability, SMALLEST)).mean() if known.any() else None,
    }
    return {name: None if value is None else round(float(value), 6) for name, value in metrics.items()}


def tag_table(probabilities: Probabilities, split: EncodedSplit) -> pd.DataFrame:
    """Return precision, recall, F1 and support of every tag that is gold or predicted, by name."""
    predicted = probabilities.argmax(axis=1)
    present = sorted({*np.unique(split.tags), *np.unique(predicted)}, key=lambda tag: split.tag_names[tag])
    precision, recall, f1, support = precision_recall_fscore_support(
        split.tags, predicted, labels=present, zero_division=0
    )
    table = pd.DataFrame({"precision": precision, "recall": recall, "f1": f1}).round(6)
    table.insert(0, "tag", [split.tag_names[tag] for tag in present])
    table["support"] = support
    return table


def confusions(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return how often each gold tag (row) of a prediction table was predicted as each tag (column)."""
    names = sorted({*predictions["gold"], *predictions["predicted"]})
    counts = confusion_matrix(predictions["gold"], predictions["predicted"], labels=names)
    return pd.DataFrame(counts, index=names, columns=names)


def most_probable(predictions: pd.DataFrame, amount: int) -> list[str]:
    """Return the best tags of each row of a prediction table as text, such as `NOUN 0.913, VERB 0.082`."""
    columns = [name for name in predictions.columns if name.startswith("p_")]
    values = predictions[columns].to_numpy()  # (N, K)
    best = np.argsort(-values, axis=1, kind="stable")[:, :amount]
    return [
        ", ".join(f"{columns[tag].removeprefix('p_')} {row[tag]:.3f}" for tag in tags)
        for row, tags in zip(values, best, strict=True)
    ]


def prediction_table(probabilities: Probabilities, split: EncodedSplit) -> pd.DataFrame:
    """Return a row a token: `sentence` and `position` (from 1), `word`, `gold`, `predicted`, `p_<TAG>` of each tag."""
    lengths = split.lengths
    tag_names = split.tag_names[: probabilities.shape[1]]
    table: dict[str, Any] = {
        "sentence": np.repeat(np.arange(1, len(lengths) + 1, dtype=np.int32), lengths),
        "position": (np.arange(len(split.forms)) - np.repeat(split.sentence_starts[:-1], lengths) + 1).astype(np.int32),
        "word": np.array(split.form_texts, dtype=object)[split.forms],
        "gold": np.array(split.tag_names, dtype=object)[split.tags],
        "predicted": np.array(tag_names, dtype=object)[probabilities.argmax(axis=1)],
    }
    table |= {f"p_{tag}": probabilities[:, index] for index, tag in enumerate(tag_names)}
    return pd.DataFrame(table)
