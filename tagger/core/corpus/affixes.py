"""How words begin and end: the affixes that a tagger has vectors for.

The first character of an entry in their dictionary marks it as a prefix or a suffix: `^un`, `$ing`.
"""

from collections import Counter
from collections.abc import Iterable

LONGEST_PREFIX, LONGEST_SUFFIX = 3, 4  # characters
MOST = LONGEST_PREFIX + LONGEST_SUFFIX  # affixes per word
FEWEST_WORDS = 3  # that must contain an affix: a rarer one would stand for the word that it was seen in


def affixes_of(word: str) -> list[str]:
    """Return the prefixes and suffixes of a word; a short word is among them itself."""
    prefixes = [f"^{word[:size]}" for size in range(1, min(LONGEST_PREFIX, len(word)) + 1)]
    return prefixes + [f"${word[-size:]}" for size in range(1, min(LONGEST_SUFFIX, len(word)) + 1)]


def count_affixes(words: Iterable[str]) -> Counter[str]:
    """Return how many of these distinct words contain each affix; affixes in fewer than FEWEST_WORDS are left out."""
    counts = Counter(affix for word in words for affix in affixes_of(word))
    return Counter({affix: count for affix, count in counts.items() if count >= FEWEST_WORDS})
