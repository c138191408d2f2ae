"""This project's tagger as it is handed out. The stages of the pipeline train it: `bench.pipeline`."""

from collections.abc import Sequence
from pathlib import Path

from tagger.predict.tagging import Tagger


class Ours:
    """Tags with the model that `export` wrote."""

    def load(self, folder: Path) -> None:
        """Open the exported folder."""
        self._tagger = Tagger(folder)

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        """Return the tags of each sentence."""
        return [tagged.tags for tagged in self._tagger.tag(sentences)]
