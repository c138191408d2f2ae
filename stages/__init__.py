"""The stages of the pipeline: each reads, calls the library and writes."""

import importlib.util
import sys

if importlib.util.find_spec("torch") is None:  # outside the environment, DVC runs another `python`
    sys.exit(
        f"error: {sys.executable} has no torch; activate the environment (. .venv/bin/activate), then restore the "
        "outputs that DVC removed for this run with `dvc checkout`"
    )
