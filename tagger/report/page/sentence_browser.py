"""The sentences of the page: choosing those to show, and shortening each word's tag distribution.

N tokens, K tags of the model. Shares are thousandths: 938 is 93.8 %.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tagger.core.common.arrays import Probabilities
from tagger.core.corpus.indexed_corpus import NO_TAG
from tagger.evaluate.tagged_split import TaggedSplit

KEPT_TAGS = 5  # of a distribution; the page shows the rest as one share
SMALLEST_SHARE = 5  # thousandths: less probable tags are left to the rest, except the best and the gold one
BUDGET = 3_500_000  # bytes for the sentences as JSON, of the 5 MB that a page should stay below
SAMPLE_SEED = 0
MISSES = 100  # sentences in a row that are too long for what is left of the budget: the search ends


class Sample(NamedTuple):
    """The sentences that the page holds, and what share of the test split they are."""

    rows: list[list[Any]]  # in the order of the split, as the script of the page reads them
    tokens: int  # of the sentences shown
    shown_with_errors: int
    total_with_errors: int


def sample(taggers: Sequence[TaggedSplit]) -> Sample:
    """Choose the sentences to show: all if `BUDGET` holds them, else those with an error of some loss first.

    Of either kind a fair sample is shown, drawn by a fixed seed. A sentence that no longer fits is passed over.
    """
    split = taggers[0].split
    wrong = ~np.all([tagged.right for tagged in taggers], axis=0) & split.tagged
    with_errors = np.logical_or.reduceat(wrong, split.sentence_starts[:-1])
    drawn = np.random.default_rng(SAMPLE_SEED).permutation(split.sentences)
    rows: dict[int, list[Any]] = {}
    left, misses = BUDGET, 0
    for number in drawn[np.argsort(~with_errors[drawn], kind="stable")].tolist():
        row = _sentence_row(number, taggers)
        size = len(escaped(row).encode()) + 1  # and a comma
        if size <= left:
            rows[number] = row
            left, misses = left - size, 0
        elif (misses := misses + 1) == MISSES:
            break
    return Sample(
        rows=[rows[number] for number in sorted(rows)],
        tokens=int(split.lengths[list(rows)].sum()),
        shown_with_errors=int(with_errors[list(rows)].sum()),
        total_with_errors=int(with_errors.sum()),
    )


def _sentence_row(number: int, taggers: Sequence[TaggedSplit]) -> list[Any]:
    """Return the sentence's number from 1, words, gold tags, places of unknown words, each loss's `distributions`."""
    split = taggers[0].split
    inside = slice(*split.sentence_starts[number : number + 2])
    gold = split.tags[inside].tolist()
    return [
        number + 1,
        [split.form_texts[form] for form in split.forms[inside]],
        gold,
        np.flatnonzero(taggers[0].groups.unknown[inside]).tolist(),
        *(distributions(tagged.probabilities[inside], tagged.predicted[inside].tolist(), gold) for tagged in taggers),
    ]


def distributions(probabilities: Probabilities, predicted: Sequence[int], gold: Sequence[int]) -> list[list[int]]:
    """Return `[tag, share, tag, share, ...]` of each of T words, given their (T, K) probabilities and (T) tags.

    The predicted tag comes first, then the others from the most probable on, of equals the first. The gold tag is
    always listed, another if it is among the `KEPT_TAGS` most probable ones. A gold tag that the model does not know
    has share 0; one that is missing is not listed.
    """
    values = np.nan_to_num(probabilities, nan=0.0, posinf=1.0).astype(np.float64)
    shares = np.rint(values * 1000).astype(np.int64).tolist()
    ranked = np.argsort(-values, axis=1, kind="stable")[:, :KEPT_TAGS].tolist()
    rows = []
    for own, best, tags, right in zip(shares, predicted, ranked, gold, strict=True):
        kept = {tag: own[tag] for tag in (best, *tags) if own[tag] >= SMALLEST_SHARE or tag in (best, right)}
        if right != NO_TAG:
            kept.setdefault(right, own[right] if right < len(own) else 0)
        rows.append([number for pair in kept.items() for number in pair])
    return rows


def escaped(document: Any) -> str:
    """Return JSON for a `script` element: no character in it can end the element or open a comment."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
