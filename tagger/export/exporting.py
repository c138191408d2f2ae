"""Handing out one of the trained models."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tagger.core.common import paths
from tagger.core.common.arrays import Probabilities
from tagger.core.common.errors import InputError
from tagger.core.common.files import write_json
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.network.model_folder import fingerprint, read_model
from tagger.core.params.schema import LossName
from tagger.evaluate.predictions import prediction_table
from tagger.export.onnx_weights import form_weights, onnx_file, tagger_weights, to_int8
from tagger.predict.export_folder import ExportConfig, ExportedModel, write_export
from tagger.predict.onnx_graphs import graphs_of
from tagger.predict.tagging import Tagger

TOLERANCE = 1e-5  # between probabilities of the trained and the exported model


class Agreement(NamedTuple):
    """How close the exported model is to what the trained one said of the test split."""

    tokens: int
    different_tags: int
    largest_difference: float  # of a probability


class Int8Loss(NamedTuple):
    """What computing in 8 bits costs on the test split."""

    accuracy: float
    exact_accuracy: float
    different_tags: int
    largest_difference: float  # of a probability


class Verification(NamedTuple):
    """What the comparison with the trained model gave."""

    exact: Agreement
    int8: Int8Loss | None  # of the tagger in 8 bits, where there is one

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return self.exact._asdict() | ({"int8": self.int8._asdict()} if self.int8 else {})


def choose_loss(wanted: str, losses: Sequence[LossName], summaries: Path) -> LossName:
    """Return the loss to export; `best` has the highest dev accuracy, and is the first listed where several have it.

    Args:
        wanted: `best` or the name of a loss.
        losses: those that were trained.
        summaries: the folder of the training summaries, `<loss>.json`.
    """
    if wanted != "best":
        return next(loss for loss in losses if loss == wanted)
    return max(losses, key=lambda loss: _read_accuracy(summaries / f"{loss}.json", loss))


def export_model(
    trained: Path, folder: Path, split: EncodedSplit, predictions: pd.DataFrame, int8: bool = False
) -> Verification:
    """Write a trained model as an export if that says of the test split what the trained one said.

    The words of the split go through the export as they would for a user, from their texts on.

    Args:
        trained: the model folder.
        folder: an empty one, for the export.
        split: the test split.
        predictions: what the trained model said of it.
        int8: put a tagger that computes in 8 bits beside the exact one.

    Raises:
        InputError: the two differ, the model folder is damaged, or the predictions are not of this split.
    """
    write_export(_build(trained, int8), folder)
    exact = _tag(folder, split)
    agreement = _compare(prediction_table(exact, split), predictions)
    if agreement.different_tags or not agreement.largest_difference <= TOLERANCE:  # also when it is no number
        raise InputError(
            f"{trained}: not exported: of {agreement.tokens} test tokens {agreement.different_tags} get another tag "
            f"from the export, and probabilities differ by up to {agreement.largest_difference:.1e}, "
            f"expected at most {TOLERANCE:.0e}"
        )
    loss = _int8_loss(exact, _tag(folder, split, int8=True), split) if int8 else None
    verification = Verification(agreement, loss)
    write_json(folder / paths.VERIFICATION.name, verification.document())
    return verification


def _build(trained: Path, int8: bool) -> ExportedModel:
    model, dictionaries = read_model(trained)
    weights = {"characters.onnx": form_weights(model), "tagger.onnx": tagger_weights(model)}
    weights["tagger.int8.onnx"] = to_int8(weights["tagger.onnx"])
    graphs = graphs_of(model.params, dictionaries, int8)
    return ExportedModel(
        ExportConfig(
            format="onnx-1",
            loss=model.loss_name,
            model=model.params,
            trained=fingerprint(trained),
            int8=int8,
            sha256={},
        ),
        dictionaries,
        {name: onnx_file(graph, weights[name]) for name, graph in graphs.items()},
    )


def _tag(folder: Path, split: EncodedSplit, int8: bool = False) -> Probabilities:
    words = [split.form_texts[form] for form in split.forms]
    sentences = (words[first:end] for first, end in pairwise(split.sentence_starts))
    return np.concatenate([tagged.distribution for tagged in Tagger(folder, int8=int8).tag(sentences)])


def _int8_loss(exact: Probabilities, rough: Probabilities, split: EncodedSplit) -> Int8Loss:
    tags, rough_tags = exact.argmax(axis=1), rough.argmax(axis=1)
    return Int8Loss(
        accuracy=round(float((rough_tags == split.tags).mean()), 6),
        exact_accuracy=round(float((tags == split.tags).mean()), 6),
        different_tags=int((tags != rough_tags).sum()),
        largest_difference=float(np.abs(exact - rough).max()),
    )


def _compare(exported: pd.DataFrame, predictions: pd.DataFrame) -> Agreement:
    columns = [name for name in exported.columns if name.startswith("p_")]
    if list(exported.columns) != list(predictions.columns) or not exported["word"].equals(predictions["word"]):
        raise InputError("the predictions are not of this model and test split; expected those of `evaluate`")
    difference = np.abs(exported[columns].to_numpy() - predictions[columns].to_numpy()).max()
    different = int((exported["predicted"] != predictions["predicted"]).sum())
    return Agreement(len(exported), different, float(difference))


def _read_accuracy(path: Path, loss: str) -> float:
    try:
        return float(json.loads(path.read_text(encoding="utf-8"))[loss]["best_dev_accuracy"])
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected the summary of the training") from None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: damaged: {error}") from None
