"""`python -m tagger serve`: an HTTP API and a page where a person types a sentence and sees its tags.

May import: core, predict, report.

Nothing outside this package imports it but the command itself: FastAPI, uvicorn and the models take seconds to load.
"""
