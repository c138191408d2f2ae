"""Dictionaries from words, characters, affixes and tags to numbers, kept as JSON.

The first character of an affix marks it as a prefix or a suffix: `^un`, `$ing`. A small corpus has shapes, too: `~Xx`.
"""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tagger.core.common.arrays import Flags
from tagger.core.common.files import reading
from tagger.core.corpus.indexed_corpus import NO_TAG, IndexedCorpus, Sentence
from tagger.core.corpus.span_tags import begins_spans, followers, marks_spans

PADDING = 0
UNKNOWN = 1
RESERVED = 2  # the first id of an entry, so no word of a corpus can be mistaken for padding or unknown
AFFIXES = "affixes.json"
_TAGS, _LOOKUP = "tags.json", "lookup.json"
DICTIONARY_FILES = ("words.json", "characters.json", AFFIXES, _TAGS, _LOOKUP)
_RULES = {"column": "upos", "normalise": False, "begins_spans": False, "shapes": False}  # written only if different
_EMPTY = b'{"first_id": 2, "entries": []}'
EXPECTED = "the output of `prepare`"  # in messages about a missing file
LONGEST_PREFIX, LONGEST_SUFFIX = 3, 4  # characters
MOST_AFFIXES = LONGEST_PREFIX + LONGEST_SUFFIX  # per word, without its shape
FEWEST_WORDS = 3  # containing an affix; a rarer affix would only identify a word
SHAPED = 10_000  # tokens: in a larger training split, characters tell enough, and shapes cost a little accuracy


class Dictionary:
    """Entries numbered from `first_id` on, with how often each occurs in the training split."""

    def __init__(self, counts: Sequence[tuple[str, int]], first_id: int) -> None:
        """Number the entries in the order given."""
        self.first_id = first_id
        self.entries = [entry for entry, _ in counts]
        self.counts = [count for _, count in counts]
        self.ids = {entry: first_id + index for index, entry in enumerate(self.entries)}

    def __len__(self) -> int:
        """Count the ids, reserved ones included: the rows of an embedding."""
        return self.first_id + len(self.entries)

    def id(self, entry: str) -> int:
        """Return the id of an entry, UNKNOWN if it is not in the dictionary."""
        return self.ids.get(entry, UNKNOWN)

    def save(self, path: Path) -> None:
        """Write JSON, one line per entry."""
        pairs = zip(self.entries, self.counts, strict=True)
        rows = [json.dumps(pair, ensure_ascii=False) for pair in pairs]
        head = json.dumps({"first_id": self.first_id})[:-1]
        path.write_text(head + ', "entries": [\n' + ",\n".join(rows) + "\n]}\n", encoding="utf-8", newline="\n")

    @classmethod
    def parse(cls, content: bytes, path: Path, first_id: int = RESERVED) -> "Dictionary":
        """Read the content of a file that `save` wrote.

        Raises InputError if it is not a dictionary that begins with this id.
        """
        with reading(path, EXPECTED):
            document = json.loads(content.decode("utf-8"))
            rows = [(entry, count) for entry, count in document["entries"]]
            if not all(isinstance(entry, str) and type(count) is int and 0 <= count < 2**63 for entry, count in rows):
                raise TypeError("an entry is not a string and a count")
            if document["first_id"] != first_id or len({entry for entry, _ in rows}) != len(rows):
                raise ValueError("first_id is wrong, or an entry appears twice")
            "".join(entry for entry, _ in rows).encode()  # fails on a surrogate, half a character
            return cls(rows, first_id)


class Dictionaries(NamedTuple):
    """Everything that turns a sentence into numbers and a number into a tag."""

    words: Dictionary
    characters: Dictionary
    affixes: Dictionary  # counts are numbers of distinct words, of shapes those of distinct forms
    tags: Dictionary
    lowercase: bool  # whether words are looked up in lower case
    column: str = "upos"  # the column of CoNLL-U that holds such tags
    normalise: bool = False  # whether words are normalised to NFC before they are looked up
    begins_spans: bool = False  # whether tags mark spans, and every I or E must continue a span
    shapes: bool = False  # whether a word's shape is one more affix

    @property
    def sizes(self) -> list[int]:
        """The sizes of the dictionaries of words, characters, affixes and tags, reserved ids included."""
        return [len(dictionary) for dictionary in self[:4]]

    @property
    def may_follow(self) -> Flags:
        """Which tag may follow which, as `best_tags` takes it."""
        return followers(self.tags.entries if self.begins_spans else [])

    @property
    def most_affixes(self) -> int:
        """The number of affixes that a word has at most."""
        return MOST_AFFIXES + self.shapes

    def spelt(self, words: Iterable[str]) -> tuple[str, ...]:
        """Return words as the training split spells them."""
        return tuple(unicodedata.normalize("NFC", word) for word in words) if self.normalise else tuple(words)

    def word_id(self, word: str) -> int:
        """Return the id under which a word is looked up."""
        return self.words.id(word.lower() if self.lowercase else word)

    def affix_ids(self, word: str) -> list[int]:
        """Return the ids of a word's affixes: (most_affixes), PADDING for those without an entry and at the end."""
        affixes = affixes_of(word.lower() if self.lowercase else word) + [shape_of(word)] * self.shapes
        ids = [self.affixes.ids.get(affix, PADDING) for affix in affixes]
        return ids + [PADDING] * (self.most_affixes - len(ids))

    def save(self, folder: Path, affixes: bool = True) -> None:
        """Write one JSON file per dictionary, that of affixes only if asked to, and one for the rules."""
        for name, dictionary in zip(DICTIONARY_FILES, self[:4], strict=False):
            if affixes or name != AFFIXES:
                dictionary.save(folder / name)
        rules: dict[str, Any] = {"lowercase": self.lowercase}
        rules |= {name: value for name, value in zip(_RULES, self[5:], strict=True) if value != _RULES[name]}
        (folder / _LOOKUP).write_text(json.dumps(rules) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Dictionaries":
        """Read what `save` wrote. Raises InputError if a file is missing or damaged."""
        contents = {}
        for name in DICTIONARY_FILES:
            with reading(folder / name, EXPECTED):
                contents[name] = (folder / name).read_bytes()
        return cls.parse(contents, folder)

    @classmethod
    def parse(cls, contents: Mapping[str, bytes], folder: Path) -> "Dictionaries":
        """Read the contents of `DICTIONARY_FILES`, by name; if that of affixes is missing, it is taken as empty.

        Raises InputError if a file is damaged.
        """
        contents = {AFFIXES: _EMPTY, **contents}
        tables = (Dictionary.parse(contents[name], folder / name) for name in DICTIONARY_FILES[:3])
        words, characters, affixes = tables
        tags = Dictionary.parse(contents[_TAGS], folder / _TAGS, first_id=0)
        with reading(folder / _TAGS, EXPECTED):
            if not tags.entries:
                raise ValueError("there is no tag")
        with reading(folder / _LOOKUP, EXPECTED):
            rules = json.loads(contents[_LOOKUP].decode("utf-8"))
            lookup = [rules["lowercase"], *(rules.get(name, usual) for name, usual in _RULES.items())]
            if [*map(type, lookup)] != [bool, str, bool, bool, bool]:
                raise TypeError(f"{', '.join(('lowercase', *_RULES))}: got {lookup}, expected flags and one string")
            if rules.get("begins_spans") and not marks_spans(tags.entries):
                raise ValueError(f"begins_spans: the tags in {_TAGS} mark none")
        return cls(words, characters, affixes, tags, *lookup)


def affixes_of(word: str) -> list[str]:
    """Return the prefixes and suffixes of a word, a short word itself among them."""
    prefixes = [f"^{word[:size]}" for size in range(1, min(LONGEST_PREFIX, len(word)) + 1)]
    return prefixes + [f"${word[-size:]}" for size in range(1, min(LONGEST_SUFFIX, len(word)) + 1)]


def shape_of(word: str) -> str:
    """Return the kinds of a word's characters, a run as one: capitals X, other letters x, digits d, others a point.

    Marks count as letters, so `~x` is the shape of every word in a script without case; that of U.S. is `~X.X.`.
    """
    return "~" + "".join(kind for kind, _ in groupby(map(_kind_of, word)))


def _kind_of(character: str) -> str:
    return "X" if character.isupper() else {"L": "x", "M": "x", "N": "d"}.get(unicodedata.category(character)[0], ".")


def count_affixes(words: Iterable[str], forms: Iterable[str]) -> Counter[str]:
    """Return how many of these distinct words contain each affix; affixes in fewer than FEWEST_WORDS are left out.

    `words` are as they are looked up; shapes are those of `forms`, as the words are spelt.
    """
    counts = Counter(affix for word in words for affix in affixes_of(word))
    counts.update(map(shape_of, forms))
    return Counter({affix: count for affix, count in counts.items() if count >= FEWEST_WORDS})


def build_dictionaries(
    train: Iterable[Sentence] | IndexedCorpus, lowercase: bool, column: str = "upos", normalise: bool = False
) -> Dictionaries:
    """Build the dictionaries from the training split alone.

    Words, characters and affixes are ordered by decreasing count, tags by name, so a corpus always gives the same ids.
    """
    corpus = IndexedCorpus.of(train)
    shapes = len(corpus.forms) < SHAPED
    words: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    for form, count in zip(corpus.form_texts, np.bincount(corpus.forms).tolist(), strict=True):
        words[form.lower() if lowercase else form] += count
        for character in form:
            characters[character] += count
    tag_counts = np.bincount(corpus.tags - NO_TAG)[1:].tolist()
    return Dictionaries(
        words=Dictionary(_by_count(words), RESERVED),
        characters=Dictionary(_by_count(characters), RESERVED),
        affixes=Dictionary(_by_count(count_affixes(words, corpus.form_texts if shapes else ())), RESERVED),
        tags=Dictionary(sorted(zip(corpus.tag_names, tag_counts, strict=True)), 0),
        lowercase=lowercase,
        column=column,
        normalise=normalise,
        begins_spans=begins_spans(corpus.tags, np.diff(corpus.sentence_starts), corpus.tag_names),
        shapes=shapes,
    )


def _by_count(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
