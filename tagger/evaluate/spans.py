"""F1 of whole spans, for tags that mark where a span begins and ends: BIO or IOBES.

Spans are found as `conlleval` does, the script of the CoNLL-2000 shared task, and `seqeval` after it in its default
mode: a span that begins with I or ends without E is one too.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from tagger.core.common.arrays import Float64s, Tags
from tagger.core.corpus.encoded_split import EncodedSplit

_TAG = re.compile(r"O|([BIES])(?:-(.+))?", re.DOTALL)
_NO_TYPE = "_"  # of tags such as a bare B


class Span(NamedTuple):
    """The tokens from `start` up to `end`."""

    start: int
    end: int
    kind: str


class SpanScore(NamedTuple):
    """Of one type of span, or of all."""

    kind: str
    precision: float
    recall: float
    f1: float
    support: int  # gold spans


def marks_spans(tags: Sequence[str]) -> bool:
    """Say whether a set of tags is in BIO or IOBES form: O, and tags such as B-LOC, among which some B, I, E or S."""
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


def span_scores(predicted: Tags, split: EncodedSplit) -> list[SpanScore]:
    """Return the scores of `score_spans` for a tag id of each token, none where the tags mark no spans."""
    if not marks_spans(split.tag_names):
        return []
    gold, found = _by_sentence(predicted, split)
    return score_spans(gold, found)


def span_counts(predicted: Tags, split: EncodedSplit) -> Float64s | None:
    """Return how many spans of each sentence are right, found and gold, (S, 3); none where the tags mark no spans."""
    if not marks_spans(split.tag_names):
        return None
    sentences = (map(set, map(find_spans, tags)) for tags in _by_sentence(predicted, split))
    counts = [(len(gold & found), len(found), len(gold)) for gold, found in zip(*sentences, strict=True)]
    return np.array(counts, dtype=np.float64)


def score_spans(gold: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]]) -> list[SpanScore]:
    """Return the score of all spans together, under the kind "", then of each type by name.

    A span is right when it begins, ends and is named as the gold one. What has nothing to divide by is 0.

    Args:
        gold: the tags of each sentence.
        predicted: the same.
    """
    right, found, support = Counter[str](), Counter[str](), Counter[str]()
    for gold_tags, predicted_tags in zip(gold, predicted, strict=True):
        gold_spans, predicted_spans = set(find_spans(gold_tags)), set(find_spans(predicted_tags))
        right.update(span.kind for span in gold_spans & predicted_spans)
        found.update(span.kind for span in predicted_spans)
        support.update(span.kind for span in gold_spans)
    whole = _score("", right.total(), found.total(), support.total())
    return [whole, *(_score(kind, right[kind], found[kind], support[kind]) for kind in sorted(support | found))]


def _by_sentence(predicted: Tags, split: EncodedSplit) -> tuple[list[list[str]], list[list[str]]]:
    """Return the gold tags and the predicted ones of each sentence by name."""
    names = np.array(split.tag_names, dtype=object)
    gold, found = (
        [part.tolist() for part in np.split(names[tags], split.sentence_starts[1:-1])]
        for tags in (split.tags, predicted)
    )
    return gold, found


def _score(kind: str, right: int, found: int, support: int) -> SpanScore:
    precision, recall = (right / amount if amount else 0.0 for amount in (found, support))
    f1 = 2 * right / (found + support) if found + support else 0.0
    return SpanScore(kind, round(precision, 6), round(recall, 6), round(f1, 6), support)
