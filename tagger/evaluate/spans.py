"""Whole spans, for tags that mark where a span begins and ends: BIO or IOBES.

Spans are found as in `conlleval`, the script of the CoNLL-2000 shared task, and in the default mode of `seqeval`: a
span may also begin with I or end without E.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tagger.core.common.arrays import Tags
from tagger.core.corpus.encoded_split import EncodedSplit

_TAG = re.compile(r"O|([BIES])(?:-(.+))?", re.DOTALL)
_NO_TYPE = "_"  # the type of a bare B


class Span(NamedTuple):
    """The tokens from `start` up to `end`, counted from 0 in the split."""

    start: int
    end: int
    kind: str


def marks_spans(tags: Sequence[str]) -> bool:
    """Return whether tags are in BIO or IOBES form: O and tags such as B-LOC, at least one of the latter."""
    return all(map(_TAG.fullmatch, tags)) and any(tag != "O" for tag in tags)


def find_spans(tags: Iterable[str], first: int = 0) -> Iterator[Span]:
    """Yield the spans of one sentence; `first` is the number of its first token."""
    start, before, kind = first, "O", ""
    for place, tag in enumerate([*tags, "O"], first):
        now, of = tag[0], tag[2:] or _NO_TYPE
        goes_on = now in "IE" and before in "BI" and of == kind
        if before != "O" and not goes_on:
            yield Span(start, place, kind)
        if now != "O" and not goes_on:
            start = place
        before, kind = now, of


def split_spans(tags: Tags, split: EncodedSplit) -> set[Span]:
    """Return the spans of all sentences, given a tag id for each token; NO_TAG stands for O."""
    names = np.array([*split.tag_names, "O"], dtype=object)[tags].tolist()
    sentences = pairwise(split.sentence_starts.tolist())
    return {span for start, end in sentences for span in find_spans(names[start:end], start)}
