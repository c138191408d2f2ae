"""Packages that a bare install leaves out: the modules that a command may lack, and the command that installs them."""

import shlex
import sys
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

PROJECT = "lstm-tagger"  # its name as a distribution, which no package index has
MODULES = {  # by the extra that installs them
    "hub": ("huggingface_hub",),
    "serving": ("fastapi", "jinja2", "markupsafe", "starlette", "uvicorn"),
    "spark": ("py4j", "pyspark"),
    "tokenize": ("spacy",),
    "tracking": ("alembic", "filelock", "mlflow", "pandas", "requests", "sqlalchemy", "yaml"),
    "training": ("dvc", "joblib", "matplotlib", "pyarrow", "safetensors", "scipy", "sklearn", "torch", "tqdm"),
}
EXTRAS = {module: extra for extra, modules in MODULES.items() for module in modules}


def install_command(extra: str) -> str:
    """Return a shell command that installs what an extra brings into this environment."""
    try:
        brought = [text.partition(";")[0] for text in requires(PROJECT) or [] if text.endswith(f'extra == "{extra}"')]
    except PackageNotFoundError:  # this code was not installed, but runs in its repository
        brought = ["--editable", f"{Path(__file__).parents[2]}[{extra}]"]
    return shlex.join([sys.executable, "-m", "pip", "install", *map(str.strip, brought)])
