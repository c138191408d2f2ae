"""The training of one model, from the files that it reads to those that it writes. It knows nothing of its watchers."""

import csv
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.common.files import new_file, new_folder, write_json
from tagger.core.network.model_folder import TrainedModel, write_model
from tagger.train.process_group import joined
from tagger.train.trainer import Epoch, Trainer
from tagger.train.training_inputs import TrainingInputs

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
    """Write the outputs of the stage, once all epochs are run."""
    loss = trainer.inputs.loss
    write_history(trainer.history, paths.history_file(loss))
    write_json(paths.summary_file(loss), {loss: trainer.summary()})
    with new_folder(paths.model_folder(loss)) as folder:
        write_model(TrainedModel(trainer.model, trainer.inputs.dictionaries), folder)


def write_history(epochs: Iterable[Epoch], path: Path) -> None:
    """Write one row per epoch as CSV. Times are left out: they would change the file from run to run."""
    with new_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(HISTORY_COLUMNS)
        for epoch in epochs:
            number, *values = epoch[: len(HISTORY_COLUMNS)]
            rows.writerow([number, *(f"{value:.6g}" for value in values)])
