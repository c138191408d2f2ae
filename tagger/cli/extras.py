"""Optional packages: the modules that a command may lack, and the shell command that installs them."""

import shlex
import sys
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

PROJECT = "lstm-tagger"  # the name of the distribution, which is on no package index
MODULES = {  # by extra
    "hub": ("huggingface_hub",),
    "serving": ("fastapi", "jinja2", "markupsafe", "starlette", "uvicorn"),
    "spark": ("py4j", "pyspark"),
    "tokenize": ("spacy",),
    "tracking": ("alembic", "filelock", "mlflow", "pandas", "requests", "sqlalchemy", "yaml"),
    "training": ("dvc", "joblib", "psutil", "pyarrow", "safetensors", "scipy", "torch", "tqdm"),
}
EXTRAS = {module: extra for extra, modules in MODULES.items() for module in modules}


def install_command(extra: str) -> str:
    """Return a shell command that installs the packages of an extra into this environment."""
    try:
        brought = [text.partition(";")[0] for text in requires(PROJECT) or [] if text.endswith(f'extra == "{extra}"')]
    except PackageNotFoundError:  # not installed: run from the repository
        brought = ["--editable", f"{Path(__file__).parents[2]}[{extra}]"]
    return shlex.join([sys.executable, "-m", "pip", "install", *map(str.strip, brought)])
