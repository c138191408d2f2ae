"""What `pip install lstm-tagger` leaves out, and how to come by it."""

EXTRAS = {  # of the modules that a command may miss
    "alembic": "tracking",
    "fastapi": "serving",
    "filelock": "tracking",
    "jinja2": "serving",
    "mlflow": "tracking",
    "pandas": "tracking",
    "py4j": "spark",
    "pyspark": "spark",
    "requests": "tracking",
    "spacy": "tokenize",
    "starlette": "serving",
    "sqlalchemy": "tracking",
    "torch": "training",
    "uvicorn": "serving",
    "yaml": "tracking",
}


def advice(error: ModuleNotFoundError) -> str:
    """Return what to install for a module that was not found.

    Raises:
        ModuleNotFoundError: the one given, where no extra brings the module.
    """
    module = (error.name or "").partition(".")[0]
    if module not in EXTRAS:
        raise error
    return f"this needs {module}, which is not installed; expected pip install 'lstm-tagger[{EXTRAS[module]}]'"
