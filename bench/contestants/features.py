"""What a CRF sees of a word: itself, its affixes and its shape, and words and shapes in a window around it."""

import itertools
from collections.abc import Sequence

WINDOW = 2
AFFIX = 4  # letters of a prefix or suffix at most


def features(words: Sequence[str]) -> list[list[str]]:
    """Return what is seen of each word: itself and the words around it; its affixes and shape, and the shapes around.

    What belongs to a word alone is computed once for all places of the window.
    """
    own = [_own(word) for word in words]
    seen = []
    for place, (_, _, affixes) in enumerate(own):
        found = ["bias", *affixes]
        for offset in range(-WINDOW, WINDOW + 1):
            near = place + offset
            if 0 <= near < len(own):
                found += [f"{offset}:word={own[near][0]}", f"{offset}:shape={own[near][1]}"]
            else:
                found.append(f"{offset}:outside")
        seen.append(found)
    return seen


def _own(word: str) -> tuple[str, str, list[str]]:
    """Return the word in lower case, its shape, and its affixes."""
    lower = word.lower()
    kinds = ("X" if c.isupper() else "x" if c.islower() else "d" if c.isdigit() else c for c in word)
    shape = "".join(kind for kind, _ in itertools.groupby(kinds))  # runs as one: Xx, d, X.X.
    sizes = range(1, min(AFFIX, len(lower)) + 1)
    affixes = [f"prefix={lower[:size]}" for size in sizes] + [f"suffix={lower[-size:]}" for size in sizes]
    return lower, shape, [*affixes, f"form={word}"]
