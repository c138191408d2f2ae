"""The tagger as MLflow loads it, running a copy of this file that is stored with the logged model."""

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
from tagger.predict.tagging import Tagger

COLUMN = "sentence"
UNNAMED = ([0], ["0"])  # the columns of a table that was a list, or came from Spark


class TaggerModel(PythonModel):  # type: ignore[misc]
    """Takes sentences, each a string or a list of words; returns one row per sentence: words, tags, probabilities."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the model folder among the artifacts, and patch how MLflow's server reads requests."""
        # It would make a NumPy array of "inputs" and "instances": lists of several lengths don't fit into one, numbers
        # become strings beside a string, and every string takes the memory of the longest.
        scoring_server.parse_tf_serving_input = lambda request, **_: next(iter(request.values()))
        # It would answer 500 if it fails to read a request, before it asks the model.
        scoring_server.invocations = _refusing(inspect.unwrap(scoring_server.invocations))
        # Spark runs one worker per core and says so in this variable; otherwise an export would take all cores in each.
        threads = os.environ.get("OMP_NUM_THREADS", "")
        self._tagger = Tagger(Path(context.artifacts["model"]), threads=int(threads) if threads.isdecimal() else None)

    def predict(self, model_input: pd.DataFrame) -> pd.DataFrame:
        """Tag sentences: those of a table's column `sentence`, of a list, or one string.

        Raises MlflowException if the input is something else; MLflow's server answers with status 400.
        """
        try:
            tagged = list(self._tagger.tag(_sentences(model_input)))
        except InputError as error:
            raise MlflowException(str(error), error_code=INVALID_PARAMETER_VALUE) from None
        columns = {
            "words": [list(sentence.words) for sentence in tagged],
            "tags": [list(sentence.tags) for sentence in tagged],
            "probabilities": [sentence.probabilities for sentence in tagged],
        }
        return pd.DataFrame(columns)


def _refusing(invocations: Callable[..., Any]) -> Callable[..., Any]:
    """Return a handler that answers as MLflow's does, but with a status of 400 or more if a request can't be read."""

    @wraps(invocations)
    def refusing(data: bytes, content_type: str | None, *rest: Any) -> Any:
        try:
            return invocations(data, content_type or "", *rest)  # 415 for a type that it doesn't know
        except MlflowException:
            raise
        except Exception as error:  # JSON that is nested too deep, a number of too many digits, ...
            said = f"The request can't be read: {type(error).__name__}: {error}"
            raise MlflowException(said, error_code=INVALID_PARAMETER_VALUE) from None

    return refusing


def _sentences(given: Any) -> list[Any]:
    """Return the sentences of anything that MLflow makes of a request, or that a program passes."""
    if isinstance(given, pd.DataFrame):
        names = list(given.columns)
        if not names and not len(given):
            return []
        if names.count(COLUMN) > 1:
            raise InputError(f"got {names.count(COLUMN)} columns {COLUMN!r}, expected one")
        given = {COLUMN if names in UNNAMED else name: column for name, column in given.items()}
    if isinstance(given, dict):
        given = _pick(given, "a column")
    if isinstance(given, str):
        return [given]
    if isinstance(given, pd.Series | np.ndarray):
        given = given.tolist()
    if not isinstance(given, list | tuple):
        raise InputError(f"got {type(given).__name__}, expected a string, a list of sentences or a table")
    items = [_pick(item, "the key") if isinstance(item, dict) else item for item in given]
    return [item.tolist() if isinstance(item, np.ndarray) else item for item in items]


def _pick(given: dict[Any, Any], expected: str) -> Any:
    if COLUMN not in given:
        names = ", ".join(repr(name) for name in list(given)[:5]) or "nothing"
        raise InputError(f"got {names}, expected {expected} {COLUMN!r}")
    return given[COLUMN]


set_model(TaggerModel())
