"""Handing out one of the trained models."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from tagger import paths
from tagger.device import choose_device
from tagger.encoding import EncodedSplit
from tagger.errors import InputError
from tagger.inference import tag_probabilities
from tagger.model_folder import read_model, write_model
from tagger.outputs import new_folder, write_json
from tagger.params import LossName
from tagger.predictions import prediction_table

TOLERANCE = 1e-5  # between probabilities of the trained and the exported model


class Agreement(NamedTuple):
    """How close the exported model is to what the trained one said of the test split."""

    tokens: int
    different_tags: int
    largest_difference: float  # of a probability


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


def export_model(trained: Path, target: Path, split: EncodedSplit, predictions: pd.DataFrame) -> Agreement:
    """Write the model to the target folder if it says of the split what the trained model said.

    Raises:
        InputError: the two differ, the model folder is damaged, or the predictions are not of this split. The earlier
            export stays.
    """
    device = choose_device("cpu")
    with new_folder(target) as partial:
        write_model(read_model(trained), partial)
        exported = prediction_table(tag_probabilities(read_model(partial).model, split, device), split)
        agreement = _compare(exported, predictions)
        if agreement.different_tags or not agreement.largest_difference <= TOLERANCE:  # also when it is no number
            raise InputError(
                f"{target}: not written: of {agreement.tokens} test tokens {agreement.different_tags} get another tag "
                f"than from {trained}, and probabilities differ by up to {agreement.largest_difference:.1e}, "
                f"expected at most {TOLERANCE:.0e}"
            )
        write_json(partial / paths.VERIFICATION.name, agreement._asdict())
    return agreement


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
