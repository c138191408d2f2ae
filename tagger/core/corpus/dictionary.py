"""Dictionaries from words, characters, affixes and tags to numbers, kept as JSON."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tagger.core.common.errors import InputError
from tagger.core.corpus.affixes import MOST, affixes_of, count_affixes
from tagger.core.corpus.indexed_corpus import IndexedCorpus, Sentence

PADDING = 0
UNKNOWN = 1
LOOKUP = "lookup.json"
AFFIXES = "affixes.json"
DICTIONARY_FILES = ("words.json", "characters.json", AFFIXES, "tags.json", LOOKUP)
RESERVED = 2  # ids below this are no entries; so no word of a corpus can be taken for padding or unknown


class Dictionary:
    """Entries numbered from `first_id` on, with how often each occurs in the training split."""

    def __init__(self, counts: Iterable[tuple[str, int]], first_id: int) -> None:
        """Number the entries in the order given."""
        entries = list(counts)
        self.first_id = first_id
        self.entries = [entry for entry, _ in entries]
        self.counts = [count for _, count in entries]
        self.ids = {entry: first_id + index for index, entry in enumerate(self.entries)}

    def __len__(self) -> int:
        """Count the ids, reserved ones included: the rows of an embedding."""
        return self.first_id + len(self.entries)

    def id(self, entry: str) -> int:
        """Return the id of an entry, that of the unknown where there is none."""
        return self.ids.get(entry, UNKNOWN)

    def save(self, path: Path) -> None:
        """Write JSON, an entry a line."""
        rows = [
            json.dumps([entry, count], ensure_ascii=False)
            for entry, count in zip(self.entries, self.counts, strict=True)
        ]
        head = json.dumps({"first_id": self.first_id})[:-1]
        path.write_text(head + ', "entries": [\n' + ",\n".join(rows) + "\n]}\n", encoding="utf-8", newline="\n")

    @classmethod
    def parse(cls, content: bytes, path: Path) -> "Dictionary":
        """Read what `save` wrote from the content of the file.

        Raises:
            InputError: it is no dictionary.
        """
        try:
            document = json.loads(content.decode("utf-8"))
            rows = [(entry, count) for entry, count in document["entries"]]
            if not all(isinstance(entry, str) and isinstance(count, int) for entry, count in rows):
                raise TypeError("an entry is not a text and a count")
            if document["first_id"] not in (0, RESERVED) or len({entry for entry, _ in rows}) != len(rows):
                raise ValueError("first_id is wrong, or an entry stands twice")
            return cls(rows, document["first_id"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputError(f"{path}: damaged dictionary: {error}") from None


class Dictionaries(NamedTuple):
    """All that turns a sentence into numbers and a number into a tag."""

    words: Dictionary
    characters: Dictionary
    affixes: Dictionary  # counts are of distinct words
    tags: Dictionary
    lowercase: bool  # whether words are looked up in lower case

    def word_id(self, word: str) -> int:
        """Return the id under which a word is looked up."""
        return self.words.id(word.lower() if self.lowercase else word)

    def affix_ids(self, word: str) -> list[int]:
        """Return the ids of a word's affixes, of all words in one number: PADDING for what the dictionary lacks."""
        ids = [self.affixes.ids.get(affix, PADDING) for affix in affixes_of(word.lower() if self.lowercase else word)]
        return ids + [PADDING] * (MOST - len(ids))

    def save(self, folder: Path, affixes: bool = True) -> None:
        """Write a JSON file for each dictionary and one for the rule of looking up; that of affixes where asked to."""
        self.words.save(folder / "words.json")
        self.characters.save(folder / "characters.json")
        if affixes:
            self.affixes.save(folder / AFFIXES)
        self.tags.save(folder / "tags.json")
        (folder / LOOKUP).write_text(json.dumps({"lowercase": self.lowercase}) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Dictionaries":
        """Read what `save` wrote.

        Raises:
            InputError: a file is missing or damaged.
        """
        contents = {}
        for name in DICTIONARY_FILES:
            try:
                contents[name] = (folder / name).read_bytes()
            except FileNotFoundError:
                kind = "the rule of looking words up" if name == LOOKUP else "a dictionary in JSON"
                raise InputError(f"{folder / name}: no such file; expected {kind}") from None
        return cls.parse(contents, folder)

    @classmethod
    def parse(cls, contents: Mapping[str, bytes], folder: Path) -> "Dictionaries":
        """Read what `save` wrote from the contents of `DICTIONARY_FILES`; without affixes their dictionary is empty.

        Raises:
            InputError: a file is damaged.
        """
        try:
            lowercase = json.loads(contents[LOOKUP].decode("utf-8"))["lowercase"]
            if not isinstance(lowercase, bool):
                raise TypeError(f"lowercase is {lowercase!r}, expected true or false")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputError(f"{folder / LOOKUP}: damaged: {error}") from None
        names = ("words.json", "characters.json", "tags.json")
        words, characters, tags = (Dictionary.parse(contents[name], folder / name) for name in names)
        affixes = Dictionary((), RESERVED)
        if AFFIXES in contents:
            affixes = Dictionary.parse(contents[AFFIXES], folder / AFFIXES)
        return cls(words, characters, affixes, tags, lowercase)


def build_dictionaries(train: Iterable[Sentence] | IndexedCorpus, lowercase: bool) -> Dictionaries:
    """Build the dictionaries from the training split alone.

    Words, characters and affixes are ordered by falling count, tags by name, so the same corpus always gives the same
    ids.
    """
    corpus = IndexedCorpus.of(train)
    words: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    for form, count in zip(corpus.form_texts, np.bincount(corpus.forms).tolist(), strict=True):
        words[form.lower() if lowercase else form] += count
        for character in form:
            characters[character] += count
    return Dictionaries(
        words=Dictionary(_by_count(words), RESERVED),
        characters=Dictionary(_by_count(characters), RESERVED),
        affixes=Dictionary(_by_count(count_affixes(words)), RESERVED),
        tags=Dictionary(sorted(zip(corpus.tag_names, np.bincount(corpus.tags).tolist(), strict=True)), 0),
        lowercase=lowercase,
    )


def _by_count(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
