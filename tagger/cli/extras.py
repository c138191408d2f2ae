"""What `pip install lstm-tagger` leaves out, and how to come by it."""

MODULES = {  # that a command may miss, by the extra that brings them
    "serving": ("fastapi", "jinja2", "markupsafe", "starlette", "uvicorn"),
    "spark": ("py4j", "pyspark"),
    "tokenize": ("spacy",),
    "tracking": ("alembic", "filelock", "mlflow", "pandas", "requests", "sqlalchemy", "yaml"),
    "training": ("dvc", "joblib", "matplotlib", "pyarrow", "safetensors", "scipy", "sklearn", "torch", "tqdm"),
}
EXTRAS = {module: extra for extra, modules in MODULES.items() for module in modules}


def advice(error: ModuleNotFoundError) -> str:
    """Return what to install for a module that was not found.

    Raises:
        ModuleNotFoundError: the one given, where no extra brings the module.
    """
    module = (error.name or "").partition(".")[0]
    if module not in EXTRAS:
        raise error
    return f"this needs {module}, which is not installed; expected pip install 'lstm-tagger[{EXTRAS[module]}]'"
