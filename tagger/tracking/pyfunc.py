"""The tagger as MLflow loads it: this file is run by MLflow, from the copy that lies beside the logged model."""

import inspect
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc import PythonModel, PythonModelContext, scoring_server

from tagger.core.common.errors import InputError
from tagger.predict.sentences import read_sentences
from tagger.predict.tagging import Tagger

COLUMN = "sentence"
UNNAMED = ([0], ["0"])  # the columns of a table that was a list, or came from Spark


class TaggerModel(PythonModel):  # type: ignore[misc]
    """Takes sentences, each a string or a list of words; gives a row a sentence: words, tags, their probabilities."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the model folder among the artifacts, and have MLflow's server read requests as they should be."""
        # It would make a NumPy array of "inputs" and "instances": lists of words of several lengths do not fit into
        # one, numbers become strings beside a string, and every string takes the memory of the longest.
        scoring_server.parse_tf_serving_input = _as_given
        # It would answer 500 where it stumbles over a request before it comes to ask the model.
        scoring_server.invocations = _refusing(inspect.unwrap(scoring_server.invocations))
        # Spark runs a worker for each core and tells it so by this variable; an export would take all cores in each.
        threads = os.environ.get("OMP_NUM_THREADS", "")
        self._tagger = Tagger(Path(context.artifacts["model"]), threads=int(threads) if threads.isdecimal() else None)

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Tag sentences.

        Args:
            context: of MLflow.
            model_input: a table with a column `sentence`, or a list of sentences, or one string.
            params: none are known.

        Raises:
            MlflowException: the input is something else; MLflow's server answers it by status 400.
        """
        try:
            tagged = list(self._tagger.tag(read_sentences(_column(model_input))))
        except InputError as error:
            raise MlflowException(str(error), error_code=INVALID_PARAMETER_VALUE) from None
        return pd.DataFrame(
            {
                "words": [list(sentence.words) for sentence in tagged],
                "tags": [list(sentence.tags) for sentence in tagged],
                "probabilities": [sentence.probabilities for sentence in tagged],
            }
        )


def _as_given(request: dict[str, Any], schema: object) -> object:
    (content,) = request.values()  # MLflow has checked that there is one
    return content


def _refusing(invocations: Callable[..., Any]) -> Callable[..., Any]:
    """Return what answers a request as MLflow does, but one that can't be read by a status of 400 and more."""

    @wraps(invocations)
    def refusing(data: bytes, content_type: str | None, *rest: Any) -> Any:
        try:
            return invocations(data, content_type or "", *rest)  # 415 for a type that it doesn't know
        except MlflowException:
            raise
        except Exception as error:  # JSON that is nested too deep, a number of too many digits, whatever comes next
            said = f"The request can't be read: {type(error).__name__}: {error}"
            raise MlflowException(said, error_code=INVALID_PARAMETER_VALUE) from None

    return refusing


def _column(given: Any) -> list[object]:
    """Return the sentences of all that MLflow makes of a request, or a program passes: a cell or an item each."""
    if isinstance(given, pd.DataFrame):
        if given.shape[1] == 0 and len(given) == 0:
            return []
        names = list(given.columns)
        if names.count(COLUMN) > 1:
            raise InputError(f"got {names.count(COLUMN)} columns {COLUMN!r}, expected one")
        given = {COLUMN if names in UNNAMED else name: given.iloc[:, place] for place, name in enumerate(names)}
    if isinstance(given, dict):
        if COLUMN not in given:
            raise InputError(f"got {_named(given)}, expected a column {COLUMN!r}")
        given = given[COLUMN]
    if isinstance(given, pd.Series | np.ndarray):
        given = given.tolist()
    if isinstance(given, str):
        return [given]
    if not isinstance(given, list | tuple):
        raise InputError(f"got {type(given).__name__}, expected a string, a list of sentences or a table")
    return [_cell(item) for item in given]


def _cell(item: object) -> object:
    if isinstance(item, dict):
        if COLUMN not in item:
            raise InputError(f"got {_named(item)}, expected the key {COLUMN!r}")
        item = item[COLUMN]
    return item.tolist() if isinstance(item, np.ndarray) else item


def _named(given: dict[Any, Any]) -> str:
    return ", ".join(repr(name) for name in list(given)[:5]) or "nothing"


set_model(TaggerModel())
