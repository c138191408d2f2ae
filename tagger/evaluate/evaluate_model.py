"""Measure the model of one training on the test split and keep its probabilities."""

from tagger.core.common import arithmetic, paths
from tagger.core.common.files import new_file, write_json
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.network.device import choose_device
from tagger.core.network.lstm_tagger import tag_probabilities
from tagger.core.network.model_folder import fingerprint, read_model
from tagger.core.params.reader import read_params
from tagger.core.params.schema import EvaluateView, Training
from tagger.evaluate.detail import evaluation_detail
from tagger.evaluate.metrics import score, tag_table
from tagger.evaluate.predictions import prediction_table
from tagger.evaluate.tagged_split import TaggedSplit


def evaluate_model(training: Training) -> None:
    """Run the stage for one training."""
    params = read_params(EvaluateView)
    device = choose_device(params.device)
    arithmetic.check(params.arithmetic, device.type)
    folder = paths.model_folder(*training)
    model, dictionaries = read_model(folder)
    sizes = dictionaries.sizes[: 3 if model.params.affix_dim else 2]
    train, test = (EncodedSplit.load(path, sizes) for path in (paths.TRAIN, paths.TEST))
    baseline = TaggedSplit.baseline(train, test)
    tagged = TaggedSplit.of(tag_probabilities(model.to(device), test, device), test, baseline.groups)
    with new_file(paths.predictions_file(*training)) as partial:
        prediction_table(tagged.probabilities, test).to_parquet(partial, index=False)
    with new_file(paths.tags_file(*training)) as partial:
        tag_table(tagged, baseline).to_csv(partial, index=False, lineterminator="\n")
    detail = {"loss": training.loss, "seed": training.seed, "model": fingerprint(folder)} | evaluation_detail(tagged)
    write_json(paths.detail_file(*training), detail)
    write_json(paths.evaluation_file(*training), score(tagged))
