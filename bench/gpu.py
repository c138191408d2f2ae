"""How fast a GPU trains and tags, and whether it gives the same bytes and tags: `python -m bench.gpu`.

It reads params.yaml and data/prepared, so `prepare` has to have run, and needs a torch with CUDA.
"""

import hashlib
import statistics
import sys
import time
import warnings
from collections import Counter
from itertools import islice
from pathlib import Path

import click
import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from bench.report import table
from tagger.core.common import paths
from tagger.core.common.arrays import Probabilities
from tagger.core.common.errors import InputError
from tagger.core.corpus.dictionary import Dictionaries
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.network.device import choose_device
from tagger.core.network.lstm_tagger import LstmTagger, tag_probabilities
from tagger.core.params.reader import read_params
from tagger.core.params.schema import Device, Training, TrainView
from tagger.train.trainer import Trainer, TrainingInputs

SETTINGS: dict[str, dict[str, int]] = {  # changes in the section `train`
    "params.yaml": {},
    "batches of 8,000 tokens": {"batch_tokens": 8000, "min_batches": 1, "shards": 1},
    "batches of 32,000 tokens": {"batch_tokens": 32_000, "min_batches": 1, "shards": 1},
}
HEAD = ("training with", "tokens/s", "busy", "best dev accuracy")
PASSES = 5  # over the test split


def load(device: Device, changes: dict[str, int]) -> TrainingInputs:
    """Read what a training with the first seed reads. Raises InputError if nothing is prepared, or there is no GPU."""
    params = read_params(TrainView)
    params = params.model_copy(update={"train": params.train.model_copy(update=changes | {"patience": 0})})
    dictionaries, chosen = Dictionaries.load(paths.DICTIONARIES), choose_device(device)
    train, dev = (EncodedSplit.load(path) for path in (paths.TRAIN, paths.DEV))
    return TrainingInputs(Training("nll", 1), params, chosen, dictionaries, train, dev)


def train_row(name: str, inputs: TrainingInputs) -> tuple[list[str], LstmTagger]:
    """Train to the end; return a row of the table, and the model. The first epoch warms up, and its rate is left out.

    The device is busy while a kernel runs on it: a share of the last epoch's time.
    """
    epochs, trainer, kind = inputs.params.train.epochs, Trainer(inputs), inputs.device.type
    running = trainer.epochs()
    done = list(islice(running, epochs - 1))  # fewer if the loss is no longer a number
    start = time.perf_counter()
    with profile(activities=[ProfilerActivity.CUDA if kind == "cuda" else ProfilerActivity.CPU]) as profiler:
        done += running  # the last one
    seconds = time.perf_counter() - start
    own = "self_device_time_total" if kind == "cuda" else "self_cpu_time_total"  # microseconds
    busy = sum(getattr(event, own) for event in profiler.key_averages()) / 1_000_000 / seconds
    rate = statistics.median(epoch.tokens_per_second for epoch in done[1:-1] or done)
    best = max(epoch.dev_accuracy for epoch in done)
    return [name, f"{rate:,.0f}", f"{busy:.0%}", f"{best:.2%}"], trainer.model


def waits_of(inputs: TrainingInputs) -> str:
    """Return how often the CPU waits for the GPU in the steps of an epoch, with the places, by PyTorch's warnings."""
    if inputs.device.type != "cuda":
        return "only a GPU tells"
    trainer = Trainer(inputs, lambda step: torch.cuda.set_sync_debug_mode("warn" if step.done < step.steps else 0))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        next(trainer.epochs())
    places = Counter(f"{Path(each.filename).name}:{each.lineno}" for each in caught)
    return ", ".join(f"{place} {amount} times" for place, amount in places.most_common()) or "never"


def weights_after_an_epoch(inputs: TrainingInputs) -> str:
    """Return the SHA-256 of the weights after one epoch."""
    trainer = Trainer(inputs)
    next(trainer.epochs())
    weights = [value.cpu().numpy().tobytes() for value in trainer.model.state_dict().values()]
    return hashlib.sha256(b"".join(weights)).hexdigest()


def tag(model: LstmTagger, split: EncodedSplit, device: Device) -> tuple[Probabilities, float]:
    """Tag a split several times, the first to warm up; return the probabilities, and the median words per second."""
    rates, chosen = list[float](), choose_device(device)
    model.to(chosen)
    for _ in range(1 + PASSES):
        start = time.perf_counter()
        found = tag_probabilities(model, split, chosen)
        rates.append(len(split.forms) / (time.perf_counter() - start))
    return found, statistics.median(rates[1:])


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--device", type=click.Choice(["cuda", "cpu"]), default="cuda", help="cpu: to try the script.")
def main(device: Device) -> None:
    """Print tokens a second and dev accuracy with several batch sizes, then what tagging in torch reaches."""
    name = torch.cuda.get_device_name() if device == "cuda" and torch.cuda.is_available() else "the processor"
    inputs = {setting: load(device, changes) for setting, changes in SETTINGS.items()}
    found = [train_row(setting, of_setting) for setting, of_setting in inputs.items()]
    click.echo(f"{name}, torch {torch.__version__}, {len(inputs['params.yaml'].train.forms):,} training tokens")
    click.echo(table([HEAD, *(row for row, _ in found)]))
    click.echo(f"a step waits for the GPU: {waits_of(inputs['params.yaml'])}")
    hashes = {weights_after_an_epoch(inputs["params.yaml"]) for _ in range(2)}
    click.echo(f"two trainings of an epoch: {'the same bytes' if len(hashes) == 1 else 'other bytes'}")
    model, test = found[0][1], EncodedSplit.load(paths.TEST)
    (own, rate), (exact, cpu_rate) = (tag(model, test, each) for each in (device, "cpu"))
    equal = float(np.mean(own.argmax(axis=1) == exact.argmax(axis=1)))
    click.echo(f"tagging: {rate:,.0f} words/s; on one core {cpu_rate:,.0f}, with the same tags for {equal:.3%}")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
