"""The tagger as MLflow loads it: this file is run by MLflow, from the copy that lies beside the logged model."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

from tagger.predict import Tagger


class TaggerModel(PythonModel):  # type: ignore[misc]
    """Takes a column `sentence`; gives a row a sentence with its words, their tags and the probabilities of these."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the model folder among the artifacts."""
        self._tagger = Tagger(Path(context.artifacts["model"]))

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Tag sentences whose words stand apart by white space."""
        tagged = list(self._tagger.tag(sentence.split() for sentence in model_input["sentence"]))
        return pd.DataFrame(
            {
                "words": [list(sentence.words) for sentence in tagged],
                "tags": [list(sentence.tags) for sentence in tagged],
                "probabilities": [sentence.probabilities for sentence in tagged],
            }
        )


set_model(TaggerModel())
