"""An LSTM tagger, its losses, and what a reproducible, tracked experiment with them needs.

For users::

    from tagger import Tagger

    tagger = Tagger.load("models/export")
    for sentence in tagger.tag(["The dog ate the book", ["It", "'s", "late"]]):
        print(sentence.words, sentence.tags, sentence.probabilities)
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tagger.core.common.errors import InputError as InputError
    from tagger.predict.tagging import TaggedSentence as TaggedSentence
    from tagger.predict.tagging import Tagger as Tagger

__all__ = ["InputError", "TaggedSentence", "Tagger"]

_PLACES = {
    "InputError": "core.common.errors",
    "TaggedSentence": "predict.tagging",
    "Tagger": "predict.tagging",
}


def __getattr__(name: str) -> object:
    """Import what users ask for when they do: the stages, which import this file too, don't need it."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
