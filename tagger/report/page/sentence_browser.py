"""The sentences of the page: which are shown, and what is kept of each word's tag distribution.

N tokens, K tags of the model, M kept tags. Shares are thousandths: 938 is 93.8 %.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tagger.core.common.arrays import Flags, Int64s, Probabilities, Tags
from tagger.core.corpus.encoded_split import EncodedSplit

KEPT_TAGS = 5  # of a distribution; the page shows the rest as one share
SMALLEST_SHARE = 5  # thousandths: a less probable tag is left to the rest, but for the best and the gold one
BUDGET = 3_500_000  # bytes that the sentences may take, of the 5 MB that a page should stay below
SAMPLE_SEED = 0


class Ranking(NamedTuple):
    """The most probable tags of each token under one loss, the predicted one first."""

    tags: Int64s  # (N, M): ids
    shares: Int64s  # (N, M)
    gold_shares: Int64s  # (N): of the gold tag, 0 where the model does not know it

    @property
    def predicted(self) -> Int64s:
        """The predicted tag of each token: (N)."""
        return self.tags[:, 0]


class Sample(NamedTuple):
    """The sentences that the page holds, and what share of the test split they are."""

    numbers: list[int]  # from 0, rising
    shown: int
    total: int
    shown_with_errors: int
    total_with_errors: int


def rank(probabilities: Probabilities, split: EncodedSplit) -> Ranking:
    """Keep the `KEPT_TAGS` most probable tags of each token; of equal ones the first, as `argmax` takes it."""
    values = np.nan_to_num(probabilities, nan=0.0, posinf=1.0).astype(np.float32)  # a copy, to be used up
    rows = np.arange(len(values))
    known = split.tags < values.shape[1]
    gold = np.zeros(len(values))
    gold[known] = values[known, split.tags[known]]
    tags, shares = [], []
    for _ in range(min(KEPT_TAGS, values.shape[1])):
        best = values.argmax(axis=1)
        tags.append(best)
        shares.append(values[rows, best])
        values[rows, best] = -1
    return Ranking(np.stack(tags, axis=1), _thousandths(np.stack(shares, axis=1)), _thousandths(gold))


def _thousandths(values: npt.NDArray[np.floating[Any]]) -> Int64s:
    return np.asarray(np.rint(values.astype(np.float64) * 1000), dtype=np.int64)


def sample(rankings: Sequence[Ranking], split: EncodedSplit, budget: int = BUDGET) -> Sample:
    """Choose the sentences to show: all where they fit, else those with an error of some loss first.

    Among those with an error, and among those without, the order is drawn by a fixed seed, so that what is shown of
    either is a fair sample. A sentence that no longer fits is passed over.
    """
    wrong = np.any([ranking.predicted != split.tags for ranking in rankings], axis=0)
    starts = split.sentence_starts[:-1]
    with_errors = np.logical_or.reduceat(wrong, starts)
    sizes = np.add.reduceat(_token_sizes(rankings, split), starts) + 30 + 5 * len(rankings)
    drawn = np.random.default_rng(SAMPLE_SEED).permutation(split.sentences)
    chosen, left = [], budget
    for number in drawn[np.argsort(~with_errors[drawn], kind="stable")]:
        if sizes[number] <= left:
            left -= int(sizes[number])
            chosen.append(int(number))
    return Sample(
        numbers=sorted(chosen),
        shown=len(chosen),
        total=split.sentences,
        shown_with_errors=int(with_errors[chosen].sum()),
        total_with_errors=int(with_errors.sum()),
    )


def _token_sizes(rankings: Sequence[Ranking], split: EncodedSplit) -> Int64s:
    """Return how many bytes each token takes in `sentence_rows`, written as JSON; a few more for an unknown word."""
    words = np.array([len(escaped(form).encode()) for form in split.form_texts], dtype=np.int64)
    place = len(str(split.lengths.max())) + 1  # in the list of unknown words
    sizes = words[split.forms] + 1 + _digits(split.tags) + 1 + place
    for ranking in rankings:
        kept = _kept(ranking)
        listed = (kept & (ranking.tags == split.tags[:, None])).any(axis=1)
        gold = np.where(listed, 0, _digits(split.tags) + _digits(ranking.gold_shares) + 2)
        sizes += 2 + (kept * (_digits(ranking.tags) + _digits(ranking.shares) + 2)).sum(axis=1) + gold
    return np.asarray(sizes, dtype=np.int64)


def _digits(numbers: Tags) -> Int64s:
    return np.searchsorted(10 ** np.arange(1, 8), numbers, side="right") + 1


def _kept(ranking: Ranking) -> Flags:
    kept = ranking.shares >= SMALLEST_SHARE
    kept[:, 0] = True
    return kept


def sentence_rows(rankings: Sequence[Ranking], split: EncodedSplit, unknown: Flags, chosen: Sample) -> list[list[Any]]:
    """Return a row a sentence, as the script of the page reads it.

    A row is the number of the sentence (from 1), its words, gold tags, places of unknown words; then for each loss the
    distributions of its words, `[tag, share, tag, share, ...]`: the predicted tag first, the gold tag always there.

    Args:
        rankings: one a loss.
        split: the test split.
        unknown: (N) whether the training split lacks the word.
        chosen: the sentences to return.
    """
    kept = [_kept(ranking) for ranking in rankings]
    rows = []
    for number in chosen.numbers:
        tokens = range(int(split.sentence_starts[number]), int(split.sentence_starts[number + 1]))
        rows.append(
            [
                number + 1,
                [split.form_texts[split.forms[token]] for token in tokens],
                [int(split.tags[token]) for token in tokens],
                [place for place, token in enumerate(tokens) if unknown[token]],
                *(
                    [_distribution(ranking, keep, token, int(split.tags[token])) for token in tokens]
                    for ranking, keep in zip(rankings, kept, strict=True)
                ),
            ]
        )
    return rows


def _distribution(ranking: Ranking, keep: Flags, token: int, gold: int) -> list[int]:
    distribution = []
    for place, (tag, share) in enumerate(
        zip(ranking.tags[token].tolist(), ranking.shares[token].tolist(), strict=True)
    ):
        if keep[token, place] or tag == gold:
            distribution += [tag, share]
    if gold not in distribution[::2]:
        distribution += [gold, int(ranking.gold_shares[token])]
    return distribution


def escaped(document: Any) -> str:
    """Return JSON that may stand in a `script` element: no character in it can end the element or open a comment."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
