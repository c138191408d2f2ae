"""What is wrong with a corpus that was read, and what looks wrong: seen from its sentences alone."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from tagger.core.corpus.indexed_corpus import IndexedCorpus

LONG, LONG_ALONE = 500, 100  # words of a sentence that is probably several: in any split, and as the only one of it
MANY_TAGS = 100
_LIST = ("['", '["', "('", '("')  # how a Python list or tuple of texts begins
# Control and private characters, marks without width, what stands for unreadable bytes, and UTF-8 read as Latin-1.
_ODD = re.compile("[\0-\x1f\x7f-\x9f\u200b\ufeff\ufffd\ue000-\uf8ff]|[ÂÃ][\x80-\xbf]")
_CONFLICT = ("<<<<<<<", ">>>>>>>")  # lines that git leaves begin with them


class Finding(NamedTuple):
    """A line for the user."""

    text: str
    is_mistake: bool = False  # it makes the training worthless, so it is refused; else it is a warning


def find_problems(splits: Mapping[str, IndexedCorpus], files: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is found in the splits, by name; `files` names the file that each was read from."""
    for name, corpus in splits.items():
        yield from _problems_of(corpus, f"{files[name]} ({name})")
    if len(tags := splits["train"].tag_names) == 1:
        yield Finding(f"{files['train']} (train): every word has the tag {tags[0]!r}; expected two tags at least")
    if (amount := len(tags)) > MANY_TAGS and amount > len(splits["train"].form_texts) / 2:
        many = f"{amount:,} different tags and {len(splits['train'].form_texts):,} different words"
        yield Finding(f"{files['train']} (train): {many}; is the right column read?")
    texts = set().union(*(corpus.form_texts for corpus in splits.values()))
    decomposed = [text for text in texts if not unicodedata.is_normalized("NFC", text)]
    composed = [text for text in texts if not text.isascii() and not unicodedata.is_normalized("NFD", text)]
    if decomposed and set(composed) - set(decomposed):
        example = min(decomposed)
        yield Finding(
            f"words are spelt in two forms of Unicode: {len(decomposed):,} are not in NFC, such as {example!a}, which "
            f"is {unicodedata.normalize('NFC', example)!a} there; data.normalise makes them alike"
        )


def _problems_of(corpus: IndexedCorpus, place: str) -> Iterator[Finding]:
    texts, lengths = corpus.form_texts, np.diff(corpus.sentence_starts)
    counts = dict(zip(texts, np.bincount(corpus.forms, minlength=len(texts)).tolist(), strict=True))
    if (blank := counts.get("_", 0)) > len(corpus.forms) / 2:
        share = f"{blank:,} of {len(corpus.forms):,} words are '_'"
        yield Finding(f"{place}: {share}, expected words; some corpora come without their text, to be merged in", True)
    if odd := sorted(filter(_ODD.search, texts)):
        yield Finding(f"{place}: {len(odd):,} words hold odd characters, such as {odd[0]!a}; is data.encoding right?")
    starts = corpus.sentence_starts[:-1]
    for what, names, ids in (("word", texts, corpus.forms), ("tag", corpus.tag_names, corpus.tags)):
        firsts = [names[number] for number in ids[starts]]
        if sum(first.startswith(_LIST) for first in firsts) > len(corpus) / 2:
            yield Finding(f"{place}: the first {what} is {firsts[0]!r}, expected no Python lists as text", True)
    if counts.keys() >= {*_CONFLICT}:
        yield Finding(f"{place}: {' and '.join(_CONFLICT)} are words: git left a conflict in the file", True)
    if lengths.max() > (LONG_ALONE if len(corpus) == 1 else LONG):
        longest = f"sentence {lengths.argmax() + 1} of {len(corpus):,} has {lengths.max():,} words"
        yield Finding(f"{place}: {longest}; are blank lines missing between sentences?")
