"""The served models: loaded once, each used by one thread, so that requests queue for it."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tagger.predict.tagging import TaggedSentence, Tagger
from tagger.serving.api_types import Alternative, Tagging

Words = Sequence[Sequence[str]]


class ServedModel:
    """A tagger with a name and a thread of its own."""

    def __init__(self, name: str, source: str) -> None:
        """Load a model folder, or a model from MLflow by its URI.

        Raises:
            InputError: the model is missing or damaged.
        """
        self.name = name
        self._tagger = Tagger.load(source)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    @property
    def tag_names(self) -> tuple[str, ...]:
        """The tags that the model knows."""
        return self._tagger.tag_names

    async def tag(self, sentences: Words, top: int) -> list[Tagging]:
        """Tag sentences in the model's thread, listing the `top` most probable tags of each word."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._tag, sentences, top)

    def _tag(self, sentences: Words, top: int) -> list[Tagging]:
        return [_tagging(sentence, top) for sentence in self._tagger.tag(sentences)]


def names_of(sources: Sequence[str]) -> list[str]:
    """Return short names of models: the last parts of their folders if these differ, otherwise the sources."""
    short = [source if ":/" in source else Path(source).resolve().name for source in sources]
    return short if len(set(short)) == len(sources) else list(sources)


def _tagging(sentence: TaggedSentence, top: int) -> Tagging:
    alternatives = [
        [Alternative(tag=tag, probability=round(value, 6)) for tag, value in sentence.alternatives(position, top)]
        for position in range(len(sentence.words))
    ]
    probabilities = [round(value, 6) for value in sentence.probabilities]
    return Tagging(tags=list(sentence.tags), probabilities=probabilities, alternatives=alternatives)
