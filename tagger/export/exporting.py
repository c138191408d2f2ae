"""Writing a trained model as an export, and verifying that both agree on the test split. N tokens, K tags."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tagger.core.common import paths
from tagger.core.common.arrays import Probabilities
from tagger.core.common.errors import InputError
from tagger.core.common.files import read_json, write_json
from tagger.core.common.rounding import six_places
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.network.model_folder import fingerprint, read_model
from tagger.evaluate.predictions import prediction_table, probabilities_of
from tagger.export.onnx_weights import form_weights, onnx_file, tagger_weights, to_int8
from tagger.predict.export_folder import FORMAT, ExportConfig, ExportedModel, write_export
from tagger.predict.onnx_graphs import graphs_of
from tagger.predict.tagging import Tagger

TOLERANCE = 1e-5  # between probabilities of the trained and the exported model


class Int8Loss(NamedTuple):
    """What computing in 8 bits costs on the test split."""

    accuracy: float
    exact_accuracy: float
    different_tags: int
    largest_difference: float  # of a probability


class Verification(NamedTuple):
    """How close the export is to the trained model on the test split."""

    tokens: int
    different_tags: int
    largest_difference: float  # of a probability
    int8: Int8Loss | None = None  # None if the export has no tagger in 8 bits

    def document(self) -> dict[str, Any]:
        """Return it for JSON; without 8 bits, it has no such key."""
        exact = {name: value for name, value in self._asdict().items() if name != "int8"}
        return exact | ({"int8": self.int8._asdict()} if self.int8 else {})


def choose_loss(wanted: str, losses: Sequence[str], summaries: Path) -> str:
    """Return the loss to export: the wanted one; for `best`, the first of those with the highest dev accuracy.

    Args:
        wanted: `best` or one of the losses.
        losses: those that were trained.
        summaries: the folder of the training summaries, `<loss>.json`.

    Raises:
        InputError: a summary is missing or damaged.
    """
    if wanted != "best":
        return wanted
    return max(losses, key=lambda loss: _dev_accuracy(summaries / f"{loss}.json", loss))


def _dev_accuracy(summary: Path, loss: str) -> float:
    document = read_json(summary, "what `train` writes")
    try:
        return float(document[loss]["best_dev_accuracy"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{summary}: damaged: {error}") from None


def export_model(
    trained: Path, folder: Path, split: EncodedSplit, predictions: pd.DataFrame, int8: bool = False
) -> Verification:
    """Write a trained model as an export, provided that both agree on the test split.

    The words of the split go through the export as a user's would, starting from their texts.

    Args:
        trained: the model folder.
        folder: an empty one, for the export.
        split: the test split.
        predictions: the trained model's, as `prediction_table` makes them.
        int8: add a tagger that computes in 8 bits.

    Raises:
        InputError: the two differ, the model folder is damaged, or the predictions are not of this split.
    """
    write_export(_build(trained, int8), folder)
    exact = _tag(folder, split)
    verification = _compare(exact, split, predictions)
    tokens, different, largest, _ = verification
    if different or not largest <= TOLERANCE:  # also refuses NaN
        raise InputError(
            f"{trained}: not exported: of {tokens} test tokens {different} get another tag from the export, "
            f"and probabilities differ by up to {largest:.1e}, expected at most {TOLERANCE:.0e}"
        )
    if int8:
        verification = verification._replace(int8=_int8_loss(exact, _tag(folder, split, int8=True), split))
    write_json(folder / paths.VERIFICATION.name, verification.document())
    return verification


def _build(trained: Path, int8: bool) -> ExportedModel:
    model, dictionaries = read_model(trained)
    config = ExportConfig(
        format=FORMAT, loss=model.loss_name, model=model.params, trained=fingerprint(trained), int8=int8, sha256={}
    )
    weights = {"characters.onnx": form_weights(model), "tagger.onnx": tagger_weights(model)}
    weights["tagger.int8.onnx"] = to_int8(weights["tagger.onnx"])
    graphs = graphs_of(model.params, dictionaries, int8)
    try:
        files = {name: onnx_file(declared, weights[name]) for name, declared in graphs.items()}
    except ValueError as error:
        raise InputError(f"{trained}: not exported: {error}") from None
    return ExportedModel(config, dictionaries, files)


def _tag(folder: Path, split: EncodedSplit, int8: bool = False) -> Probabilities:
    """Return what the export says of each token: (N, K)."""
    words = [split.form_texts[form] for form in split.forms]
    sentences = (words[first:end] for first, end in pairwise(split.sentence_starts))
    return np.concatenate([tagged.distribution for tagged in Tagger(folder, int8=int8).tag(sentences)])


def _compare(exact: Probabilities, split: EncodedSplit, predictions: pd.DataFrame) -> Verification:
    exported = prediction_table(exact, split)
    if list(exported.columns) != list(predictions.columns) or not exported["word"].equals(predictions["word"]):
        raise InputError("the predictions are not of this model and test split; expected those of `evaluate`")
    return Verification(
        tokens=len(exported),
        different_tags=int((exported["predicted"] != predictions["predicted"]).sum()),
        largest_difference=float(np.abs(exact - probabilities_of(predictions)).max()),
    )


def _int8_loss(exact: Probabilities, rough: Probabilities, split: EncodedSplit) -> Int8Loss:
    exact_tags, rough_tags = exact.argmax(axis=1), rough.argmax(axis=1)
    return Int8Loss(
        accuracy=six_places(float((rough_tags == split.tags).mean())),
        exact_accuracy=six_places(float((exact_tags == split.tags).mean())),
        different_tags=int((exact_tags != rough_tags).sum()),
        largest_difference=float(np.abs(exact - rough).max()),
    )
