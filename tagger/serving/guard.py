"""Requests refused before the application sees them: foreign host names, missing tokens, bodies that are too large."""

import asyncio
import ipaddress
import secrets
from base64 import b64decode
from collections.abc import Collection
from contextlib import suppress
from urllib.parse import urlsplit

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tagger.serving.api_types import MAX_BYTES

TOO_LARGE = f"the request has more than {MAX_BYTES} bytes"
CLOSING = {"Connection": "close"}  # otherwise the rest of the body would still be received
ASKING = {"WWW-Authenticate": 'Basic realm="the token as password"'}  # browsers ask for it


def guarded(app: ASGIApp, names: Collection[str], token: str | None) -> ASGIApp:
    """Wrap an application: refuse requests without the token, or, if there is none, for a host not among the names.

    Beside them, IP addresses may be used. A page of elsewhere that reaches this server by DNS rebinding uses another.
    """

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        received = 0  # counted too: the length may not have been announced

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BYTES:
                raise HTTPException(413, TOO_LARGE, CLOSING)
            return message

        refusal = _refusal(Headers(scope=scope), names, token) if scope["type"] == "http" else None
        try:
            await (refusal(scope, receive, send) if refusal else app(scope, counted, send))
        except asyncio.CancelledError:
            await JSONResponse({"detail": "the server was told to stop"}, 503, CLOSING)(scope, receive, send)

    return guard


def _refusal(headers: Headers, names: Collection[str], token: str | None) -> JSONResponse | None:
    host, announced = headers.get("host", ""), headers.get("content-length", "0")
    if token and not secrets.compare_digest(_token_in(headers).encode(), token.encode()):
        return JSONResponse({"detail": "Authorization: expected the token of this server"}, 401, CLOSING | ASKING)
    if not token and not _is_own(host, names):
        expected = f"an IP address or {' or '.join(sorted(names))}"
        return JSONResponse({"detail": f"Host: got {host!a}, expected {expected}"}, 400, CLOSING)
    if not (announced.isascii() and announced.isdigit() and int(announced) <= MAX_BYTES):
        return JSONResponse({"detail": TOO_LARGE}, 413, CLOSING)
    return None


def _is_own(host: str, names: Collection[str]) -> bool:
    with suppress(ValueError):
        name = urlsplit(f"//{host}").hostname or ""
        return name in names or bool(ipaddress.ip_address(name))
    return False


def _token_in(headers: Headers) -> str:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    with suppress(ValueError):
        return b64decode(given).decode().partition(":")[2] if scheme.lower() == "basic" else given
    return ""
