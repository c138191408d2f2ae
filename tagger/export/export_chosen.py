"""Export the model of the chosen loss, once it is shown to agree with the trained one."""

import pandas as pd

from tagger.core.common import paths
from tagger.core.common.files import new_folder, read_json
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ExportView
from tagger.export.exporting import choose_loss, export_model
from tagger.export.model_card import model_card


def export_chosen() -> None:
    """Run the stage."""
    params = read_params(ExportView)
    loss = choose_loss(params.export.loss, params.losses, paths.SUMMARIES)
    test = EncodedSplit.load(paths.TEST)
    predictions = pd.read_parquet(paths.predictions_file(loss))
    with new_folder(paths.EXPORT) as folder:
        verification = export_model(paths.model_folder(loss), folder, test, predictions, params.export.int8)
        survey = read_json(paths.SURVEY, "what `prepare` writes")
        evaluations = {
            name: read_json(paths.evaluation_file(name), "what `evaluate` writes")[name] for name in params.losses
        }
        card = model_card(loss, params, survey, evaluations, verification)
        (folder / paths.MODEL_CARD.name).write_text(card, encoding="utf-8", newline="\n")
    print(f"exported {loss}: same tags for {verification.tokens} test tokens as the trained model")
