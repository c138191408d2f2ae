"""F1 of whole spans, for tags that mark where a span begins and ends: BIO or IOBES.

Spans are found as in `conlleval`, the script of the CoNLL-2000 shared task, and in the default mode of `seqeval`: a
span may also begin with I or end without E.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from tagger.core.common.arrays import Float64s, Tags
from tagger.core.corpus.encoded_split import EncodedSplit

_TAG = re.compile(r"O|([BIES])(?:-(.+))?", re.DOTALL)
_NO_TYPE = "_"  # the type of a bare B


class Span(NamedTuple):
    """The tokens from `start` up to `end`."""

    start: int
    end: int
    kind: str


class SentenceSpans(NamedTuple):
    """The spans of one sentence."""

    gold: set[Span]
    predicted: set[Span]


class SpanScore(NamedTuple):
    """The score of one type of span, or of all."""

    kind: str
    precision: float
    recall: float
    f1: float
    support: int  # gold spans


def marks_spans(tags: Sequence[str]) -> bool:
    """Return whether tags are in BIO or IOBES form: O and tags such as B-LOC, at least one of the latter."""
    return all(map(_TAG.fullmatch, tags)) and any(tag != "O" for tag in tags)


def find_spans(tags: Sequence[str]) -> Iterator[Span]:
    """Yield the spans of one sentence."""
    start, before, kind = 0, "O", ""
    for place, tag in enumerate([*tags, "O"]):
        now, of = tag[0], tag[2:] or _NO_TYPE
        goes_on = now in "IE" and before in "BI" and of == kind
        if before != "O" and not goes_on:
            yield Span(start, place, kind)
        if now != "O" and not goes_on:
            start = place
        before, kind = now, of


def sentence_spans(predicted: Tags, split: EncodedSplit) -> list[SentenceSpans]:
    """Return the spans of each sentence, given a tag id for each token; empty if the tags mark no spans."""
    if not marks_spans(split.tag_names):
        return []
    names = np.array(split.tag_names, dtype=object)
    gold, found = (
        [set(find_spans(part.tolist())) for part in np.split(names[tags], split.sentence_starts[1:-1])]
        for tags in (split.tags, predicted)
    )
    return list(map(SentenceSpans, gold, found))


def count_spans(sentences: Sequence[SentenceSpans]) -> Float64s:
    """Return how many spans of each sentence are right, found and gold: (S, 3)."""
    counts = [(len(gold & predicted), len(predicted), len(gold)) for gold, predicted in sentences]
    return np.array(counts, dtype=np.float64)


def score_spans(sentences: Iterable[SentenceSpans]) -> list[SpanScore]:
    """Return the score of all spans together, under the kind "", then of each type by name.

    A span is right if it begins and ends where the gold one does and has its type. A score of 0 / 0 is 0.
    """
    right, found, support = Counter[str](), Counter[str](), Counter[str]()
    for gold, predicted in sentences:
        right.update(span.kind for span in gold & predicted)
        found.update(span.kind for span in predicted)
        support.update(span.kind for span in gold)
    whole = _score("", right.total(), found.total(), support.total())
    return [whole, *(_score(kind, right[kind], found[kind], support[kind]) for kind in sorted(support | found))]


def _score(kind: str, right: int, found: int, support: int) -> SpanScore:
    precision, recall = (right / amount if amount else 0.0 for amount in (found, support))
    f1 = 2 * right / (found + support) if found + support else 0.0
    return SpanScore(kind, precision, recall, f1, support)
