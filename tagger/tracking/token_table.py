"""The table of test tokens that MLflow's UI shows for a run, and for a group with all of its losses."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tagger.evaluate.predictions import most_probable

MOST_TOKENS = 2000  # more would make the UI slow
ALTERNATIVES = 3  # most probable tags of a token


def token_table(predictions: Mapping[str, pd.DataFrame], loss: str | None = None) -> pd.DataFrame:
    """Return whole sentences from the start of a test split, with the predictions of one loss or of all losses.

    The UI matches the rows of several runs by the first column, shows the second, and filters by the first. It has the
    word, then `wrong` and the gold tag if a loss gives it another one, and `disagree` if the losses give it several.
    """
    heads = {name: _head(table) for name, table in predictions.items()}
    first = next(iter(heads.values()))
    tags = np.array([head["predicted"] for head in heads.values()])  # (losses, tokens)
    has_gold, gold = first["gold"].notna(), first["gold"].fillna("-")
    wrong, disagree = has_gold & (tags != gold.to_numpy()).any(axis=0), (tags != tags[0]).any(axis=0)
    right = ", gold " + gold + ")"
    cases = [wrong & disagree, wrong, disagree]
    marks = np.select(cases, [" (wrong, disagree" + right, " (wrong" + right, " (disagree)"], "")
    token = first["sentence"].astype(str) + "." + first["position"].astype(str) + " " + first["word"] + marks
    best = {name: most_probable(head, ALTERNATIVES) for name, head in heads.items()}
    if loss is not None:
        table = heads[loss].copy()
        table.insert(0, "token", token)
        table.insert(1, "probabilities", best[loss])
        return table
    summary = [
        f"gold {gold}; " + "; ".join(f"{name} {text.partition(',')[0]}" for name, text in zip(best, texts, strict=True))
        for gold, *texts in zip(gold, *best.values(), strict=True)
    ]
    columns = {"token": token, "probabilities": summary, "gold": first["gold"]}
    for name, head in heads.items():
        columns[name] = head["predicted"]
        columns[f"{name} probability"] = [float(text.partition(",")[0].rpartition(" ")[2]) for text in best[name]]
        columns[f"{name} next"] = [text.partition(", ")[2] for text in best[name]]
    return pd.DataFrame(columns)


def _head(predictions: pd.DataFrame) -> pd.DataFrame:
    head = predictions.head(MOST_TOKENS)
    if len(predictions) > MOST_TOKENS:
        whole = head[head["sentence"] < predictions["sentence"].iloc[MOST_TOKENS]]
        head = whole if len(whole) else head
    return head
