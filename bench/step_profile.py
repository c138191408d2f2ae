"""Where the time of a step of training goes, in one process: `python -m bench.step_profile lstm-tagger-6`.

It trains on data/prepared, so `prepare` has to have run.
"""

import sys
import time
from contextlib import suppress
from typing import NamedTuple

import click
from torch.profiler import profile

from bench.contestants import CONTESTANTS, OURS
from tagger.core.common import arithmetic, paths
from tagger.core.common.errors import InputError
from tagger.core.corpus.dictionary import Dictionaries
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.network.device import choose_device
from tagger.core.params.reader import read_params
from tagger.core.params.schema import Training, TrainView
from tagger.train.trainer import Step, Trainer, TrainingInputs

WARM_UP, MEASURED, SHOWN = 5, 40, 8  # steps, steps, operators
CHOICES = [name for name, entry in CONTESTANTS.items() if entry.changes is not None]


class StepProfile(NamedTuple):
    """The mean of some steps."""

    milliseconds: float  # of a step, the profiler's own time included
    tokens: float  # of a step
    operators: dict[str, float]  # milliseconds of a step in each of PyTorch's operators, the longest first


class _EnoughError(Exception):
    """As many steps were measured as were wanted."""


def profile_steps(params: TrainView) -> StepProfile:
    """Train for some steps, fewer if the epoch ends before; return where their time went.

    Raises InputError if nothing is prepared, or an epoch is too short.
    """
    profiler = profile()
    steps, tokens, start, end = 0, 0, 0.0, 0.0

    def watch(step: Step) -> None:
        nonlocal steps, tokens, start, end
        if step.steps <= WARM_UP:
            raise InputError(
                f"{paths.TRAIN}: {step.steps} steps in an epoch, expected more than the {WARM_UP} that are not measured"
            )
        if step.done == WARM_UP:
            profiler.start()
            start = time.perf_counter()
        if step.done <= WARM_UP:
            return
        steps, tokens = steps + 1, tokens + step.tokens
        if step.done == min(step.steps, WARM_UP + MEASURED):
            end = time.perf_counter()
            profiler.stop()
            raise _EnoughError

    dictionaries, device = Dictionaries.load(paths.DICTIONARIES), choose_device("cpu")
    train, dev = (EncodedSplit.load(path) for path in (paths.TRAIN, paths.DEV))
    with suppress(_EnoughError):
        next(Trainer(TrainingInputs(Training("nll", 1), params, device, dictionaries, train, dev), watch).epochs())
    times = {event.key: event.self_cpu_time_total / 1000 / steps for event in profiler.key_averages()}
    longest = dict(sorted(times.items(), key=lambda item: item[1], reverse=True))
    return StepProfile(1000 * (end - start) / steps, tokens / steps, longest)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name", type=click.Choice(CHOICES), default=OURS)
def main(name: str) -> None:
    """Print where the time of a step goes, of one of ours that the benchmark measures."""
    params = read_params(TrainView)
    arithmetic.use(params.arithmetic)
    changes = CONTESTANTS[name].changes or {}
    model = params.model.model_copy(update=dict(changes.get("model", {})))
    train = params.train.model_copy(update=dict(changes.get("train", {})))
    found = profile_steps(params.model_copy(update={"model": model, "train": train}))
    click.echo(f"{found.milliseconds:.1f} ms per step of {found.tokens:,.0f} tokens, in one process; of these")
    shown = dict(list(found.operators.items())[:SHOWN])
    rows = shown | {
        "PyTorch's other operators": sum(found.operators.values()) - sum(shown.values()),
        "Python, NumPy": found.milliseconds - sum(found.operators.values()),
    }
    for what, milliseconds in rows.items():
        click.echo(f"{100 * milliseconds / found.milliseconds:5.1f} %  {milliseconds:7.2f} ms  {what}")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
