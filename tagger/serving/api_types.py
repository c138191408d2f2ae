"""The types and limits of the API. FastAPI checks requests against these types and documents them."""

from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tagger.core.common.errors import InputError
from tagger.predict.sentences import read_sentences
from tagger.predict.tagging import TaggedSentence

MAX_BYTES = 1_000_000  # of a request
MAX_SENTENCES = 1000
MAX_WORDS = 20_000  # of a request
MAX_CHARACTERS = 1000  # of a word
MAX_TOP = 50
MAX_TAGS = 100_000  # of an answer, for each model


def _read(given: object) -> list[tuple[str, ...]]:
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, list):
        raise ValueError(f"got {type(given).__name__}, expected a string or a list of sentences")
    if len(given) > MAX_SENTENCES:
        raise ValueError(f"got {len(given)} sentences, expected at most {MAX_SENTENCES}")
    try:
        sentences = list(read_sentences(given, MAX_CHARACTERS))
    except InputError as error:
        raise ValueError(str(error)) from None  # pydantic reports this kind
    words = sum(map(len, sentences))
    if words > MAX_WORDS:
        raise ValueError(f"got {words} words, expected at most {MAX_WORDS}")
    return sentences


class TagRequest(BaseModel):
    """Sentences to tag."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"sentences": ["The dog ate the book", ["It", "was", "new"]], "top": 2}]},
    )

    sentences: Annotated[
        list[tuple[str, ...]],
        BeforeValidator(_read, json_schema_input_type=str | list[str | list[str]]),
        Field(description="A sentence, or a list of them: each a string, split at white space, or a list of words."),
    ]
    top: int = Field(1, ge=1, le=MAX_TOP, strict=True, description="Number of tags per word, the most probable first.")

    @model_validator(mode="after")
    def _check_answer(self) -> Self:
        tags = sum(map(len, self.sentences)) * self.top
        if tags > MAX_TAGS:
            raise ValueError(f"top: asks for {tags} tags in all, expected at most {MAX_TAGS}")
        return self


class Alternative(BaseModel):
    """A tag that a word may have."""

    tag: str
    probability: float


class Tagging(BaseModel):
    """The result of one model for a sentence."""

    tags: Annotated[list[str], Field(description="The most probable tag of each word.")]
    probabilities: Annotated[list[float], Field(description="The probability of each of these tags.")]
    alternatives: Annotated[list[list[Alternative]], Field(description="The `top` most probable tags of each word.")]

    @classmethod
    def of(cls, sentence: TaggedSentence, top: int) -> Self:
        """Round the probabilities of a sentence, and list the `top` most probable tags of each word."""
        alternatives = [
            [Alternative(tag=tag, probability=round(value, 6)) for tag, value in sentence.alternatives(position, top)]
            for position in range(len(sentence.words))
        ]
        probabilities = [round(value, 6) for value in sentence.probabilities]
        return cls(tags=list(sentence.tags), probabilities=probabilities, alternatives=alternatives)


class TaggedWords(BaseModel):
    """A sentence with its tags."""

    words: list[str]
    taggings: Annotated[list[Tagging], Field(description="One for each model, in the order of the models.")]


class TagResponse(BaseModel):
    """The tagged sentences, in the order of the request."""

    models: Annotated[list[str], Field(description="The names of the models.")]
    sentences: list[TaggedWords]


class ModelInfo(BaseModel):
    """A served model."""

    name: str
    tags: Annotated[list[str], Field(description="The tags that the model knows.")]


class Problem(BaseModel):
    """What is wrong with a request."""

    detail: Annotated[str, Field(description="One line: where, what was found, what was expected.")]
