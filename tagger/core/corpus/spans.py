"""F1 of whole spans, for tags that mark where a span begins and ends: BIO or IOBES.

Spans are found as in `conlleval`, the script of the CoNLL-2000 shared task, and in the default mode of `seqeval`: a
span may also begin with I or end without E.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tagger.core.common.arrays import Tags
from tagger.core.common.rounding import six_places
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.span_tags import goes_on, marks_spans


class Span(NamedTuple):
    """The tokens from `start` up to `end`, counted from 0 among the tagged ones of the split."""

    start: int
    end: int
    kind: str


def find_spans(tags: Iterable[str], first: int = 0) -> Iterator[Span]:
    """Yield the spans of one sentence; `first` is the number of its first token."""
    start, before = first, "O"
    for place, tag in enumerate([*tags, "O"], first):
        if not goes_on(before, tag):
            if before != "O":
                yield Span(start, place, before[2:] or "_")
            start = place
        before = tag


def spans_of(predicted: Tags, split: EncodedSplit) -> dict[str, set[Span]]:
    """Return the spans that are `right`, `found` and `gold`: (N) predicted ids; empty if the tags mark no spans."""
    if not marks_spans(split.tag_names):
        return {}
    found, gold = split_spans(predicted, split), split_spans(split.tags, split)
    return {"right": gold & found, "found": found, "gold": gold}


def split_spans(tags: Tags, split: EncodedSplit) -> set[Span]:
    """Return the spans of all sentences, given a tag id for each token; starts and ends count tagged tokens alone.

    Tokens without a gold tag are left out first, as is usual with `seqeval`: they neither split a span nor make one.
    """
    names = np.array(split.tag_names, dtype=object)[tags[split.tagged]].tolist()
    starts = np.concatenate([[0], np.cumsum(split.tagged)])[split.sentence_starts]
    return {span for start, end in pairwise(starts.tolist()) for span in find_spans(names[start:end], start)}


def span_f1(right: set[Span], found: set[Span], gold: set[Span]) -> float:
    """Return the F1 of whole spans, to six places; 0 / 0 is 0. A span is right if a gold span of its type equals it."""
    return six_places(2 * len(right) / max(len(found) + len(gold), 1))
