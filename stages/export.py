"""Hand out the model of the chosen loss, once it is shown to say what the trained one said."""

import pandas as pd

from tagger import paths
from tagger.encoding import EncodedSplit
from tagger.exporting import choose_loss, export_model
from tagger.params import ExportView
from tagger.params_file import read_params
from tagger.tracking.stages import track_export


def main() -> None:
    """Run the stage."""
    params = read_params(ExportView)
    loss = choose_loss(params.export.loss, params.losses, paths.SUMMARIES)
    test = EncodedSplit.load(paths.TEST)
    predictions = pd.read_parquet(paths.predictions_file(loss))
    agreement = export_model(paths.model_folder(loss), paths.EXPORT, test, predictions)
    print(f"exported {loss}: same tags for {agreement.tokens} test tokens as the trained model")
    track_export(loss)
