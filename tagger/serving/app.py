"""The application: its routes, and one-line errors for bad requests."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from tagger.predict.tagging import Tagger
from tagger.report.page.web_page import page_templates
from tagger.serving.api_types import MAX_BYTES, ModelInfo, Problem, TaggedWords, Tagging, TagRequest, TagResponse

_PAGES = page_templates(Path(__file__).parent, "frame")
_HEADERS = {  # the icon of a page is a `data:` URL
    "Content-Security-Policy": f"{_PAGES.globals['policy']}; connect-src 'self'; img-src data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
MISTAKES: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The request is not JSON."},
    413: {"model": Problem, "description": f"The request has more than {MAX_BYTES} bytes."},
    415: {"model": Problem, "description": "The Content-Type is not JSON."},
    422: {"model": Problem, "description": "The request does not hold sentences, or too many."},
}


def create_app(models: Mapping[str, Tagger]) -> FastAPI:
    """Return the application for models by their names; each gets one thread, for which requests queue."""
    # FastAPI's own documentation pages load their scripts from a CDN.
    app = FastAPI(
        title="LSTM tagger", description="Words in, tags and probabilities out.", docs_url=None, redoc_url=None
    )
    app.exception_handler(HTTPException)(_name_cause)
    app.exception_handler(RequestValidationError)(_explain)
    threads = {name: ThreadPoolExecutor(1, thread_name_prefix=name) for name in models}

    @app.get("/", include_in_schema=False)
    async def show_page() -> HTMLResponse:
        return HTMLResponse(_PAGES.get_template("home.html").render(models=list(models)), headers=_HEADERS)

    @app.get("/docs", include_in_schema=False)
    async def show_docs() -> HTMLResponse:
        return HTMLResponse(_PAGES.get_template("docs.html").render(api=app.openapi()), headers=_HEADERS)

    @app.post("/api/tag", summary="Tag sentences", responses=MISTAKES)
    async def tag(request: TagRequest) -> TagResponse:
        """Every model tags all sentences. An empty sentence comes back without tags."""
        loop = asyncio.get_running_loop()
        taggings = await asyncio.gather(
            *(loop.run_in_executor(threads[name], _tag, tagger, request) for name, tagger in models.items())
        )
        return TagResponse(
            models=list(models),
            sentences=[
                TaggedWords(words=list(words), taggings=list(of_models))
                for words, *of_models in zip(request.sentences, *taggings, strict=True)
            ],
        )

    @app.get("/api/models", summary="List the models")
    async def list_models() -> list[ModelInfo]:
        return [ModelInfo(name=name, tags=list(tagger.tag_names)) for name, tagger in models.items()]

    @app.get("/health", summary="Check that the server is running")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


def _tag(tagger: Tagger, request: TagRequest) -> list[Tagging]:
    return [Tagging.of(sentence, request.top) for sentence in tagger.tag(request.sentences)]


async def _explain(request: Request, error: RequestValidationError) -> JSONResponse:
    """Answer a request that does not fit the types. Of its content, at most the word in question is sent back."""
    if isinstance(error.body, bytes):  # FastAPI reads what is said to be JSON alone
        kind = request.headers.get("content-type", "nothing")
        return JSONResponse({"detail": f"Content-Type: got {kind!a}, expected application/json"}, 415)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return JSONResponse({"detail": f"not JSON: {first['ctx']['error']} at character {first['loc'][1]}"}, 400)
    place = ".".join(map(str, first["loc"][1:])) or "the request"
    reason = first.get("ctx", {}).get("error") or first["msg"]
    return JSONResponse({"detail": f"{place}: {reason}".encode("ascii", "backslashreplace").decode()}, 422)


async def _name_cause(request: Request, error: HTTPException) -> Response:
    """Answer with what Python said of JSON that it can't read: bytes that are no text, nested too deep."""
    if error.__cause__ is not None:
        error.detail = f"not JSON: {error.__cause__}"
    return await http_exception_handler(request, error)
