"""What the stages before the report have written about each loss."""

from typing import Any, NamedTuple, Self

import pandas as pd

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.common.files import read_json
from tagger.core.network.lstm_tagger import LstmTagger
from tagger.core.network.model_folder import fingerprint, read_model
from tagger.evaluate.metrics import tag_table
from tagger.evaluate.predictions import confusions, probabilities_of
from tagger.evaluate.tagged_split import TaggedSplit


class LossResult(NamedTuple):
    """The model of one loss, its training, and what it makes of the test split."""

    model: LstmTagger
    history: pd.DataFrame  # one row per epoch
    summary: dict[str, Any]  # of metrics/train
    evaluation: dict[str, Any]  # of metrics/evaluate
    detail: dict[str, Any]  # of metrics/detail
    tagged: TaggedSplit  # the test split
    confusions: pd.DataFrame  # tokens: gold tags are rows, predicted ones columns
    tags: pd.DataFrame  # precision, recall, F1 and support of each tag

    @classmethod
    def load(cls, loss: str, baseline: TaggedSplit) -> Self:
        """Read the result of a loss; the baseline is that of the test split.

        Raises:
            InputError: a file is missing or damaged, or the model is not the one that was evaluated.
        """
        folder = paths.model_folder(loss)
        model = read_model(folder).model
        detail = read_json(paths.detail_file(loss), "what `evaluate` writes")
        if fingerprint(folder) != detail["model"]:
            raise InputError(f"{folder}: is not the model that was evaluated; `dvc checkout` may bring it back")
        predictions = pd.read_parquet(paths.predictions_file(loss))
        tagged = TaggedSplit.of(probabilities_of(predictions), baseline.split, baseline.groups)
        return cls(
            model=model,
            history=pd.read_csv(paths.history_file(loss)),
            summary=read_json(paths.summary_file(loss), "what `train` writes")[loss],
            evaluation=read_json(paths.evaluation_file(loss), "what `evaluate` writes")[loss],
            detail=detail,
            tagged=tagged,
            confusions=confusions(predictions),
            tags=tag_table(tagged, baseline),
        )
