"""The content of `params.yaml` as typed, frozen objects: the whole, its sections, and each stage's view of it."""

from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from tagger.core.common.arithmetic import Arithmetic
from tagger.core.common.errors import InputError
from tagger.core.losses.definitions import LOSSES, loss_name

if TYPE_CHECKING:
    LossName = str
    ExportedLoss = str
else:  # checked when a file is read: a type checker can't know the names
    LossName = Literal[tuple(LOSSES)]
    ExportedLoss = Literal["best", *LOSSES]
Device = Literal["auto", "cpu", "cuda"]
LARGEST_SEED = 2**31 - 1
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]
Seeds = Annotated[tuple[Seed, ...], Field(min_length=1, strict=False)]
Losses = Annotated[tuple[LossName, ...], Field(min_length=1, strict=False)]
Share = Annotated[float, Field(gt=0, lt=1)]
Rate = Annotated[float, Field(ge=0, lt=1)]
Size = Annotated[int, Field(ge=1, le=8192)]
CHARACTER_WINDOW = 3  # characters under one filter, with model.characters: cnn
Path_ = Annotated[str, Field(min_length=1)]


def _check_column(value: object) -> object:
    is_number = isinstance(value, int) and not isinstance(value, bool) and value > 0
    if not is_number and not (isinstance(value, str) and value):
        raise ValueError("no name and no number from 1")
    return value


# pydantic itself would report a mistake in a union once for each of its types.
_NAME_OR_NUMBER = WithJsonSchema({"type": ["string", "integer"], "minimum": 1})
Column = Annotated[str | int, PlainValidator(_check_column), _NAME_OR_NUMBER]


class Training(NamedTuple):
    """One training of the matrix in `dvc.yaml`."""

    loss: LossName
    seed: int

    @classmethod
    def parse(cls, loss: str, seed: str) -> Self:
        """Read the arguments of a stage.

        Raises:
            InputError: there is no such loss, or `seeds` can't have this seed.
        """
        if not (seed.isdecimal() and int(seed) <= LARGEST_SEED):
            raise InputError(f"seed: got {seed!r}, expected a whole number from 0 to {LARGEST_SEED}")
        return cls(loss_name(loss), int(seed))

    def __str__(self) -> str:
        """Return `nll-1`, as in the names of its stages."""
        return f"{self.loss}-{self.seed}"


class Section(BaseModel):
    """A part of `params.yaml`: no unknown keys, no silent type conversion, no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ColumnParams(Section):
    """Which columns of the files hold what."""

    sentence: Column = "auto"
    word: Column = "auto"
    tag: Column = "auto"


class DrawParams(Section):
    """What is drawn from the data."""

    seed: Seed = 1


class DataParams(Section):
    """Which files are read, and how."""

    train: Path_
    dev: Path_
    test: Path_
    format: Literal["auto", "csv", "conllu", "json", "parquet", "pairs", "conll"]
    column: Column
    lowercase: bool
    dev_share: Share
    test_share: Share
    # Files of params from before these keys are read, too.
    encoding: Path_ = "utf-8"
    columns: ColumnParams = ColumnParams()
    tag_names: Annotated[tuple[str, ...], Field(strict=False)] = ()
    normalise: bool = False
    seed: Seed = 1


class ModelParams(Section):
    """The shape of the network: without characters, affixes and a second direction just Embedding, LSTM, Linear."""

    word_dim: Size
    characters: Literal["cnn", "lstm", "none"]
    character_dim: Size
    character_filters: Size
    character_hidden: Size
    affix_dim: Annotated[int, Field(ge=0, le=8192)]
    hidden: Size
    layers: Annotated[int, Field(ge=1, le=8)]
    bidirectional: bool
    dropout: Rate

    @property
    def form_width(self) -> int:
        """The width of the vector for the form of a word: its characters and affixes."""
        characters = {"cnn": self.character_filters, "lstm": 2 * self.character_hidden, "none": 0}
        return characters[self.characters] + self.affix_dim

    def count_weights(self, words: int, characters: int, affixes: int, tags: int) -> int:
        """Return the number of weights of the network for dictionaries of these sizes, without building it."""
        count = words * self.word_dim + affixes * self.affix_dim
        if self.characters != "none":
            count += characters * self.character_dim
        if self.characters == "cnn":
            count += (CHARACTER_WINDOW * self.character_dim + 1) * self.character_filters
        if self.characters == "lstm":
            count += 2 * _lstm_weights(self.character_dim, self.character_hidden)
        width, directions = self.word_dim + self.form_width, 2 if self.bidirectional else 1
        for _ in range(self.layers):
            count += directions * _lstm_weights(width, self.hidden)
            width = directions * self.hidden
        return count + (width + 1) * tags


def _lstm_weights(width: int, hidden: int) -> int:
    """Return the weights of one direction: four gates, each with a matrix for inputs and states and two biases."""
    return 4 * hidden * (width + hidden + 2)


class VectorParams(Section):
    """What the initial word vectors depend on."""

    vectors: Path_
    word_dim: Size


class ModelSection(ModelParams):
    """The section `model`: the shape of the network, and a file that is not recorded in a model folder."""

    vectors: Path_ = Field(exclude=True)


class TrainParams(Section):
    """How the network is trained."""

    epochs: Annotated[int, Field(ge=1, le=100_000)]
    batch_tokens: Annotated[int, Field(ge=1, le=1_000_000)]
    min_batches: Annotated[int, Field(ge=1, le=1_000_000)]
    shards: Literal[1, 2, 4, 8, 16, 32, 64]
    optimizer: Literal["adam", "sgd"]
    learning_rate: Annotated[float, Field(gt=0, le=100)]
    adam_betas: Annotated[tuple[Rate, Rate], Field(strict=False)]
    momentum: Rate
    weight_decay: Annotated[float, Field(ge=0, le=1)]
    schedule: Literal["constant", "one_cycle", "linear"]
    clip_norm: Annotated[float, Field(ge=0)]
    word_dropout: Annotated[float, Field(ge=0, le=100)]
    patience: Annotated[int, Field(ge=0, le=100_000)]


class ExportParams(Section):
    """Which trained model is exported, how, and when it becomes champion."""

    loss: ExportedLoss
    registered_model: Annotated[str, Field(pattern=r"^\w[\w.-]*$")]  # MLflow forbids / and :
    max_drop: Annotated[float, Field(ge=0, le=1)]
    int8: bool
    data_licence: str


class Params(Section):
    """The whole of `params.yaml`."""

    losses: Losses
    seeds: Seeds
    device: Device
    arithmetic: Arithmetic
    data: DataParams
    model: ModelSection
    train: TrainParams
    export: ExportParams


class PrepareView(Section):
    """What the stage `prepare` reads. `dvc.yaml` declares the same keys, as it does for the views below."""

    data: DataParams
    model: VectorParams


class TrainView(Section):
    """What the stage `train` reads. The loss and the seed are its arguments: a further one trains no other again."""

    device: Device
    arithmetic: Arithmetic
    model: ModelParams
    train: TrainParams


class ArithmeticView(Section):
    """What a stage reads before it imports the libraries that compute."""

    arithmetic: Arithmetic


class EvaluateView(ArithmeticView):
    """What the stage `evaluate` reads."""

    device: Device


class TrainingsView(ArithmeticView):
    """What the stages read that look at all trainings."""

    losses: Losses
    seeds: Seeds

    @property
    def trainings(self) -> list[Training]:
        """Every loss with every seed."""
        return [Training(loss, seed) for loss in self.losses for seed in self.seeds]


class ReportView(TrainingsView):
    """What the stage `report` reads."""

    data: DrawParams


class ExportView(TrainingsView):
    """What the stage `export` reads, mostly for the model card."""

    data: DataParams
    model: ModelSection
    train: TrainParams
    export: ExportParams
