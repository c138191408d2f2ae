"""The training of one model, from the files that it reads to those that it writes. It knows nothing of its watchers."""

import csv
from contextlib import suppress

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.common.files import new_file, new_folder, write_json
from tagger.core.network.model_folder import TrainedModel, write_model
from tagger.train.process_group import joined
from tagger.train.trainer import Trainer, TrainingInputs

HISTORY_COLUMNS = ("epoch", "learning_rate", "train_loss", "dev_loss", "dev_accuracy")


def assist_training(inputs: TrainingInputs) -> None:
    """Compute the share of this process in a training that the process of rank 0 runs, watches and writes."""
    trainer = Trainer(inputs)
    with joined(inputs.device) as group, suppress(InputError):  # rank 0 gets the same error, and reports it
        state = group.share(None)
        if state is not None:
            trainer.load_state_dict(state)
        for _ in trainer.epochs(group):
            pass


def write_outputs(trainer: Trainer) -> None:
    """Write the outputs of the stage, once all epochs are run: history, summary and model.

    The history has one row per epoch, without its times: they would change the file from run to run.
    """
    loss = trainer.inputs.loss
    with new_file(paths.history_file(loss)) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(HISTORY_COLUMNS)
        rows.writerows([f"{value:.6g}" for value in epoch[: len(HISTORY_COLUMNS)]] for epoch in trainer.history)
    write_json(paths.summary_file(loss), {loss: trainer.summary()})
    with new_folder(paths.model_folder(loss)) as folder:
        write_model(TrainedModel(trainer.model, trainer.inputs.dictionaries), folder)
