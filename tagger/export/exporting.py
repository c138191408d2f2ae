"""The stage `export`: write a trained model as ONNX, and verify that both agree on the test split."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tagger.core.common import arithmetic, paths
from tagger.core.common.arrays import Probabilities
from tagger.core.common.errors import InputError
from tagger.core.common.files import new_folder, read_json, reading, write_json
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import WordGroups
from tagger.core.corpus.span_tags import best_tags
from tagger.core.network.device import choose_device
from tagger.core.network.lstm_tagger import tag_scores
from tagger.core.network.model_config import write_config
from tagger.core.network.model_folder import fingerprint, read_model
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ExportView, Training
from tagger.evaluate.metrics import score
from tagger.evaluate.predictions import prediction_table, probabilities_of
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.export.calibration import fit_temperature, tempered
from tagger.export.model_card import model_card
from tagger.export.onnx_weights import form_weights, onnx_file, tagger_weights, to_int8
from tagger.predict.export_folder import FORMAT, ExportConfig
from tagger.predict.onnx_graphs import graphs_of
from tagger.predict.tagging import Tagger

TOLERANCE = 1e-5  # between probabilities of the trained and the exported model, whose rounding depends on the processor


def export_chosen() -> None:
    """Run the stage."""
    params = read_params(ExportView)
    arithmetic.check(params.arithmetic)
    chosen = choose_training(params.export.loss, params.trainings)
    test, dev = EncodedSplit.load(paths.TEST), EncodedSplit.load(paths.DEV) if params.export.calibrate else None
    predictions = pd.read_parquet(paths.predictions_file(*chosen))
    with new_folder(paths.EXPORT) as folder:
        trained = paths.model_folder(*chosen)
        verification = export_model(trained, folder, test, predictions, int8=params.export.int8, dev=dev)
        survey = read_json(paths.SURVEY, "the output of `prepare`")
        files = {each: paths.evaluation_file(*each) for each in params.trainings}
        evaluations = {each: read_json(file, "the output of `evaluate`") for each, file in files.items()}
        card = model_card(chosen, params, survey, evaluations, verification)
        (folder / paths.MODEL_CARD.name).write_text(card, encoding="utf-8", newline="\n")
        one_of = f", seed {chosen.seed}, the best on dev of {seeds} seeds" if (seeds := len(params.seeds)) > 1 else ""
        same = f"at temperature {verification['temperature']}: same tags for {verification['tokens']} test tokens"
        print(f"exported {chosen.loss}{one_of}, {same}")
        if params.export.int8:
            print(cost_of_int8(folder, test))


def choose_training(wanted: str, trainings: Sequence[Training]) -> Training:
    """Return the first of the trainings with the highest dev accuracy: of the wanted loss, or of all for `best`.

    Raises InputError if the summary of a training is missing or damaged.
    """

    def dev_accuracy(training: Training) -> float:
        summary, expected = paths.summary_file(*training), "the output of `train`"
        with reading(summary, expected):
            return float(read_json(summary, expected)["best_dev_accuracy"])

    return max((each for each in trainings if wanted in ("best", each.loss)), key=dev_accuracy)


def export_model(
    trained: Path, folder: Path, split: EncodedSplit, predictions: pd.DataFrame, *, int8: bool, dev: EncodedSplit | None
) -> dict[str, Any]:
    """Write a trained model as an export, calibrated on `dev` if given, provided that both agree on the test split.

    The export tags the split from its text, as a user would; the predictions are those of the trained model. The result
    is also written to `verification.json`: all probabilities are equal within `tolerance` once `temperature` is undone;
    `calibrated` has the metrics that it changes. Raises InputError if the two differ, the model folder is damaged, or
    the predictions are not of this split.
    """
    temperature = _write_model(trained, folder, int8, dev)
    probabilities = _tag(folder, split)
    exported = prediction_table(probabilities, split)
    if list(exported.columns) != list(predictions.columns) or not exported["word"].equals(predictions["word"]):
        raise InputError("the predictions are not of this model and test split; expected the output of `evaluate`")
    tokens, different = len(exported), int((exported["predicted"] != predictions["predicted"]).sum())
    raw = probabilities_of(predictions)
    largest = float(np.abs(tempered(probabilities, 1 / temperature) - raw).max())
    if different or not largest <= TOLERANCE:  # also refuses NaN
        raise InputError(
            f"{trained}: not exported: the export tags {different} of {tokens} test tokens differently, "
            f"and probabilities differ by up to {largest:.1e}, expected at most {TOLERANCE:.0e}"
        )
    groups = WordGroups(*[np.zeros_like(split.tagged)] * 3)  # not used: a temperature changes no accuracy
    metrics = score(TaggedSplit.of(tempered(raw, temperature), split, groups))
    verification = {
        "tokens": tokens,
        "different_tags": different,
        "tolerance": TOLERANCE,
        "temperature": temperature,
        "calibrated": {name: metrics[name] for name in ("nll", "brier", "ece")},
    }
    write_json(folder / paths.VERIFICATION.name, verification)
    return verification


def cost_of_int8(folder: Path, split: EncodedSplit) -> str:
    """Say how exact the 8-bit tagger of an export is: no output, as the rounding depends on the processor."""
    exact, rough = (_tag(folder, split, int8=each) for each in (False, True))
    exact_tags, rough_tags = (best_tags(part, split.lengths, split.may_follow) for part in (exact, rough))
    accuracies = [f"{100 * (tags == split.tags)[split.tagged].mean():.2f} %" for tags in (rough_tags, exact_tags)]
    different, largest = int((exact_tags != rough_tags).sum()), np.abs(exact - rough).max()
    return (
        f"in 8 bits: accuracy {accuracies[0]} instead of {accuracies[1]}; {different} tokens get another tag, "
        f"probabilities differ by up to {largest:.2g}"
    )


def _write_model(trained: Path, folder: Path, int8: bool, dev: EncodedSplit | None) -> float:
    """Write all that is needed to use the export; return its temperature, which the last layer is divided by."""
    model, dictionaries = read_model(trained)
    temperature = fit_temperature(tag_scores(model, dev, choose_device("cpu")), dev) if dev else 1.0
    for parameter in model.linear.parameters():
        parameter.data /= temperature
    weights = {"characters.onnx": form_weights(model), "tagger.onnx": tagger_weights(model)}
    weights["tagger.int8.onnx"] = to_int8(weights["tagger.onnx"])
    dictionaries.save(folder, affixes=model.params.affix_dim > 0)
    for name, declared in graphs_of(model.params, dictionaries, int8).items():
        try:
            (folder / name).write_bytes(onnx_file(declared, weights[name]))
        except ValueError as error:
            raise InputError(f"{trained}: not exported: {error}") from None
    config = ExportConfig(
        format=FORMAT, loss=model.loss_name, model=model.params, trained=fingerprint(trained), int8=int8, sha256={}
    )
    write_config(folder, config.model_dump())
    return temperature


def _tag(folder: Path, split: EncodedSplit, int8: bool = False) -> Probabilities:
    """Return what the export says of each token: (N, K)."""
    words = [split.form_texts[form] for form in split.forms]
    sentences = (words[first:end] for first, end in pairwise(split.sentence_starts))
    return np.concatenate([tagged.distribution for tagged in Tagger(folder, int8=int8).tag(sentences)])
