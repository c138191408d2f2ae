"""Hash the results of all kinds of computation that decide the bytes of outputs, in portable arithmetic.

    python -m tests.core.common.arithmetic_pieces [GROUP ...]

One line for each piece: first single operations, at the shapes of the default params and at odd ones; then trainings,
step by step; then what is measured of a model, and the weights of exports. So the first line that differs between two
processors names what is rounded in another way.
"""

# ruff: noqa: E402

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tagger.core.common import arithmetic

arithmetic.use("portable")  # before torch is imported

import numpy as np
import pandas as pd
import torch
from scipy.special import entr, rel_entr
from torch import Tensor, nn
from torch.nn import functional

from tagger.core.losses.definitions import LOSSES
from tagger.core.network.linear import Linear
from tagger.core.network.lstm_tagger import (
    CharacterCnn,
    CharacterLstm,
    Lstm,
    reversal_of,
    tag_probabilities,
    tag_scores,
)
from tagger.core.network.model_folder import WEIGHTS, TrainedModel, write_model
from tagger.core.params.schema import LossName
from tagger.evaluate.detail import evaluation_detail
from tagger.evaluate.metrics import score, tag_table
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.export.calibration import fit_temperature, tempered
from tagger.export.onnx_weights import form_weights, tagger_weights, to_int8
from tagger.report.comparison import significance
from tagger.report.comparison.significance import Variances
from tagger.report.page.charts import accuracy_interval
from tagger.report.questions.study import study_losses
from tagger.train.gradients import BatchGradient
from tagger.train.optimization import Optimization
from tests.report_results import result_of
from tests.samples import CPU, data_of, fresh_model, random_corpus, train_params, trainer_of

Piece = tuple[
    str, Any
]  # its name, and its result: arrays, tensors, bytes, what JSON takes, or lists and dicts of these
ALL_LOSSES: list[LossName] = list(LOSSES)
DEFAULT: dict[str, Any] = {  # the network of params.yaml
    "word_dim": 100,
    "character_dim": 32,
    "character_filters": 128,
    "affix_dim": 50,
    "hidden": 128,
}
LARGE = data_of(random_corpus(300, seed=1), random_corpus(150, seed=2))
SMALL = data_of(random_corpus(60, seed=1), random_corpus(30, seed=2))
TINY = data_of(random_corpus(20, seed=1), random_corpus(6, seed=2))


def drawn(*shape: int, seed: int = 1) -> Tensor:
    """Return numbers from -1 to 1 that are the same everywhere: random integers, divided by a power of two."""
    numbers = np.random.default_rng([seed, *shape]).integers(-(2**23), 2**23, shape)
    return torch.from_numpy((numbers / 2**23).astype(np.float32))


def drawn_ids(amount: int, *shape: int) -> Tensor:
    """Return whole numbers below an amount."""
    return torch.from_numpy(np.random.default_rng([amount, *shape]).integers(0, amount, shape))


def set_weights(module: nn.Module, seed: int = 0) -> None:
    """Give a module drawn weights that are about as large as trained ones."""
    with torch.no_grad():
        for number, weights in enumerate(module.parameters(), start=seed):
            weights.copy_(0.2 * drawn(*weights.shape, seed=number))


def parts_of(result: Any) -> Iterator[bytes]:
    """Return the bytes that a result consists of."""
    if isinstance(result, Tensor):
        dense = result.detach().to_dense() if result.is_sparse else result.detach()
        yield from parts_of(dense.float().numpy() if dense.dtype == torch.bfloat16 else dense.numpy())
    elif isinstance(result, np.ndarray):
        yield result.tobytes()
    elif isinstance(result, list | tuple | dict):
        for part in result.values() if isinstance(result, dict) else result:
            yield from parts_of(part)
    else:
        yield result if isinstance(result, bytes) else json.dumps(result).encode()


def with_gradients(function: Callable[..., Tensor], *arguments: Tensor | nn.Module) -> list[Any]:
    """Return the result of a function, or of a module, of tensors, then the gradients of all that has one."""
    weights = [
        value for module in (function, *arguments) if isinstance(module, nn.Module) for value in module.parameters()
    ]
    tensors = [part for part in arguments if isinstance(part, Tensor)]
    leaves = [*(part.requires_grad_() for part in tensors if part.is_floating_point()), *weights]
    result = function(*tensors)
    result.backward(drawn(*result.shape, seed=99) if result.dim() else None)  # type: ignore[no-untyped-call]
    return [result, *(part.grad for part in leaves)]


# Single operations.


def lstms() -> Iterator[Piece]:
    for steps, sequences, width, hidden in (
        (21, 40, 278, 128),
        (3, 4, 256, 128),  # a second layer
        (1, 1, 278, 128),
        (20, 1, 278, 128),
        (9, 20, 32, 64),  # characters
        (7, 3, 13, 5),
        (4, 5, 6, 6),
        (3, 6, 100, 300),
    ):
        lstm, inputs = nn.LSTM(width, hidden), drawn(steps, sequences, width)
        set_weights(lstm)
        name = f"LSTM {steps} x {sequences} x {width} -> {hidden}"
        with torch.inference_mode():
            yield f"{name}, inference", lstm(inputs[:2])[0]
        yield name, with_gradients(lambda values, lstm=lstm: lstm(values)[0], inputs, lstm)


def linears() -> Iterator[Piece]:
    for *rows, width, outputs in (
        (817, 256, 17),
        (2400, 96, 128),
        (8, 30, 96, 128),  # characters
        (1, 256, 17),
        (2, 256, 17),
        (3, 128, 3),
        (40, 256, 50),
        (61, 7, 5),
        (40, 1000, 333),
        (20, 2000, 300),
    ):
        linear, inputs = Linear(width, outputs), drawn(*rows, width)
        set_weights(linear)
        name = f"linear {' x '.join(map(str, rows))} x {width} -> {outputs}"
        with torch.inference_mode():
            yield f"{name}, inference", linear(inputs)
        yield name, with_gradients(linear, inputs)


def elementwise() -> Iterator[Piece]:
    functions: dict[str, Callable[[Tensor], Tensor]] = {
        "exp": torch.exp,
        "log": lambda values: values.abs().clamp(min=1e-30).log(),
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
        "log_softmax": partial(torch.log_softmax, dim=-1),
        "softmax": partial(torch.softmax, dim=-1),
    }
    for name, function in functions.items():
        for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
            if (name, dtype) == ("log", torch.float64):
                continue  # MKL's rounds by vendor
            for shape in ((817, 17), (3, 50), (1, 5)):
                values = [function((drawn(*shape) * scale).to(dtype)) for scale in (1, 30, 1000)]
                yield f"{name} of {shape[0]} x {shape[1]} in {str(dtype).removeprefix('torch.')}", values


def reductions() -> Iterator[Piece]:
    table, ids = drawn(1001, 33), drawn_ids(100, 500)
    yield (
        "sums and means",
        [table.sum(), table.sum(0), table.sum(1), table.mean(), table.mean(1), table.double().nanmean()],
    )
    yield "norms", [torch.linalg.vector_norm(drawn(amount))[None] for amount in (5, 1000, 704_237)]
    yield "index_add", torch.zeros(100, 33).index_add_(0, ids, drawn(500, 33))
    yield "index_select", with_gradients(lambda values: values.index_select(0, ids), drawn(100, 33))
    yield "relu, amax", with_gradients(lambda values: torch.relu(values).amax(dim=0), drawn(8, 300, 128))
    characters, affixes = nn.Embedding(100, 32), nn.Embedding(100, 50, padding_idx=0, sparse=True)
    set_weights(characters)
    set_weights(affixes)
    yield "embedding", with_gradients(characters, drawn_ids(100, 10, 300))
    yield "sums of affixes", with_gradients(lambda values: affixes(values).sum(dim=1), drawn_ids(100, 300, 7), affixes)


def random_numbers() -> Iterator[Piece]:
    for shape in ((300, 100), (3, 4), (5, 7)):
        torch.manual_seed(7)
        size = f"{shape[0]} x {shape[1]}"
        yield f"normal numbers {size}", torch.randn(*shape)
        yield f"uniform numbers {size}", [torch.rand(*shape), torch.empty(*shape).uniform_(-0.1, 0.1)]
        yield f"dropout of {size}", [functional.dropout(torch.ones(*shape), rate) for rate in (0.1, 0.4)]


def encoders() -> Iterator[Piece]:
    lengths = 1 + drawn_ids(11, 70)
    characters = (2 + drawn_ids(58, 12, 70)) * (torch.arange(12)[:, None] < lengths)
    for encoder in (CharacterCnn(60, 32, 128), CharacterLstm(60, 32, 64)):
        set_weights(encoder)
        yield type(encoder).__name__, with_gradients(encoder, characters, lengths)
    for bidirectional in (True, False):
        layer = Lstm(60, 40, bidirectional)
        set_weights(layer)
        yield (
            f"Lstm, bidirectional: {bidirectional}",
            with_gradients(layer, drawn(12, 70, 60), reversal_of(lengths, 12)),
        )


def criteria() -> Iterator[Piece]:
    for tokens, amount in ((817, 17), (5, 3), (1, 50)):
        tags = drawn_ids(amount, tokens)
        for name, loss in LOSSES.items():
            scores = drawn(tokens, amount) * 8
            yield f"{name} of {tokens} x {amount}, probabilities", loss.probabilities(loss.last_step(scores))
            mean = partial(lambda loss, tags, values: loss.criterion(loss.last_step(values), tags), loss, tags)
            yield f"{name} of {tokens} x {amount}", with_gradients(mean, scores)


def optimizers() -> Iterator[Piece]:
    variants: dict[str, dict[str, Any]] = {
        "Adam, one cycle": {},
        "Adam, weight decay": {"adam_betas": [0.95, 0.999], "weight_decay": 0.01, "schedule": "constant"},
        "SGD, linear": {"optimizer": "sgd", "schedule": "linear"},
        "SGD, momentum, weight decay": {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.01},
    }
    for name, changes in variants.items():
        model = fresh_model(SMALL.dictionaries)
        set_weights(model)
        tables = set(model.tables_and_others()[0])
        optimization = Optimization(model, train_params(**changes), 9)
        rates = []
        for step in range(9):
            for number, weights in enumerate(model.parameters()):
                gradient = 0.1 * drawn(*weights.shape, seed=100 * step + number)
                weights.grad = gradient.to_sparse(1).coalesce() if weights in tables else gradient
            rates.append(optimization.learning_rate)
            optimization.step()
        yield name, [rates, *model.parameters()]


# Trainings, step by step.


def trainings() -> Iterator[Piece]:
    words_alone = {"characters": "none", "affix_dim": 0, "bidirectional": False}
    momentum = {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.1, "schedule": "linear", "clip_norm": 0}
    yield from training("default network", "nll", DEFAULT, {"word_dropout": 1})
    yield from training(
        "two layers, characters by LSTM", "cross_entropy", {"characters": "lstm", "layers": 2}, {"shards": 4}
    )
    yield from training("words alone, SGD", "softmax_nll", words_alone, momentum)
    yield from training("squared error", "mse", {}, {})
    yield from training("margin", "hinge", {}, {})


def training(name: str, loss: LossName, model: dict[str, Any], train: dict[str, Any]) -> Iterator[Piece]:
    """Return each module's outputs, each gradient, and the weights of each step, then the epochs and the file."""
    pieces: dict[str, list[Any]] = {}
    steps = 0

    def note(piece: str, result: Any) -> None:
        pieces.setdefault(f"{name}, step {steps + 1}, {piece}", []).append(result)

    def on_step(_: object) -> None:
        nonlocal steps
        note("weights", [weights.clone() for weights in trainer.model.parameters()])
        steps += 1

    def watch(part: str, module: nn.Module, inputs: object, output: Any) -> None:
        note(f"output of {part or 'the model'}", output[0] if isinstance(output, tuple) else output.detach())

    def compute(gradient: BatchGradient, *arguments: Any) -> Tensor:
        mean = unwatched(gradient, *arguments)
        for part, weights in trainer.model.named_parameters():
            note(f"gradient of {part}", weights.grad)
        return mean

    trainer = trainer_of(TINY, model, {"epochs": 1, "min_batches": 2} | train, loss, on_step=on_step)
    yield f"{name}, initial weights", list(trainer.model.parameters())
    for part, module in trainer.model.named_modules():
        module.register_forward_hook(partial(watch, part))
    unwatched = BatchGradient.compute
    BatchGradient.compute = compute  # type: ignore[method-assign, assignment]
    epochs = [list(epoch[:5]) for epoch in trainer.epochs()]
    BatchGradient.compute = unwatched  # type: ignore[method-assign]
    yield from pieces.items()
    yield f"{name}, epochs", epochs
    with TemporaryDirectory() as folder:
        write_model(TrainedModel(trainer.model, TINY.dictionaries), Path(folder))
        yield f"{name}, {WEIGHTS}", (Path(folder) / WEIGHTS).read_bytes()


# What is measured of a model, and the weights of exports.


def measures() -> Iterator[Piece]:
    baseline = TaggedSplit.baseline(LARGE.train, LARGE.dev)
    models = []
    for seed in range(2):
        scores = 5 * drawn(len(LARGE.dev.tags), len(LARGE.dictionaries.tags.entries), seed=seed)
        scores[np.arange(len(scores)), LARGE.dev.tags] += 3
        models.append(TaggedSplit.of(scores.softmax(dim=-1).numpy(), LARGE.dev, baseline.groups))
    tagged = models[0]
    yield "sums of sentences", tagged.sums
    yield "metrics", score(tagged)
    yield "metrics in detail", evaluation_detail(tagged)
    yield "metrics by tag", tag_table(tagged, baseline).to_csv()
    significance.RESAMPLES = 500
    metrics = significance.resampled_metrics({"tagger": models}, seed=1)["tagger"]
    yield "resamples", metrics
    yield "intervals", [significance.interval(values[:1], 0.95) for values in metrics.values()]
    over_seeds = {name: Variances.of(values) for name, values in metrics.items()}
    yield "variances over seeds", over_seeds
    yield "intervals over seeds", [significance.interval(values, 0.995) for values in metrics.values()]
    yield (
        "seeds for a difference",
        [[found.visible(0.95, 3), found.seeds_for(0.02, 0.95)] for found in over_seeds.values()],
    )
    for first, second in ((0, 3), (17, 13), (1200, 381)):
        right = np.arange(first + second) < first
        test = significance.mcnemar(right, ~right)
        yield f"McNemar's test of {first} and {second}", [test["p"], *accuracy_interval(first / len(right), len(right))]


def in_float64() -> Iterator[Piece]:
    for shape in ((1500, 17), (3, 5)):
        values = drawn(*shape).double().numpy()
        shares = np.abs(values) / np.abs(values).sum(axis=1, keepdims=True)
        size = f"{shape[0]} x {shape[1]}"
        yield f"NumPy's exp of {size}", np.exp(30 * values)
        yield f"NumPy's log of {size}", np.log(shares)
        yield (
            f"NumPy's sums of {size}",
            [values.sum(), values.sum(axis=0), values.mean(axis=1), np.square(values).sum(1)],
        )
        yield f"NumPy's cumprod of {size}", np.cumprod(np.exp(-np.abs(values)), axis=0)
        yield f"SciPy's entropies of {size}", [entr(shares).sum(axis=1), rel_entr(shares, shares[::-1]).sum(axis=1)]
        yield (
            f"cross-entropy of {size}",
            functional.cross_entropy(torch.from_numpy(values), torch.from_numpy(shares), reduction="none"),
        )
    for left, right in (
        ((250, 148), (148, 17)),
        ((250, 2077), (2077,)),
        ((1, 148), (148, 15)),
        ((250, 2077), (2077, 50)),
    ):
        yield f"product of {left} and {right}", drawn(*left).double().numpy() @ drawn(*right).double().numpy()
    draw = np.random.default_rng(1)
    yield "NumPy's random numbers", [draw.multinomial(300, np.full(300, 1 / 300), size=50), draw.permutation(500)]


def studies() -> Iterator[Piece]:
    groups = TaggedSplit.baseline(SMALL.train, SMALL.dev).groups
    history = pd.DataFrame({"epoch": [1, 2], "dev_loss": [1.5, np.inf], "dev_accuracy": [0.5, 0.75]})
    networks: dict[str, dict[str, Any]] = {"CNN": {"hidden": 40}, "LSTM": {"characters": "lstm", "layers": 2}}
    for name, params in networks.items():
        results = {}
        for seed, loss in enumerate(ALL_LOSSES):
            model = fresh_model(SMALL.dictionaries, loss, **params)
            set_weights(model, seed)
            results[loss] = {1: result_of(model=model, history=history, summary={"best_epoch": 2})}
            yield f"{name} for {loss}, scores", tag_scores(model, SMALL.dev, CPU)
            yield f"{name} for {loss}, exported weights", [form_weights(model), to_int8(tagger_weights(model))]
            yield f"{name} for {loss}, temperature", fit_temperature(tag_scores(model, SMALL.dev, CPU), SMALL.dev)
            yield f"{name} for {loss}, calibrated", tempered(tag_probabilities(model, SMALL.dev, CPU), 1.37)
        for part, figures in study_losses(results, SMALL.dev, groups).items():
            if isinstance(figures, dict):
                yield f"{name}, {part}", {key: value for key, value in figures.items() if key != "answer"}


GROUPS = (
    lstms,
    linears,
    elementwise,
    reductions,
    random_numbers,
    encoders,
    criteria,
    optimizers,
    trainings,
    measures,
    in_float64,
    studies,
)

if __name__ == "__main__":
    for group in GROUPS:
        if group.__name__ in sys.argv[1:] or len(sys.argv) == 1:
            for name, result in group():
                print(hashlib.sha256(b"".join(parts_of(result))).hexdigest()[:16], name, flush=True)
