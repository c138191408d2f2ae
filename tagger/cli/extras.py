"""Packages that `pip install lstm-tagger` leaves out: the modules that a command may lack."""

MODULES = {  # by the extra that installs them
    "serving": ("fastapi", "jinja2", "markupsafe", "starlette", "uvicorn"),
    "spark": ("py4j", "pyspark"),
    "tokenize": ("spacy",),
    "tracking": ("alembic", "filelock", "mlflow", "pandas", "requests", "sqlalchemy", "yaml"),
    "training": ("dvc", "joblib", "matplotlib", "pyarrow", "safetensors", "scipy", "sklearn", "torch", "tqdm"),
}
EXTRAS = {module: extra for extra, modules in MODULES.items() for module in modules}
