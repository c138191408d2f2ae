"""The LSTM of the default model alone: how close its matrix products come to the peak."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from bench.flops import TRAINING, model_flops
from tagger.core.common import paths
from tagger.core.corpus.batch_plan import plan_batches
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.network.batches import make_batch
from tagger.core.network.device import choose_device
from tagger.core.network.lstm_tagger import Lstm, reversal_of
from tagger.core.params.reader import read_params
from tagger.core.params.schema import TrainView

STEPS = 20  # words of a sentence


def measure_network(workspace: Path, seconds: float) -> dict[str, Any]:
    """Return the FLOPs of a token, and the FLOP/s of the first LSTM layer on one thread, forwards and in training.

    Args:
        workspace: where `prepare` has run.
        seconds: the time that each measurement may take.
    """
    params = read_params(TrainView, workspace / "params.yaml")
    choose_device("cpu")  # one thread, as everywhere in the tagger
    train = EncodedSplit.load(workspace / paths.TRAIN)
    counted = model_flops(params.model, len(train.tag_names))
    batches = [make_batch(train, numbers) for numbers in plan_batches(train.lengths, params.train.batch_tokens)]
    characters = sum(int(group.lengths.sum()) for batch in batches for group in batch.groups) / len(train.forms)

    width = params.model.word_dim + params.model.form_width
    layer = Lstm(width, params.model.hidden, params.model.bidirectional)
    sentences = max(1, params.train.batch_tokens // STEPS)
    inputs = torch.randn(STEPS, sentences, width, requires_grad=True)
    reversal = reversal_of(torch.full((sentences,), STEPS), STEPS)
    flops = sentences * STEPS * model_flops(params.model.model_copy(update={"layers": 1}), 1).lstm

    @torch.inference_mode()
    def forward() -> None:
        layer(inputs, reversal)

    def forward_and_backward() -> None:
        layer(inputs, reversal).sum().backward()

    return {
        "flops_a_token": {
            "lstm": counted.lstm,
            "characters": round(characters * counted.characters),  # once for each distinct word of a batch
            "linear": counted.linear,
        },
        "lstm_flops": {
            "training": TRAINING * flops / _time(forward_and_backward, seconds),
            "tagging": flops / _time(forward, seconds),
        },
    }


def _time(step: Callable[[], None], seconds: float) -> float:
    """Return the median time of a step."""
    step()
    times, end = list[float](), time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
