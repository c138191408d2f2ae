"""Train the tagger with one loss, in one process or in several."""

from collections.abc import Callable
from contextlib import suppress

import torch

from tagger import paths
from tagger.checkpoint import Checkpoint, training_key
from tagger.device import choose_device
from tagger.dictionary import Dictionaries
from tagger.encoding import EncodedSplit
from tagger.errors import InputError
from tagger.locking import hold
from tagger.losses import loss_name
from tagger.model_folder import TrainedModel, write_model
from tagger.outputs import new_folder, write_json
from tagger.params import TrainView
from tagger.params_file import read_params
from tagger.process_group import joined
from tagger.progress import Progress
from tagger.report import write_history
from tagger.stage import rank
from tagger.tracking.training_run import TrainingRun
from tagger.training import Step, Trainer
from tagger.word_vectors import WordVectors
from tagger.workers import choose_processes, end_with_the_stage, workers


def main(name: str) -> None:
    """Run the stage for the loss of this name. The process of rank 0 keeps and writes; the others compute with it."""
    if rank():
        end_with_the_stage()
    params = read_params(TrainView)
    loss = loss_name(name)
    device = choose_device(params.device)
    dictionaries = Dictionaries.load(paths.DICTIONARIES)
    train, dev = EncodedSplit.load(paths.TRAIN), EncodedSplit.load(paths.DEV)
    vectors = WordVectors.load(paths.VECTORS, params.model.word_dim)
    processes = choose_processes(params.train.shards, len(train.forms) * params.train.epochs, device)

    def make_trainer(on_step: Callable[[Step], None] = lambda _: None) -> Trainer:
        return Trainer(
            loss=loss,
            seed=params.seed,
            model_params=params.model,
            params=params.train,
            dictionaries=dictionaries,
            train=train,
            dev=dev,
            device=device,
            vectors=vectors,
            on_step=on_step,
        )

    if rank():
        _compute(make_trainer(), device)
        return
    key = training_key(loss, params, paths.DICTIONARIES, (train, dev, vectors), device)
    with (
        hold(key, f"a training of {loss} with the same params, data and code"),
        workers(processes, ("-m", "stages", "train", loss)),
    ):
        checkpoint = Checkpoint(key)
        progress = Progress(loss, params.train.epochs)
        trainer = make_trainer(progress.step)
        if checkpoint.trainer is not None:
            trainer.load_state_dict(checkpoint.trainer)
            progress.resume(trainer.history)
        with TrainingRun(loss, checkpoint.training, key, trainer.history) as run:
            with joined(device) as group:
                group.share(checkpoint.trainer)
                for epoch in trainer.epochs(group):
                    checkpoint.save(trainer.state_dict())
                    run.log_epoch(epoch)
                    progress.epoch(epoch)
            progress.close()
            write_history(trainer.history, paths.history_file(loss))
            write_json(paths.summary_file(loss), {loss: trainer.summary()})
            with new_folder(paths.model_folder(loss)) as folder:
                write_model(TrainedModel(trainer.model, dictionaries), folder)
            checkpoint.finish(f"train@{loss}", [paths.history_file(loss), paths.summary_file(loss)])
            run.finish()


def _compute(trainer: Trainer, device: torch.device) -> None:
    with joined(device) as group, suppress(InputError):  # rank 0 comes to the same error, and says it
        state = group.share(None)
        if state is not None:
            trainer.load_state_dict(state)
        for _ in trainer.epochs(group):
            pass
