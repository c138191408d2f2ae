"""The sentences of the page: which are shown, and what is kept of each word's tag distribution.

N tokens, K tags of the model, M kept tags. Shares are thousandths: 938 is 93.8 %.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tagger.core.common.arrays import Flags, Int64s, Probabilities
from tagger.core.corpus.encoded_split import EncodedSplit

KEPT_TAGS = 5  # of a distribution; the page shows the rest as one share
SMALLEST_SHARE = 5  # thousandths: less probable tags are left to the rest, except the best and the gold one
BUDGET = 3_500_000  # bytes for the sentences, of the 5 MB that a page should stay below
SAMPLE_SEED = 0
MISSES = 100  # sentences in a row that are too long for what is left of the budget: the search ends


class Ranking(NamedTuple):
    """The most probable tags of each token under one loss, the predicted one first."""

    tags: Int64s  # (N, M): ids
    shares: Int64s  # (N, M)
    gold_shares: Int64s  # (N): of the gold tag, 0 if the model does not know it

    @property
    def predicted(self) -> Int64s:
        """The predicted tag of each token: (N)."""
        return self.tags[:, 0]


class Sample(NamedTuple):
    """The sentences that the page holds, and what share of the test split they are."""

    rows: list[list[Any]]  # in the order of the split, as the script of the page reads them
    total: int
    shown_with_errors: int
    total_with_errors: int

    @property
    def shown(self) -> int:
        """The number of sentences that the page holds."""
        return len(self.rows)

    @property
    def tokens(self) -> int:
        """The number of words that the page holds."""
        return sum(len(row[1]) for row in self.rows)


def rank(probabilities: Probabilities, split: EncodedSplit) -> Ranking:
    """Keep the `KEPT_TAGS` most probable tags of each token, the first of equals as `argmax` does: (N, K)."""
    values = np.nan_to_num(probabilities, nan=0.0, posinf=1.0)
    known = split.tags < values.shape[1]
    gold = np.zeros(len(values))
    gold[known] = values[known, split.tags[known]]
    tags = np.argsort(-values, axis=1, kind="stable")[:, :KEPT_TAGS]
    return Ranking(tags, _thousandths(np.take_along_axis(values, tags, axis=1)), _thousandths(gold))


def _thousandths(values: npt.NDArray[np.floating[Any]]) -> Int64s:
    return np.asarray(np.rint(values.astype(np.float64) * 1000), dtype=np.int64)


def sample(rankings: Sequence[Ranking], split: EncodedSplit, unknown: Flags, budget: int = BUDGET) -> Sample:
    """Choose the sentences to show: all if they fit, else those with an error of some loss first.

    Among those with an error, and among those without, the order is drawn by a fixed seed, so that what is shown of
    either is a fair sample. A sentence that no longer fits is passed over, up to `MISSES` in a row.

    Args:
        rankings: one per loss.
        split: the test split.
        unknown: (N) whether the training split lacks the word.
        budget: how many bytes the rows may take as JSON.
    """
    wrong = np.any([ranking.predicted != split.tags for ranking in rankings], axis=0)
    with_errors = np.logical_or.reduceat(wrong, split.sentence_starts[:-1])
    drawn = np.random.default_rng(SAMPLE_SEED).permutation(split.sentences)
    rows: dict[int, list[Any]] = {}
    left, misses = budget, 0
    for number in drawn[np.argsort(~with_errors[drawn], kind="stable")].tolist():
        row = _sentence_row(number, rankings, split, unknown)
        size = len(escaped(row).encode()) + 1  # and a comma
        if size <= left:
            rows[number] = row
            left, misses = left - size, 0
        elif (misses := misses + 1) == MISSES:
            break
    return Sample(
        rows=[rows[number] for number in sorted(rows)],
        total=split.sentences,
        shown_with_errors=int(with_errors[list(rows)].sum()),
        total_with_errors=int(with_errors.sum()),
    )


def _sentence_row(number: int, rankings: Sequence[Ranking], split: EncodedSplit, unknown: Flags) -> list[Any]:
    """Return the number of the sentence (from 1), its words, its gold tags and the places of its unknown words.

    Then come for each loss the distributions of the words, `[tag, share, tag, share, ...]`: the predicted tag first,
    the gold tag always among them.
    """
    tokens = range(int(split.sentence_starts[number]), int(split.sentence_starts[number + 1]))
    gold = [int(split.tags[token]) for token in tokens]
    return [
        number + 1,
        [split.form_texts[split.forms[token]] for token in tokens],
        gold,
        [place for place, token in enumerate(tokens) if unknown[token]],
        *([_distribution(ranking, *word) for word in zip(tokens, gold, strict=True)] for ranking in rankings),
    ]


def _distribution(ranking: Ranking, token: int, gold: int) -> list[int]:
    shares = dict(zip(ranking.tags[token].tolist(), ranking.shares[token].tolist(), strict=True))
    best = next(iter(shares))
    kept = {tag: share for tag, share in shares.items() if share >= SMALLEST_SHARE or tag in (best, gold)}
    kept.setdefault(gold, int(ranking.gold_shares[token]))
    return [number for pair in kept.items() for number in pair]


def escaped(document: Any) -> str:
    """Return JSON for a `script` element: no character in it can end the element or open a comment."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
