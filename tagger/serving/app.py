"""The application: its routes, the largest request, and one line about what is wrong with a request."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tagger.predict.tagging import Tagger
from tagger.serving.api_types import MAX_BYTES, ModelInfo, Problem, TaggedWords, Tagging, TagRequest, TagResponse
from tagger.serving.pages import EXAMPLES, render

TOO_LARGE = f"the request has more than {MAX_BYTES} bytes"
CLOSING = {"Connection": "close"}  # otherwise the rest of the body would still be received
MISTAKES: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The request is not JSON."},
    413: {"model": Problem, "description": f"The request has more than {MAX_BYTES} bytes."},
    422: {"model": Problem, "description": "The request does not hold sentences, or too many."},
}


def create_app(models: Mapping[str, Tagger], hosts: Sequence[str]) -> FastAPI:
    """Return the application.

    Args:
        models: by their names, in the order of the answers. Each gets one thread, for which requests queue.
        hosts: the host names that requests may use; `*` allows any. This stops web pages from reaching the server by
            DNS rebinding: they use the name of their own site.
    """
    # FastAPI's own documentation pages load their scripts from a CDN.
    app = FastAPI(
        title="LSTM tagger", description="Words in, tags and probabilities out.", docs_url=None, redoc_url=None
    )
    app.add_middleware(_limit_body)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)
    app.exception_handler(RequestValidationError)(_explain)
    threads = {name: ThreadPoolExecutor(1, thread_name_prefix=name) for name in models}

    @app.get("/", include_in_schema=False)
    async def show_page() -> HTMLResponse:
        return render("home.html", models=list(models), examples=EXAMPLES)

    @app.get("/docs", include_in_schema=False)
    async def show_docs() -> HTMLResponse:
        return render("docs.html", api=app.openapi())

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

    @app.get("/health", summary="Say that the server is running")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


def _tag(tagger: Tagger, request: TagRequest) -> list[Tagging]:
    return [Tagging.of(sentence, request.top) for sentence in tagger.tag(request.sentences)]


def _limit_body(app: ASGIApp) -> ASGIApp:
    """Wrap an application: status 413 answers a request over MAX_BYTES before all of it is read."""

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        announced = dict(scope.get("headers", ())).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > MAX_BYTES:
            await JSONResponse({"detail": TOO_LARGE}, 413, CLOSING)(scope, receive, send)
            return
        received = 0  # counted too: the length may not have been announced

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BYTES:
                raise HTTPException(413, TOO_LARGE, CLOSING)
            return message

        await app(scope, counted, send)

    return limited


async def _explain(_: Request, error: RequestValidationError) -> JSONResponse:
    """Answer a request that does not fit the types. Of its content, at most the word in question is sent back."""
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return JSONResponse({"detail": f"not JSON: {first['ctx']['error']}"}, 400)
    place = ".".join(map(str, first["loc"][1:])) or "the request"
    reason = first.get("ctx", {}).get("error") or first["msg"]
    return JSONResponse({"detail": f"{place}: {reason}".encode("ascii", "backslashreplace").decode()}, 422)
