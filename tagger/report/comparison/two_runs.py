"""Whether two taggers of any settings differ, given the prediction tables of their models for one test split."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tagger.core.common.arrays import Int32s
from tagger.core.common.errors import InputError
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import WordGroups
from tagger.core.corpus.span_tags import followers
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.comparison.compare import compare_pair
from tagger.report.shared.wording import listed

Tables = Mapping[int, pd.DataFrame]  # seed -> what `prediction_table` returns


def compare_tables(first: tuple[str, Tables], second: tuple[str, Tables]) -> str:
    """Say in words which of two named taggers is better on the test split, over the seeds that both have.

    Raises:
        InputError: they have no seed in common, or were measured on different test splits.
    """
    names = f"{first[0]} and {second[0]}"
    seeds = [seed for seed in first[1] if seed in second[1]]
    if not seeds:
        raise InputError(
            f"{names}: no seed in common: {listed([*map(str, first[1])])}; {listed([*map(str, second[1])])}"
        )
    tables = {name: [models[seed] for seed in seeds] for name, models in (first, second)}
    every = [table for models in tables.values() for table in models]
    gold = every[0][["sentence", "position", "word", "gold"]]
    if not all(table[gold.columns].equals(gold) for table in every):
        raise InputError(f"{names}: measured on different test splits, expected the same")
    tags = sorted({tag for table in every for column in ("gold", "predicted") for tag in table[column].dropna()})
    split = _split(gold, tags)
    groups = WordGroups(*(np.zeros(len(gold), dtype=bool) for _ in WordGroups._fields))
    return compare_pair(
        {
            name: [TaggedSplit(split, groups, _ids(table["predicted"], tags)) for table in models]
            for name, models in tables.items()
        },
        seeds,
    )


def _split(gold: pd.DataFrame, tags: list[str]) -> EncodedSplit:
    """Return what accuracy and spans are computed from: sentences and gold tags, nothing of the words."""
    starts, none = np.append(np.flatnonzero(gold["position"] == 1), len(gold)), np.zeros(0, dtype=np.int32)
    return EncodedSplit(starts, none, _ids(gold["gold"], tags), none, none, starts, none, [], tags, followers([]))


def _ids(column: "pd.Series[str]", tags: list[str]) -> Int32s:
    """Return the ids of tags, NO_TAG (-1) where there is none: (N)."""
    return pd.Categorical(column, tags).codes.astype(np.int32)
