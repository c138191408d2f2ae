"""Train the tagger with one loss."""

from tagger import paths
from tagger.checkpoint import Checkpoint, training_key
from tagger.device import choose_device
from tagger.dictionary import Dictionaries
from tagger.encoding import EncodedSplit
from tagger.locking import hold
from tagger.losses import loss_name
from tagger.model_folder import TrainedModel, write_model
from tagger.outputs import new_folder, write_json
from tagger.params import TrainView
from tagger.params_file import read_params
from tagger.progress import Progress
from tagger.report import write_history
from tagger.tracking.training_run import TrainingRun
from tagger.training import Trainer


def main(name: str) -> None:
    """Run the stage for the loss of this name."""
    params = read_params(TrainView)
    loss = loss_name(name)
    device = choose_device(params.device)
    dictionaries = Dictionaries.load(paths.DICTIONARIES)
    train, dev = EncodedSplit.load(paths.TRAIN), EncodedSplit.load(paths.DEV)
    key = training_key(loss, params, paths.DICTIONARIES, (train, dev), device)
    with hold(key, f"a training of {loss} with the same params, data and code"):
        checkpoint = Checkpoint(key)
        progress = Progress(loss, params.train.epochs)
        trainer = Trainer(
            loss=loss,
            seed=params.seed,
            model_params=params.model,
            params=params.train,
            dictionaries=dictionaries,
            train=train,
            dev=dev,
            device=device,
            on_step=progress.step,
        )
        if checkpoint.trainer is not None:
            trainer.load_state_dict(checkpoint.trainer)
            progress.resume(trainer.history)
        with TrainingRun(loss, checkpoint.training, key, trainer.history) as run:
            for epoch in trainer.epochs():
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
