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
    from mlflow.models import infer_signature

    requirements = REQUIREMENTS + (OF_AN_EXPORT if is_export(folder) else OF_A_TRAINED_MODEL)
    output = pd.DataFrame({"words": [["The", "dog"]], "tags": [["DET", "NOUN"]], "probabilities": [[0.9, 0.8]]})
    return {
        "python_model": str(Path(__file__).parent / "pyfunc.py"),
        "artifacts": {"model": str(folder)},
        "code_paths": [str(PACKAGE)],
        # No inputs: MLflow has no type for "a string or a list of strings", and the model itself checks them.
        "signature": infer_signature(model_output=output),
        "input_example": pd.DataFrame({"sentence": ["The dog ate the book"]}),
        "pip_requirements": [f"{name}=={importlib.metadata.version(name)}" for name in requirements],
    }
