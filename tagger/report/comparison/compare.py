"""Losses against each other and the baseline, or two runs of any settings, on a test split: intervals and a verdict.

`verdict.jinja` has the sentences.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tagger.core.common.arrays import Float64s, Int32s
from tagger.core.common.errors import InputError
from tagger.core.common.rounding import six_places
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import WordGroups
from tagger.core.corpus.span_tags import followers
from tagger.evaluate.metrics import score, shown_in
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.comparison import significance
from tagger.report.comparison.significance import CONFIDENCE, POWER, Variances
from tagger.report.shared.wording import grouped, listed, phrases

Tables = Mapping[int, pd.DataFrame]  # seed -> what `prediction_table` returns
BASELINE = "baseline"
ONE_SEED = "Only one seed was compared; others may lead to another verdict."
SIZES = (0.001, 0.002, 0.005, 0.01, 0.02)  # differences: how many seeds would make each of them visible?

_phrase = phrases(Path(__file__).with_name("verdict.jinja"), confidence=CONFIDENCE, power=POWER)


def compare(losses: Mapping[str, Mapping[int, TaggedSplit]], baseline: TaggedSplit, seed: int) -> dict[str, Any]:
    """Return what `metrics/compare.json` holds: every pair of losses is compared, then each loss with the baseline.

    `losses` has the test split as tagged by each loss with each seed, the same seeds for all losses; `seed` is that of
    the resamples.
    """
    taggers = {loss: list(models.values()) for loss, models in losses.items()} | {BASELINE: [baseline]}
    resampled = significance.resampled_metrics(taggers, seed)
    seeds, tokens = list(next(iter(losses.values()))), int(baseline.split.tagged.sum())
    between = list(combinations(losses, 2))
    pairs = [_compare_pair(names, taggers, resampled, seeds, len(between)) for names in between]
    pairs += [_compare_pair((loss, BASELINE), taggers, resampled, seeds) for loss in losses]
    return {
        "split": "test",
        "sentences": baseline.split.sentences,
        "tokens": tokens,
        "resamples": significance.RESAMPLES,
        "confidence": CONFIDENCE,
        "resampled": "sentences",
        "seed": seed,
        "seeds": seeds,
        "baseline": score(baseline),
        "values": {loss: [score(tagged) for tagged in taggers[loss]] for loss in losses},
        "pairs": pairs,
        "summary": summarize(pairs, tokens, seeds),
    }


def compare_tables(first: tuple[str, Tables], second: tuple[str, Tables]) -> str:
    """Say in words which of two named taggers is better on the test split, over the seeds that both have.

    Raises InputError if they have no seed in common, or were measured on different test splits.
    """
    names = f"{first[0]} and {second[0]}"
    seeds = [seed for seed in first[1] if seed in second[1]]
    if not seeds:
        own = [listed([*map(str, tables)]) for _, tables in (first, second)]
        raise InputError(f"{names}: got the seeds {own[0]} and {own[1]}; expected one in common")
    tables = {name: [models[seed] for seed in seeds] for name, models in (first, second)}
    every = [table for models in tables.values() for table in models]
    gold = every[0][["sentence", "position", "word", "gold"]]
    if not all(table[gold.columns].equals(gold) for table in every):
        raise InputError(f"{names}: measured on different test splits, expected the same")
    tags = sorted({tag for table in every for column in ("gold", "predicted") for tag in table[column].dropna()})
    starts, none = np.append(np.flatnonzero(gold["position"] == 1), len(gold)), np.zeros(0, dtype=np.int32)
    # The sentences and gold tags that accuracy and spans need, without words.
    split = EncodedSplit(starts, none, _ids(gold["gold"], tags), none, none, starts, none, [], tags, followers([]))
    groups = WordGroups(*np.zeros((3, len(gold)), dtype=bool))
    taggers = {
        name: [TaggedSplit(split, groups, _ids(table["predicted"], tags)) for table in models]
        for name, models in tables.items()
    }
    pair = _compare_pair((first[0], second[0]), taggers, significance.resampled_metrics(taggers, seed=1), seeds)
    return f"{pair['sentence']} {ONE_SEED}" if len(seeds) == 1 else str(pair["sentence"])


def _ids(column: "pd.Series[str]", tags: list[str]) -> Int32s:
    """Return the ids of tags, NO_TAG (-1) where there is none: (N)."""
    return pd.Categorical(column, tags).codes.astype(np.int32)


def _compare_pair(
    names: tuple[str, str],
    taggers: Mapping[str, Sequence[TaggedSplit]],
    resampled: Mapping[str, Mapping[str, Float64s]],
    seeds: Sequence[int],
    compared: int = 1,
) -> dict[str, Any]:
    """Compare two taggers, as one of `compared` pairs. A metric that one of them lacks is None."""
    first, second = (taggers[name] for name in names)
    one, other = (resampled[name] for name in names)
    confidence = 1 - (1 - CONFIDENCE) / compared  # of each interval, for all to hold together (Bonferroni)
    differences: dict[str, Any] = dict.fromkeys(shown_in("intervals"))
    for metric in differences.keys() & one.keys() & other.keys():
        differences[metric] = significance.difference(one[metric], other[metric], confidence)
    measure = "span_f1" if differences["span_f1"] else "accuracy"
    predicted = [np.array([tagged.predicted for tagged in models]) for models in (first, second)]  # (S, N) or (1, N)
    counted = first[0].split.tagged
    pair: dict[str, Any] = {
        "first": names[0],
        "second": names[1],
        "confidence": six_places(confidence),
        "same_tags": six_places(float((predicted[0] == predicted[1])[:, counted].mean())),
        **differences,
    }
    if len(first) == 1:
        pair["mcnemar"] = significance.mcnemar(first[0].right, second[0].right)
    elif pair["same_tags"] < 1:
        by_seed = one[measure] - other[measure]  # (S, 1 + R)
        variances = Variances.of(by_seed)
        pair["alone"] = [_better(names, *significance.interval(each, confidence)) for each in by_seed[:, np.newaxis]]
        pair["visible"] = six_places(variances.visible(confidence, len(by_seed)))
        pair["seeds_for"] = {str(size): variances.seeds_for(size, confidence) for size in SIZES}
    pair["measure"] = measure
    pair["better"] = _better(names, differences[measure]["low"], differences[measure]["high"])
    return pair | {"sentence": pair_sentence(pair, compared, int(counted.sum()), seeds)}


def _better(names: tuple[str, str], low: float, high: float) -> str | None:
    """Return which of two is better by the interval of first - second; None if it contains 0."""
    return None if low <= 0 <= high else names[low < 0]


def pair_sentence(pair: Mapping[str, Any], compared: int, tokens: int, seeds: Sequence[int]) -> str:
    """Say whether the two differ in the measure that decides, by how much, and which seeds alone would say otherwise.

    If no difference was found over several seeds, also how large a one would show. The pair is one of
    `metrics/compare.json`, without its sentence; its confidence holds for `compared` pairs together.
    """
    verdicts = list(zip(map(str, seeds), pair.get("alone", ()), strict=False))
    others = dict.fromkeys(verdict for _, verdict in verdicts if verdict != pair["better"])
    smaller = [each for each in pair.get("seeds_for", {}).items() if float(each[0]) < pair["visible"]]
    return _phrase(
        "pair",
        pair=pair,
        seeds=seeds,
        tokens=tokens,
        compared=compared,
        alone={verdict: [seed for seed, said in verdicts if said == verdict] for verdict in others},
        within=next(((float(size), enough) for size, enough in smaller if enough), None),
        beyond=next((float(size) for size, enough in reversed(smaller) if not enough), None),
    )


def summarize(pairs: Sequence[Mapping[str, Any]], tokens: int, seeds: Sequence[int]) -> str:
    """Sum up: first a sentence that stands on its own, then details, the baseline, and what is not known."""
    against = {pair["first"]: pair for pair in pairs if pair["second"] == BASELINE}
    between = {frozenset((pair["first"], pair["second"])): pair for pair in pairs if pair["second"] != BASELINE}
    measured = {loss: pair[pair["measure"]]["first"] for loss, pair in against.items()}
    best = max(measured, key=measured.__getitem__)
    to_best = {loss: between[frozenset((best, loss))] for loss in measured if loss != best}
    worse = [loss for loss, pair in to_best.items() if pair["better"]]
    alike = [loss for loss in measured if loss not in worse]
    same = grouped(measured, lambda one, other: between[frozenset((one, other))]["same_tags"] == 1)
    details = [
        pair["sentence"]
        for pair in to_best.values()
        if pair["better"] or (pair["same_tags"] < 1 and (len(measured) == 2 or len(seeds) > 1))
    ]
    return _phrase(
        "summary",
        best=best,
        alike=alike,
        worse=worse,
        inside=[between[frozenset(two)] for two in combinations(alike, 2)],
        values=[100 * measured[loss] for loss in alike],
        measure=against[best]["measure"],
        same=[losses for losses in same if len(losses) > 1],
        details=[*details, against[best]["sentence"], *([ONE_SEED] if len(seeds) == 1 else [])],
        seeds=seeds,
        tokens=tokens,
    )
