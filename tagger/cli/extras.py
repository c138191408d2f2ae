"""Packages that `pip install lstm-tagger` leaves out, and how to install them."""

MODULES = {  # those that a command may lack, by the extra that installs them
    "serving": ("fastapi", "jinja2", "markupsafe", "starlette", "uvicorn"),
    "spark": ("py4j", "pyspark"),
    "tokenize": ("spacy",),
    "tracking": ("alembic", "filelock", "mlflow", "pandas", "requests", "sqlalchemy", "yaml"),
    "training": ("dvc", "joblib", "matplotlib", "pyarrow", "safetensors", "scipy", "sklearn", "torch", "tqdm"),
}
EXTRAS = {module: extra for extra, modules in MODULES.items() for module in modules}


def advice(error: ModuleNotFoundError) -> str:
    """Return one line that says what to install for a missing module.

    Raises:
        ModuleNotFoundError: the given error, if no extra installs the module.
    """
    module = (error.name or "").partition(".")[0]
    if module not in EXTRAS:
        raise error
    return f"this needs {module}, which is not installed; expected pip install 'lstm-tagger[{EXTRAS[module]}]'"
