"""The content of `params.yaml` as typed, frozen objects: the whole, its sections, and each stage's view of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema

from tagger.core.common.arithmetic import Arithmetic
from tagger.core.common.errors import InputError
from tagger.core.losses.definitions import LOSSES

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
Text = Annotated[str, Field(min_length=1)]
Path_ = Annotated[Text, Field(json_schema_extra={"format": "path"})]


def _check_column(value: object) -> object:
    is_number = isinstance(value, int) and not isinstance(value, bool) and value > 0
    if not is_number and not (isinstance(value, str) and value):
        raise ValueError("neither a name nor a number from 1")
    return value


def _refuse_equals(value: object) -> object:
    if type(value) not in (int, str):  # true equals 1, and 2.0 equals 2
        raise ValueError("not a whole number")
    return value


# For a union, pydantic would report a mistake once per type.
_NAME_OR_NUMBER = WithJsonSchema({"type": ["string", "integer"], "minimum": 1})
Column = Annotated[str | int, PlainValidator(_check_column), _NAME_OR_NUMBER]


class Training(NamedTuple):
    """One training of the matrix in `dvc.yaml`."""

    loss: LossName
    seed: int

    @classmethod
    def parse(cls, loss: str, seed: str) -> Self:
        """Read the arguments of a stage. Raises InputError if there is no such loss or seed."""
        if loss not in LOSSES:
            raise InputError(f"loss: got {loss!r}, expected one of {', '.join(LOSSES)}")
        if not (seed.isdecimal() and int(seed) <= LARGEST_SEED):
            raise InputError(f"seed: got {seed!r}, expected a whole number from 0 to {LARGEST_SEED}")
        return cls(loss, int(seed))

    def __str__(self) -> str:
        """Return `nll-1`, as in the names of its stages."""
        return f"{self.loss}-{self.seed}"


class Section(BaseModel):
    """A part of `params.yaml`: no unknown keys, no silent type conversion, no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ColumnParams(Section):
    """Which columns of the files hold what."""

    sentence: Column = Field("auto", description="column that tells sentences apart, with one word per row")
    word: Column = Field("auto", description="word column, also of CoNLL")
    tag: Column = Field("auto", description="tag column; auto: data.column")


class DataParams(Section):
    """Which files are read, and how."""

    train: Path_ = Field(description="training file: a path inside the repository, or an absolute path")
    dev: Path_ = Field(description="file for choosing epoch and loss; if it is data.train, a share is split off")
    test: Path_ = Field(description="file for the final metrics; if it is data.train, a share is split off")
    format: Literal["auto", "csv", "conllu", "json", "parquet", "pairs", "conll"] = Field(
        description="file format; auto: by name, then content"
    )
    column: Column = Field(description="tag column of CoNLL and CoNLL-U; auto: upos in CoNLL-U, the last in CoNLL")
    lowercase: bool = Field(description="look words up in lower case; characters keep their case")
    dev_share: Share = Field(description="share of the training sentences to split off for dev")
    test_share: Share = Field(description="share of the training sentences to split off for test")
    # These may be left out.
    encoding: Text = Field("utf-8", description="encoding of text files, by its Python name: latin-1, cp1252, ...")
    columns: ColumnParams = Field(ColumnParams(), description="columns of a table; auto: by their usual names")
    tag_names: tuple[str, ...] = Field(
        (), strict=False, description="names of numeric tags, from 0 on; Parquet files may have their own"
    )
    normalise: bool = Field(False, description="normalise words to Unicode NFC: é is one character")
    seed: Seed = Field(1, description="seed of the split and of the report's resampling, independent of seeds")


class ModelParams(Section):
    """The shape of the network; without characters, affixes and a second direction just Embedding, LSTM, Linear."""

    word_dim: Size = Field(description="dimension of word embeddings")
    characters: Literal["cnn", "lstm", "none"] = Field(description="encoder of a word's characters")
    character_dim: Size = Field(description="dimension of character embeddings")
    character_filters: Size = Field(description="number of filters; cnn only")
    character_hidden: Size = Field(description="hidden size per direction; lstm only")
    affix_dim: int = Field(ge=0, le=8192, description="dimension of affix embeddings; 0: no affixes")
    hidden: Size = Field(description="hidden size per direction of the LSTM over the sentence")
    layers: int = Field(ge=1, le=8, description="number of layers of the LSTM over the sentence")
    bidirectional: bool = Field(description="also read the sentence backwards")
    dropout: Rate = Field(description="dropout before and after each LSTM layer, one mask per sentence")

    @property
    def form_width(self) -> int:
        """The width of the vector of a word form: its characters and affixes."""
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
    """The section `model`: the shape of the network, and a file that model folders don't record."""

    vectors: Path_ = Field(
        exclude=True, description="pretrained word2vec, GloVe or fastText vectors as text; none.vec: random"
    )


class TrainParams(Section):
    """How the network is trained."""

    epochs: int = Field(ge=1, le=100_000, description="maximum number of epochs")
    batch_tokens: int = Field(ge=1, le=1_000_000, description="maximum tokens per batch, padding included")
    min_batches: int = Field(ge=1, le=1_000_000, description="minimum batches per epoch; may need several passes")
    shards: Annotated[Literal["auto", 1, 2, 4, 8, 16, 32, 64], BeforeValidator(_refuse_equals)] = Field(
        description="parts of a batch, which as many processes can share; auto: 2, or 1 on a GPU and for small batches"
    )
    optimizer: Literal["adam", "sgd"] = Field(description="optimization algorithm")
    learning_rate: float = Field(gt=0, le=100, description="peak learning rate")
    adam_betas: tuple[Rate, Rate] = Field(
        strict=False, description="adam only; the first is 0 for word and affix embeddings"
    )
    momentum: Rate = Field(description="sgd only")
    weight_decay: float = Field(ge=0, le=1, description="with adam, not applied to word and affix embeddings")
    schedule: Literal["constant", "one_cycle", "linear"] = Field(description="learning rate schedule")
    clip_norm: float = Field(ge=0, description="maximum norm of the gradient; 0: no clipping")
    word_dropout: float = Field(
        ge=0, le=100, description="r: a word seen c times becomes unknown with probability r / (r + c)"
    )
    patience: int = Field(
        ge=0, le=100_000, description="stop after this many epochs without improvement on dev; 0: never"
    )


class ExportParams(Section):
    """Which trained model is exported, how, and when it becomes champion."""

    loss: ExportedLoss = Field(description="loss of the model to export; best: the best on dev")
    registered_model: str = Field(  # MLflow forbids / and :
        pattern=r"^\w[\w.-]*$", description="name in MLflow's registry; use another for another task"
    )
    max_drop: float = Field(ge=0, le=1, description="largest drop in test accuracy for a new champion")
    int8: bool = Field(description="also export an 8-bit tagger")
    calibrate: bool = Field(
        True, description="calibrate the probabilities with a temperature fitted on dev, if that helps"
    )
    data_licence: str = Field(
        description="licence of the corpus, for the model card; auto: that of the bundled corpus, or none"
    )
    language: Text = Field(
        "auto",
        description="language of the corpus, for the model card, such as en; auto: that of the bundled corpus, or none",
    )


class Params(Section):
    """The whole of `params.yaml`."""

    losses: Losses = Field(description="losses to train with")
    seeds: Seeds = Field(description="for each loss, one training per seed: initial weights, batch order, dropout")
    device: Device = Field(description="device that torch computes on")
    arithmetic: Arithmetic = Field(description="the same bytes on every processor with AVX2, or only on this one")
    data: DataParams = Field(description="corpus")
    model: ModelSection = Field(description="network")
    train: TrainParams = Field(description="training")
    export: ExportParams = Field(description="export")


class PrepareView(Section):
    """What the stage `prepare` reads. `dvc.yaml` declares the same keys, as it does for the views below."""

    data: DataParams
    model: VectorParams


class TrainView(Section):
    """What the stage `train` reads. Loss and seed are its arguments, so that adding one retrains no other."""

    device: Device
    arithmetic: Arithmetic
    model: ModelParams
    train: TrainParams


class ArithmeticView(Section):
    """What a stage reads before it imports numerical libraries."""

    arithmetic: Arithmetic


class EvaluateView(ArithmeticView):
    """What the stage `evaluate` reads."""

    device: Device


class TrainingsView(ArithmeticView):
    """What a stage reads that looks at all trainings."""

    losses: Losses
    seeds: Seeds

    @property
    def trainings(self) -> list[Training]:
        """Every loss with every seed."""
        return [Training(loss, seed) for loss in self.losses for seed in self.seeds]


class ReportView(TrainingsView):
    """What the stage `report` reads, mostly to say how its results were made."""

    data: DataParams
    model: ModelSection
    train: TrainParams

    @property
    def settings(self) -> dict[str, Any]:
        """What decides a training besides its loss and seed; files by name, because paths differ between machines."""
        sections = self.model_dump(include={"arithmetic", "data", "model", "train"})
        sections["model"]["vectors"] = self.model.vectors  # left out of a model folder
        for section, key in (("data", "train"), ("data", "dev"), ("data", "test"), ("model", "vectors")):
            sections[section][key] = Path(sections[section][key]).name
        return sections


class ExportView(ReportView):
    """What the stage `export` reads, mostly for the model card."""

    export: ExportParams
