"""`lstm-tagger serve`: an HTTP API, and a page that tags the sentences typed into it.

May import: core, predict, report.

Only the command `serve` imports this package: FastAPI, uvicorn and the models take seconds to load.
"""
