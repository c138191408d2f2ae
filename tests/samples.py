"""Small corpora, parameters and models that several test files build on."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from tagger.core.corpus.dictionary import Dictionaries, build_dictionaries
from tagger.core.corpus.encoded_split import EncodedSplit, encode
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.core.corpus.word_vectors import NO_VECTORS, WordVectors
from tagger.core.network.batches import Batch, make_batch
from tagger.core.network.device import choose_device
from tagger.core.network.lstm_tagger import LstmTagger
from tagger.core.network.model_folder import TrainedModel, write_model
from tagger.core.params.schema import LossName, ModelParams, Training, TrainParams, TrainView
from tagger.train.trainer import Epoch, Step, Trainer, TrainingInputs

CPU = choose_device("cpu")  # as the pipeline sets torch up

MODEL = {
    "word_dim": 7,
    "characters": "cnn",
    "character_dim": 4,
    "character_filters": 6,
    "character_hidden": 3,
    "affix_dim": 2,
    "hidden": 5,
    "layers": 1,
    "bidirectional": True,
    "dropout": 0.4,
}
NO_FORMS: dict[str, Any] = {"characters": "none", "affix_dim": 0}  # words alone
PLAIN: dict[str, Any] = NO_FORMS | {"bidirectional": False, "dropout": 0}  # Embedding, LSTM, Linear

TRAIN = {
    "epochs": 3,
    "batch_tokens": 1000,
    "min_batches": 10,
    "shards": 2,
    "optimizer": "adam",
    "learning_rate": 0.003,
    "adam_betas": [0.9, 0.9],
    "momentum": 0,
    "weight_decay": 0,
    "schedule": "one_cycle",
    "clip_norm": 1,
    "word_dropout": 0.25,
    "patience": 0,
}
ONE_STEP: dict[str, Any] = {  # plain gradient descent with the whole corpus in each step
    "epochs": 1,
    "min_batches": 1,
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "schedule": "constant",
    "clip_norm": 0,
    "word_dropout": 0,
}


def model_params(**changes: Any) -> ModelParams:
    return ModelParams.model_validate(MODEL | changes)


def train_params(**changes: Any) -> TrainParams:
    return TrainParams.model_validate(TRAIN | changes)


def train_view(model: dict[str, Any], train: dict[str, Any]) -> TrainView:
    return TrainView(device="cpu", arithmetic="portable", model=model_params(**model), train=train_params(**train))


def tagged(text: str) -> Sentence:
    """Read `The/DET dog/NN`."""
    pairs = [token.rsplit("/", 1) for token in text.split()]
    return Sentence(tuple(word for word, _ in pairs), tuple(tag for _, tag in pairs))


def random_corpus(amount: int, seed: int) -> list[Sentence]:
    """Draw sentences of 1 to 12 words, whose tags follow from their endings and the word before."""
    draw = random.Random(seed)
    endings = {"s": "NOUN", "ed": "VERB", "ly": "ADV", "y": "ADJ"}
    sentences = []
    for _ in range(amount):
        words, tags = [], []
        for _ in range(draw.randint(1, 12)):
            ending = draw.choice(list(endings))
            words.append("".join(draw.choices("abcdeö", k=draw.randint(1, 3))) + ending)
            tags.append("NAME" if words[-2:-1] == ["bs"] else endings[ending])
        sentences.append(Sentence(tuple(words), tuple(tags)))
    return sentences


class Data(NamedTuple):
    dictionaries: Dictionaries
    train: EncodedSplit
    dev: EncodedSplit


def data_of(train: Sequence[Sentence], dev: Sequence[Sentence], lowercase: bool = True) -> Data:
    dictionaries = build_dictionaries(train, lowercase)
    return Data(dictionaries, encode(train, dictionaries), encode(dev, dictionaries))


RANDOM = data_of(random_corpus(60, seed=1), random_corpus(20, seed=2))


def trainer_of(
    data: Data,
    model: dict[str, Any],
    train: dict[str, Any],
    loss: LossName = "nll",
    seed: int = 1,
    vectors: WordVectors = NO_VECTORS,
    on_step: Callable[[Step], None] = lambda _: None,
) -> Trainer:
    return Trainer(TrainingInputs(Training(loss, seed), train_view(model, train), CPU, *data, vectors), on_step)


def run(trainer: Trainer) -> list[Epoch]:
    return list(trainer.epochs())


def weights_of(model: LstmTagger) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def same_weights(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def fresh_model(dictionaries: Dictionaries, loss: LossName = "nll", seed: int = 1, **changes: Any) -> LstmTagger:
    torch.manual_seed(seed)
    return LstmTagger(model_params(**changes), loss, dictionaries.sizes).eval()


def biased_model(scores: list[float], loss: LossName = "nll") -> tuple[LstmTagger, EncodedSplit]:
    """Build a model that gives every word these scores for A, B, C; and the split `a/A b/B`, `a/C b/X`."""
    data = data_of([tagged("a/A b/B c/C")], [tagged("a/A b/B"), tagged("a/C b/X")])
    model = fresh_model(data.dictionaries, loss)
    model.linear.weight.data.zero_()
    model.linear.bias.data.copy_(torch.tensor(scores))
    return model, data.dev


def batch_of(split: EncodedSplit, *sentences: int) -> Batch:
    return make_batch(split, np.array(sentences or range(split.sentences), dtype=np.int64))


def save_model(folder: Path, loss: LossName = "nll", seed: int = 1, **changes: Any) -> LstmTagger:
    """Write a model of fresh weights for the dictionaries of RANDOM."""
    model = fresh_model(RANDOM.dictionaries, loss, seed, **changes)
    folder.mkdir(parents=True)
    write_model(TrainedModel(model, RANDOM.dictionaries), folder)
    return model


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
