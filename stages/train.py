"""Train the tagger with one loss."""

from tagger import paths
from tagger.device import choose_device
from tagger.dictionary import Dictionaries
from tagger.encoding import EncodedSplit
from tagger.losses import loss_name
from tagger.model_folder import TrainedModel, write_model
from tagger.outputs import new_folder, write_json
from tagger.params import TrainView
from tagger.params_file import read_params
from tagger.progress import Progress
from tagger.report import write_history
from tagger.tracking import track_training
from tagger.training import Epoch, Trainer


def main(name: str) -> None:
    """Run the stage for the loss of this name."""
    params = read_params(TrainView)
    loss = loss_name(name)
    device = choose_device(params.device)
    dictionaries = Dictionaries.load(paths.DICTIONARIES)
    train, dev = EncodedSplit.load(paths.TRAIN), EncodedSplit.load(paths.DEV)
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
    history: list[Epoch] = []
    with track_training(loss, train, dev) as run:
        for epoch in trainer.epochs():
            history.append(epoch)
            run.log_epoch(epoch)
            progress.epoch(epoch)
        progress.close()
        write_history(history, paths.history_file(loss))
        write_json(paths.summary_file(loss), {loss: trainer.summary()})
        with new_folder(paths.model_folder(loss)) as folder:
            write_model(TrainedModel(trainer.model, dictionaries), folder)
        run.log_outputs()
