"""The verdict of a comparison of losses, in plain words: `verdict.jinja` has the sentences."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from tagger.report.comparison.significance import CONFIDENCE
from tagger.report.comparison.variances import POWER
from tagger.report.shared.wording import grouped, phrases

BASELINE = "baseline"
ONE_SEED = "Only one seed was compared; others may lead to another verdict."

_phrase = phrases(Path(__file__).with_suffix(".jinja"), confidence=CONFIDENCE, power=POWER)


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
