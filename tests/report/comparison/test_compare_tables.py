from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from tagger.core.common.errors import InputError
from tagger.report.comparison.compare import compare_tables

WORDS = 200  # two to a sentence


def table(predicted: Sequence[str], gold: Sequence[str | None] = ("A", "B") * (WORDS // 2)) -> pd.DataFrame:
    places = np.arange(WORDS)
    words = {"sentence": places // 2 + 1, "position": places % 2 + 1, "word": [f"w{place}" for place in places]}
    return pd.DataFrame(words | {"gold": gold, "predicted": predicted})


RIGHT, WRONG = ("A", "B") * (WORDS // 2), ("A", "C") * (WORDS // 2)  # C is a tag of one tagger alone
HALF = (*RIGHT[: WORDS // 2], *WRONG[WORDS // 2 :])


def test_the_better_one_is_named_over_the_seeds_that_both_have() -> None:
    worse = {seed: table((*WRONG[: 180 + seed], *RIGHT[180 + seed :])) for seed in (1, 2, 3)}
    better = {seed: table(RIGHT) for seed in (2, 3, 4)}
    sentence = compare_tables(("narrow", worse), ("wide", better))
    assert sentence.startswith("wide is better than narrow by 45.50 points of accuracy on average over 2 seeds")


def test_one_seed_says_so() -> None:
    sentence = compare_tables(("a", {1: table(RIGHT)}), ("b", {1: table(HALF)}))
    assert sentence.startswith("a is better than b by 25.00 points")
    assert sentence.endswith("Only one seed was compared; others may lead to another verdict.")
    assert compare_tables(("a", {1: table(HALF)}), ("b", {1: table(HALF)})).startswith("a and b give the same tag to")


def test_words_without_a_gold_tag_do_not_count() -> None:
    gold = [*RIGHT[: WORDS // 2], *[None] * (WORDS // 2)]
    sentence = compare_tables(("a", {1: table(RIGHT, gold)}), ("b", {1: table(HALF, gold)}))
    assert sentence.startswith("a and b give the same tag to each of 100 words.")


def test_spans_decide_where_tags_mark_them() -> None:
    gold = ("B-X", "I-X") * (WORDS // 2)
    sentence = compare_tables(("a", {1: table(gold, gold)}), ("b", {1: table(("B-X", "O") * (WORDS // 2), gold)}))
    assert "a is better than b by 100.00 points of span F1" in sentence


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ({2: table(RIGHT)}, "a and b: got the seeds 1 and 2; expected one in common"),
        ({1: table(RIGHT, WRONG)}, "a and b: measured on different test splits, expected the same"),
        ({1: table(RIGHT).assign(word="x")}, "a and b: measured on different test splits"),
    ],
)
def test_what_can_not_be_compared_is_named(second: dict[int, pd.DataFrame], said: str) -> None:
    with pytest.raises(InputError, match=said):
        compare_tables(("a", {1: table(RIGHT)}), ("b", second))
