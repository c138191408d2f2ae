"""Tags that mark spans, in BIO or IOBES form, and the most probable sequence in which every span has a beginning.

N tokens, K tags, S sentences.
"""

import re
from collections.abc import Sequence

import numpy as np

from tagger.core.common.arrays import Flags, Float64s, Int64s, Probabilities, Tags

_TAG = re.compile(r"O|([BIES])(?:-(.+))?", re.DOTALL)
MOST_ERRORS = 0.001  # of all tokens; in IOB1, I begins most spans
SMALLEST = float(np.finfo(np.float32).tiny)  # stands for a probability that float32 rounds to 0


def marks_spans(tags: Sequence[str]) -> bool:
    """Return whether tags are in BIO or IOBES form: O and tags such as B-LOC, at least one of the latter."""
    return all(map(_TAG.fullmatch, tags)) and any(tag != "O" for tag in tags)


def goes_on(before: str, tag: str) -> bool:
    """Return whether a tag continues the span of the tag before it, as I-LOC does after B-LOC."""
    return tag[0] in "IE" and before[0] in "BI" and tag[2:] == before[2:]


def followers(tags: Sequence[str]) -> Flags:
    """Return which tag (column) may follow which (row): (K + 1, K). The last row is for the start of a sentence."""
    rows = [[tag[0] not in "IE" or goes_on(before, tag) for tag in tags] for before in (*tags, "O")]
    return np.array(rows, dtype=bool)


def begins_spans(tags: Tags, lengths: Int64s, names: Sequence[str]) -> bool:
    """Return whether tags mark spans and, with few exceptions, begin each: (N) ids of `names` or NO_TAG, (S)."""
    return marks_spans(names) and float((_broken(tags, lengths, followers(names)) & (tags >= 0)).mean()) <= MOST_ERRORS


def best_tags(probabilities: Probabilities, lengths: Int64s | Sequence[int], may_follow: Flags) -> Int64s:
    """Return the most probable tags, the first of ties: (N, K), (S), `followers`, or empty if any may follow -> (N)."""
    best: Int64s = probabilities.argmax(axis=1)
    if may_follow.size:
        ends = np.cumsum(lengths)
        broken = np.searchsorted(ends, np.flatnonzero(_broken(best, lengths, may_follow)), side="right")
        for sentence in np.unique(broken):
            inside = slice(ends[sentence] - lengths[sentence], ends[sentence])
            best[inside] = _best_path(np.maximum(probabilities[inside], SMALLEST).astype(np.float64), may_follow)
    return best


def _broken(tags: Tags, lengths: Int64s | Sequence[int], may_follow: Flags) -> Flags:
    """Return which tags may not follow the one before: (N). A tag after NO_TAG counts as the first of a sentence."""
    before = np.roll(tags, 1)
    before[np.cumsum([0, *lengths])[:-1]] = -1
    return np.asarray(~may_follow[before, tags])


def _best_path(probabilities: Float64s, may_follow: Flags) -> list[int]:
    """Return the most probable tags of a sentence (Viterbi 1967), without logarithms: (words, K)."""
    paths, came_from = probabilities[0] * may_follow[-1], []  # (K): that of the best path to each tag, up to a factor
    for row in probabilities[1:]:
        steps = paths[:, None] * may_follow[:-1]  # (K, K)
        came_from.append(steps.argmax(axis=0))
        paths = steps.max(axis=0) * row
        paths /= paths.max()
    best = [int(paths.argmax())]
    for tags in reversed(came_from):
        best.append(int(tags[best[-1]]))
    return best[::-1]
