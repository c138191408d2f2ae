"""The application: its routes, and one line about what is wrong with a request."""

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from tagger.serving.api_types import MAX_BYTES, ModelInfo, Problem, TaggedWords, TagRequest, TagResponse
from tagger.serving.limits import BodyLimit
from tagger.serving.pages import render_docs, render_home
from tagger.serving.served_models import ServedModel

MISTAKES: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The request is not JSON."},
    413: {"model": Problem, "description": f"The request has more than {MAX_BYTES} bytes."},
    422: {"model": Problem, "description": "The request does not hold sentences, or too many."},
}


def create_app(models: Sequence[ServedModel], hosts: Sequence[str] | None = None) -> FastAPI:
    """Return the application.

    Args:
        models: in the order of the answers.
        hosts: the host names that requests may use; None allows any. This stops web pages from reaching the server by
            DNS rebinding: they use the name of their own site.
    """
    # FastAPI's own documentation pages load their scripts from a CDN.
    app = FastAPI(
        title="LSTM tagger", description="Words in, tags and probabilities out.", docs_url=None, redoc_url=None
    )
    app.add_middleware(BodyLimit, limit=MAX_BYTES)
    if hosts is not None:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    app.add_exception_handler(RequestValidationError, _explain)
    names = [model.name for model in models]

    @app.get("/", include_in_schema=False)
    async def show_page() -> HTMLResponse:
        return render_home(names)

    @app.get("/docs", include_in_schema=False)
    async def show_docs() -> HTMLResponse:
        return render_docs(app.openapi())

    @app.post("/api/tag", summary="Tag sentences", responses=MISTAKES)
    async def tag(request: TagRequest) -> TagResponse:
        """Every model tags all sentences. An empty sentence comes back without tags."""
        taggings = await asyncio.gather(*(model.tag(request.sentences, request.top) for model in models))
        return TagResponse(
            models=names,
            sentences=[
                TaggedWords(words=list(words), taggings=list(of_models))
                for words, *of_models in zip(request.sentences, *taggings, strict=True)
            ],
        )

    @app.get("/api/models", summary="List the models")
    async def list_models() -> list[ModelInfo]:
        return [ModelInfo(name=model.name, tags=list(model.tag_names)) for model in models]

    @app.get("/health", summary="Say that the server is running")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


async def _explain(_: Request, error: Exception) -> JSONResponse:
    """Answer a request that does not fit the types. Of its content, at most the word in question is sent back."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 # it is registered for these only
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return JSONResponse({"detail": f"not JSON: {first['ctx']['error']}"}, 400)
    place = ".".join(map(str, first["loc"][1:])) or "the request"
    reason = first.get("ctx", {}).get("error") or first["msg"]
    return JSONResponse({"detail": f"{place}: {reason}".encode("ascii", "backslashreplace").decode()}, 422)
