"""How words begin and end: the affixes that a tagger has vectors of.

An entry of their dictionary says with its first character which of the two it is: `^un`, `$ing`.
"""

from collections import Counter
from collections.abc import Iterable

LONGEST_PREFIX, LONGEST_SUFFIX = 3, 4  # characters
MOST = LONGEST_PREFIX + LONGEST_SUFFIX  # of one word
FEWEST_WORDS = 3  # that an affix has to stand in: a rarer one would stand for the word that it was seen in


def affixes_of(word: str) -> list[str]:
    """Return the prefixes and suffixes of a word, itself among them where it is short."""
    prefixes = [f"^{word[:size]}" for size in range(1, min(LONGEST_PREFIX, len(word)) + 1)]
    return prefixes + [f"${word[-size:]}" for size in range(1, min(LONGEST_SUFFIX, len(word)) + 1)]


def count_affixes(words: Iterable[str]) -> Counter[str]:
    """Return in how many of these distinct words each affix stands, those that are in too few left out."""
    counts = Counter(affix for word in words for affix in affixes_of(word))
    return Counter({affix: count for affix, count in counts.items() if count >= FEWEST_WORDS})
