"""Measure the model of one loss on the test split and keep its probabilities."""

from tagger import paths
from tagger.device import choose_device
from tagger.dictionary import UNKNOWN
from tagger.encoding import EncodedSplit
from tagger.inference import tag_probabilities
from tagger.losses import loss_name
from tagger.model_folder import read_model
from tagger.outputs import new_file, write_json
from tagger.params import EvaluateView
from tagger.params_file import read_params
from tagger.report import write_table
from tagger.scoring import prediction_table, score, tag_table
from tagger.tracking.stages import track_evaluation


def main(name: str) -> None:
    """Run the stage for the loss of this name."""
    params = read_params(EvaluateView)
    loss = loss_name(name)
    device = choose_device(params.device)
    model, _ = read_model(paths.model_folder(loss))
    test = EncodedSplit.load(paths.TEST)
    probabilities = tag_probabilities(model.to(device), test, device)
    metrics = score(probabilities, test, unknown=test.form_words[test.forms] == UNKNOWN)
    with new_file(paths.predictions_file(loss)) as partial:
        prediction_table(probabilities, test).to_parquet(partial, index=False)
    write_table(tag_table(probabilities, test), paths.tags_file(loss))
    write_json(paths.evaluation_file(loss), {loss: metrics})
    track_evaluation(loss)
