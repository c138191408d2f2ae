"""Problems of a corpus: errors, which are refused, and oddities, which are warned of."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import NO_TAG, IndexedCorpus

LONG, LONG_ALONE = 500, 100  # words of a sentence that is probably several: in any split, and as its only one
MANY_TAGS = 100
MANY_ALONE = 20  # one-word sentences in a split of nothing else
TOO_MUCH = 0.5  # share of a split's words that are not in training
_MOST_NAMED = 5  # tags in a line
_LIST = ("['", '["', "('", '("')  # beginnings of a Python list or tuple of strings
# Control and private characters, zero-width marks, the replacement character, and UTF-8 read as Latin-1.
_ODD = re.compile("[\0-\x1f\x7f-\x9f\u200b\ufeff\ufffd\ue000-\uf8ff]|[ÂÃ][\x80-\xbf]")
_CONFLICT = ("<<<<<<<", ">>>>>>>")  # git's conflict markers


def find_problems(splits: Mapping[str, IndexedCorpus], files: Mapping[str, str]) -> Iterator[str]:
    """Yield a warning for each oddity of the splits. Raises InputError if an error would make a training worthless."""
    for name, corpus in splits.items():
        yield from find_problems_of(corpus, f"{files[name]} ({name})")
    if len(tags := splits["train"].tag_names) == 1:
        yield f"{files['train']} (train): every word has the tag {tags[0]!r}; expected at least two tags"
    if (amount := len(tags)) > MANY_TAGS and amount > len(splits["train"].form_texts) / 2:
        many = f"{amount:,} different tags and {len(splits['train'].form_texts):,} different words"
        yield f"{files['train']} (train): {many}; is this the right column?"
    texts = set().union(*(corpus.form_texts for corpus in splits.values()))
    decomposed = [text for text in texts if not unicodedata.is_normalized("NFC", text)]
    composed = [text for text in texts if not text.isascii() and not unicodedata.is_normalized("NFD", text)]
    if decomposed and set(composed) - set(decomposed):
        example = min(decomposed)
        yield (
            f"words are in two Unicode forms: {len(decomposed):,} are not in NFC, such as {example!a} for "
            f"{unicodedata.normalize('NFC', example)!a}; set data.normalise to unify them"
        )


def find_problems_of(corpus: IndexedCorpus, place: str) -> Iterator[str]:
    """Find the problems of one split; messages begin with `place`."""
    words, texts, lengths = len(corpus.forms), corpus.form_texts, np.diff(corpus.sentence_starts)
    counts = dict(zip(texts, np.bincount(corpus.forms, minlength=len(texts)).tolist(), strict=True))
    if (blank := counts.get("_", 0)) > words / 2:
        share = f"{blank:,} of {words:,} words are '_'"
        raise InputError(f"{place}: {share}, expected text; some corpora come without it, and it has to be merged in")
    if odd := sorted(filter(_ODD.search, texts)):
        yield f"{place}: words with odd characters: {len(odd):,}, such as {odd[0]!a}; is data.encoding right?"
    starts = corpus.sentence_starts[:-1]
    for what, names, ids in (("word", texts, corpus.forms), ("tag", [*corpus.tag_names, ""], corpus.tags)):
        firsts = [names[number] for number in ids[starts]]
        if sum(first.startswith(_LIST) for first in firsts) > len(corpus) / 2:
            raise InputError(f"{place}: the first {what} is {firsts[0]!r}, expected plain text, not a Python list")
    if counts.keys() >= {*_CONFLICT}:
        raise InputError(f"{place}: {' and '.join(_CONFLICT)} are words; resolve the git conflict in the file")
    if not corpus.tag_names:
        raise InputError(f"{place}: no word has a tag, expected a tagged corpus; is this the right column?")
    if (missing := np.count_nonzero(corpus.tags == NO_TAG)) > words / 2:
        yield f"{place}: {missing:,} of {words:,} words have no tag; is this the right column?"
    if lengths.max() > (LONG_ALONE if len(corpus) == 1 else LONG):
        longest = f"sentence {lengths.argmax() + 1} of {len(corpus):,} has {lengths.max():,} words"
        yield f"{place}: {longest}; are blank lines missing between sentences?"
    if lengths.max() == 1 and len(corpus) > MANY_ALONE:
        yield f"{place}: each of the {len(corpus):,} sentences has one word; is data.columns.sentence missing?"


def check_fit(survey: Mapping[str, Any], files: Mapping[str, str]) -> Iterator[str]:
    """Yield a warning if dev or test has little in common with train. Raises InputError if it shares no tag with it."""
    train = f"train ({files['train']})"
    for name in ("dev", "test"):
        split, found = f"{name} ({files[name]})", survey[name]
        unseen = found["tokens_of_unseen_tags"] / (found["tokens"] - found["tokens_without_tag"])
        advice = f"do data.{name} and data.train belong together?"
        if unseen == 1:
            theirs, ours = (listed([row["tag"] for row in survey["tags"] if row[of]]) for of in (name, "train"))
            raise InputError(f"{split}: got the tags {theirs}, expected those of {train}: {ours}; {advice}")
        if unseen > TOO_MUCH:
            yield f"{split}: {100 * unseen:.0f} % of the words have a tag that is not in {train}; {advice}"
        if (unknown := found["unknown_share"]) > TOO_MUCH:
            yield f"{split}: {100 * unknown:.0f} % of the words are not in {train}; {advice}"


def listed(tags: Sequence[str]) -> str:
    """Return the first few tags, for a message."""
    return ", ".join(tags[:_MOST_NAMED]) + (", ..." if len(tags) > _MOST_NAMED else "")
