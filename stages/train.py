"""Train the tagger with a loss and a seed, in one process or several, with locks, checkpoints, progress, tracking."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress

from tagger.core.common.errors import InputError
from tagger.core.common.processes import rank
from tagger.core.params.schema import Training
from tagger.runner.checkpoint import Checkpoint, training_key
from tagger.runner.locks import hold
from tagger.runner.progress import Progress
from tagger.runner.run_stage import end_with_the_stage
from tagger.runner.workers import choose_processes, workers
from tagger.tracking.training_run import TrainingRun
from tagger.train.process_group import RENDEZVOUS, joined
from tagger.train.trainer import Trainer, TrainingInputs, write_outputs


def main(loss: str, seed: str, written: Callable[[], None] = lambda: None) -> None:
    """Run the stage for this loss and seed; `written` is called once its outputs are written.

    The process of rank 0 writes everything; the others only compute.
    """
    training = Training.parse(loss, seed)
    if rank():
        if RENDEZVOUS in os.environ:  # otherwise torchrun has started it
            end_with_the_stage()
        _assist(TrainingInputs.load(training))
        return
    inputs = TrainingInputs.load(training)
    params = inputs.params.train
    processes = choose_processes(inputs.shards, len(inputs.train.forms) * params.epochs, inputs.device)
    key = training_key(inputs)
    with (
        hold(key, f"a training of {training} with the same params, data and code"),
        workers(processes, ("-m", "stages", "train", loss, seed)),
    ):
        checkpoint = Checkpoint(key, lambda state: Trainer(inputs).load_state_dict(state))
        progress = Progress(str(training), params.epochs)
        trainer = Trainer(inputs, progress.step)
        if checkpoint.trainer is not None:
            trainer.load_state_dict(checkpoint.trainer)
            print(f"{training}: resumed after epoch {len(trainer.history)} of {params.epochs}", file=sys.stderr)
        with TrainingRun(training, checkpoint.training, key, trainer.history) as run:
            with joined(inputs.device) as group:
                group.share(checkpoint.trainer)
                for epoch in trainer.epochs(group):
                    checkpoint.save(trainer.state_dict())
                    run.log_epoch(epoch)
                    progress.epoch(epoch)
            progress.close()
            write_outputs(trainer)
            written()
            checkpoint.finish(training)
            run.finish()


def _assist(inputs: TrainingInputs) -> None:
    trainer = Trainer(inputs)
    with joined(inputs.device) as group, suppress(InputError):  # rank 0 gets the same error, and reports it
        state = group.share(None)
        if state is not None:
            trainer.load_state_dict(state)
        for _ in trainer.epochs(group):
            pass
