"""The results of each training, as earlier stages have written them."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import pandas as pd

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.common.files import read_json
from tagger.core.network.lstm_tagger import LstmTagger
from tagger.core.network.model_folder import fingerprint, read_model
from tagger.core.params.schema import Training
from tagger.evaluate.metrics import tag_table
from tagger.evaluate.predictions import confusions, probabilities_of
from tagger.evaluate.tagged_split import TaggedSplit


class Result(NamedTuple):
    """The model of one training, its history, and what it makes of the test split."""

    model: LstmTagger
    history: pd.DataFrame  # one row per epoch
    summary: dict[str, Any]  # of metrics/train
    evaluation: dict[str, Any]  # of metrics/evaluate
    detail: dict[str, Any]  # of metrics/detail
    tagged: TaggedSplit  # the test split
    confusions: pd.DataFrame  # tokens: gold tags are rows, predicted ones columns
    tags: pd.DataFrame  # precision, recall, F1 and support of each tag

    @classmethod
    def load(cls, training: Training, baseline: TaggedSplit) -> Self:
        """Read the result of a training; the baseline is that of the test split.

        Raises InputError if a file is missing or damaged, or the model is not the one that was evaluated.
        """
        folder = paths.model_folder(*training)
        model = read_model(folder).model
        detail = read_json(paths.detail_file(*training), "the output of `evaluate`")
        if fingerprint(folder) != detail["model"]:
            raise InputError(f"{folder}: is not the model that was evaluated; `dvc checkout` may bring it back")
        predictions = pd.read_parquet(paths.predictions_file(*training))
        tagged = TaggedSplit.of(probabilities_of(predictions), baseline.split, baseline.groups)
        return cls(
            model=model,
            history=pd.read_csv(paths.history_file(*training)),
            summary=read_json(paths.summary_file(*training), "the output of `train`"),
            evaluation=read_json(paths.evaluation_file(*training), "the output of `evaluate`"),
            detail=detail,
            tagged=tagged,
            confusions=confusions(predictions),
            tags=tag_table(tagged, baseline),
        )


Results = Mapping[str, Mapping[int, Result]]  # loss -> seed -> result


def first_seeds(results: Results) -> dict[str, Result]:
    """Return the result of each loss with its first seed, which represents it where a single model is shown."""
    return {loss: next(iter(seeds.values())) for loss, seeds in results.items()}
