"""The tokens of the test split as MLflow shows them."""

import pandas as pd
import pytest

from tagger.tracking import token_table as module
from tagger.tracking.token_table import token_table

GOLD = ["DET", "NOUN", "VERB", "NOUN"]


def predictions(*probabilities: float) -> pd.DataFrame:
    """Return a table of two sentences with the probability of NOUN for each word; the rest is shared by the others."""
    table = pd.DataFrame({"sentence": [1, 1, 2, 2], "position": [1, 2, 1, 2], "word": list("abcd"), "gold": GOLD})
    values = pd.DataFrame({"p_DET": [1 - p for p in probabilities], "p_NOUN": probabilities, "p_VERB": 0.0})
    table["predicted"] = [str(name).removeprefix("p_") for name in values.idxmax(axis=1)]
    return table.join(values)


NLL, MSE = predictions(0.25, 0.75, 0.75, 0.75), predictions(0.25, 0.75, 0.875, 0.25)


def test_a_token_is_marked_if_a_loss_is_wrong_or_the_losses_disagree() -> None:
    table = token_table({"nll": NLL, "mse": MSE})
    assert table["token"].tolist() == [
        "1.1 a",
        "1.2 b",
        "2.1 c (wrong, gold VERB)",
        "2.2 d (wrong, disagree, gold NOUN)",
    ]


def test_every_table_of_a_comparison_has_the_same_tokens() -> None:
    both = {"nll": NLL, "mse": MSE}
    tokens = [token_table(both, loss)["token"].tolist() for loss in (None, "nll", "mse")]
    assert tokens[0] == tokens[1] == tokens[2]


def test_the_table_of_a_group_has_gold_and_for_each_loss_its_tag_its_probability_and_the_next_ones() -> None:
    table = token_table({"nll": NLL, "mse": MSE})
    assert list(table)[:2] == ["token", "probabilities"]  # that MLflow compares
    assert table.drop(columns=["token", "probabilities"]).iloc[3].to_dict() == {
        "gold": "NOUN",
        "nll": "NOUN",
        "nll probability": 0.75,
        "nll next": "DET 0.250, VERB 0.000",
        "mse": "DET",
        "mse probability": 0.75,
        "mse next": "NOUN 0.250, VERB 0.000",
    }
    assert table["probabilities"][3] == "gold NOUN; nll NOUN 0.750; mse DET 0.750"


def test_the_table_of_a_loss_has_its_most_probable_tags_and_all_columns_of_its_predictions() -> None:
    table = token_table({"nll": NLL}, "nll")
    assert list(table) == ["token", "probabilities", *NLL]
    assert table["probabilities"][0] == "DET 0.750, NOUN 0.250, VERB 0.000"


def test_a_long_split_is_cut_after_a_whole_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_TOKENS", 3)
    assert token_table({"nll": NLL})["token"].tolist() == ["1.1 a", "1.2 b"]
