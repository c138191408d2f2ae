"""An LSTM part-of-speech tagger as a reproducible, tracked experiment with several losses.

For users::

    from tagger import Tagger

    tagger = Tagger.load("models/export")
    for sentence in tagger.tag(["The dog ate the book", ["It", "'s", "late"]]):
        print(sentence.words, sentence.tags, sentence.probabilities)
"""

import importlib
import os
from typing import TYPE_CHECKING

from tagger.core.common.errors import InputError as InputError

if TYPE_CHECKING:
    from tagger.predict.tagging import TaggedSentence as TaggedSentence
    from tagger.predict.tagging import Tagger as Tagger

# Here, because they would speak to their authors' servers as soon as any module imports them.
# ONNX Runtime (ORT) also keeps an identifier of the device in the user's home.
for _library in ("MLFLOW", "ORT"):
    os.environ.setdefault(f"{_library}_DISABLE_TELEMETRY", "true")

__all__ = ["InputError", "TaggedSentence", "Tagger"]


def __getattr__(name: str) -> object:
    """Import the other names only on use: the stages import this file too, and don't need them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("tagger.predict.tagging"), name)
