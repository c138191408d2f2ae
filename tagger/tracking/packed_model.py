"""A model folder packed for MLflow, which can load it anywhere; an export needs no torch for that."""

import importlib.metadata
from pathlib import Path
from typing import Any

import pandas as pd

from tagger.predict.export_folder import is_export

PACKAGE = Path(__file__).parent.parent
REQUIREMENTS = ("mlflow", "numpy", "pandas", "pydantic")
OF_AN_EXPORT = ("onnx", "onnxruntime")
OF_A_TRAINED_MODEL = ("safetensors", "torch")


def model_parts(folder: Path) -> dict[str, Any]:
    """Return the arguments with which MLflow's pyfunc flavor packs a model folder."""
    from mlflow.models import ModelSignature
    from mlflow.types.schema import Array, ColSpec, DataType, Schema

    requirements = REQUIREMENTS + (OF_AN_EXPORT if is_export(folder) else OF_A_TRAINED_MODEL)
    text, number = DataType.string, DataType.double
    # No inputs: MLflow has no type for "a string or a list of strings", and the model itself checks them.
    signature = ModelSignature(
        outputs=Schema(
            [ColSpec(Array(text), "words"), ColSpec(Array(text), "tags"), ColSpec(Array(number), "probabilities")]
        ),
    )
    return {
        "python_model": str(Path(__file__).parent / "pyfunc.py"),
        "artifacts": {"model": str(folder)},
        "code_paths": [str(PACKAGE)],
        "signature": signature,
        "input_example": pd.DataFrame({"sentence": ["The dog ate the book"]}),
        "pip_requirements": [f"{name}=={importlib.metadata.version(name)}" for name in requirements],
    }
