"""Train the tagger with one loss, in one process or in several, with locks, checkpoints, progress and tracking."""

import sys
from contextlib import suppress

from tagger.core.common.errors import InputError
from tagger.core.common.processes import rank
from tagger.runner.checkpoint import Checkpoint, training_key
from tagger.runner.locks import hold
from tagger.runner.progress import Progress
from tagger.runner.workers import choose_processes, end_with_the_stage, workers
from tagger.tracking.hooks import open_training_run
from tagger.train.process_group import joined
from tagger.train.trainer import Trainer, TrainingInputs, write_outputs


def main(name: str) -> None:
    """Run the stage for the loss of this name. The process of rank 0 keeps and writes; the others compute with it."""
    if rank():
        end_with_the_stage()
        _assist(TrainingInputs.load(name))
        return
    inputs = TrainingInputs.load(name)
    loss, params = inputs.loss, inputs.params.train
    processes = choose_processes(params.shards, len(inputs.train.forms) * params.epochs, inputs.device)
    key = training_key(inputs)
    with (
        hold(key, f"a training of {loss} with the same params, data and code"),
        workers(processes, ("-m", "stages", "train", loss)),
    ):
        checkpoint = Checkpoint(key)
        progress = Progress(loss, params.epochs)
        trainer = Trainer(inputs, progress.step)
        if checkpoint.trainer is not None:
            trainer.load_state_dict(checkpoint.trainer)
            print(f"{loss}: epochs 1-{len(trainer.history)} of {params.epochs} were run before", file=sys.stderr)
        with open_training_run(loss, checkpoint.training, key, trainer.history) as run:
            with joined(inputs.device) as group:
                group.share(checkpoint.trainer)
                for epoch in trainer.epochs(group):
                    checkpoint.save(trainer.state_dict())
                    run.log_epoch(epoch)
                    progress.epoch(epoch)
            progress.close()
            write_outputs(trainer)
            checkpoint.finish(loss)
            run.finish()


def _assist(inputs: TrainingInputs) -> None:
    trainer = Trainer(inputs)
    with joined(inputs.device) as group, suppress(InputError):  # rank 0 gets the same error, and reports it
        state = group.share(None)
        if state is not None:
            trainer.load_state_dict(state)
        for _ in trainer.epochs(group):
            pass
