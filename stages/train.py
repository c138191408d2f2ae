"""Train the tagger with one loss, in one process or in several, with locks, checkpoints, progress and tracking."""

import sys

from tagger.core.common.processes import rank
from tagger.runner.checkpoint import Checkpoint, training_key
from tagger.runner.locks import hold
from tagger.runner.progress import Progress
from tagger.runner.workers import choose_processes, end_with_the_stage, workers
from tagger.tracking.hooks import open_training_run
from tagger.train.process_group import joined
from tagger.train.train_model import assist_training, write_outputs
from tagger.train.trainer import Trainer, TrainingInputs


def main(name: str) -> None:
    """Run the stage for the loss of this name. The process of rank 0 keeps and writes; the others compute with it."""
    inputs = TrainingInputs.load(name)
    if rank():
        end_with_the_stage()
        assist_training(inputs)
        return
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
            done = len(trainer.history)
            print(f"{loss}: epochs 1-{done} of {params.epochs} were run before", file=sys.stderr, flush=True)
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
