"""The table of a split's words with their gold tags, predicted tags and probabilities.

N tokens, K tags of the model, in the order of its dictionary.
"""

from typing import Any

import numpy as np
import pandas as pd

from tagger.core.common.arrays import Probabilities
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.span_tags import best_tags


def prediction_table(probabilities: Probabilities, split: EncodedSplit) -> pd.DataFrame:
    """Return a row per token: `sentence`, `position` (from 1), `word`, `gold` or None, `predicted`, each `p_<TAG>`."""
    lengths, best = split.lengths, best_tags(probabilities, split.lengths, split.may_follow)
    tag_names = split.tag_names[: probabilities.shape[1]]
    columns: dict[str, Any] = {
        "sentence": np.repeat(np.arange(1, len(lengths) + 1, dtype=np.int32), lengths),
        "position": (np.arange(len(split.forms)) - np.repeat(split.sentence_starts[:-1], lengths) + 1).astype(np.int32),
        "word": np.array(split.form_texts, dtype=object)[split.forms],
        "gold": np.array([*split.tag_names, None], dtype=object)[split.tags],
        "predicted": np.array(tag_names, dtype=object)[best],
    }
    return pd.DataFrame(columns | {f"p_{tag}": probabilities[:, index] for index, tag in enumerate(tag_names)})


def probabilities_of(predictions: pd.DataFrame) -> Probabilities:
    """Return the probabilities that a prediction table holds: (N, K)."""
    return np.asarray(predictions.filter(regex="^p_").to_numpy())


def confusions(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return how often each gold tag (row) of a prediction table was predicted as each tag (column)."""
    predictions = predictions[["gold", "predicted"]].dropna(subset="gold")  # not a copy of the probabilities
    names = sorted({*predictions["gold"], *predictions["predicted"]})
    counts = pd.crosstab(predictions["gold"], predictions["predicted"])
    return counts.reindex(index=names, columns=names, fill_value=0).rename_axis(index=None, columns=None)


def most_probable(predictions: pd.DataFrame, amount: int) -> list[str]:
    """Return the predicted and the next best tags of each row of a prediction table: `NOUN 0.913, VERB 0.082`."""
    tags = predictions.filter(regex="^p_").columns.str.removeprefix("p_")
    values = probabilities_of(predictions)
    chosen = predictions["predicted"].to_numpy()[:, None] == tags.to_numpy()
    best = np.argsort(-values - chosen, axis=1, kind="stable")[:, :amount]
    return [", ".join(f"{tags[tag]} {row[tag]:.3f}" for tag in order) for row, order in zip(values, best, strict=True)]
