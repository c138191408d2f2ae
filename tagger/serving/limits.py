"""The largest request: one that is larger is answered before it is read to its end."""

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CLOSE = {"Connection": "close"}  # or the rest of the body would still come in


class BodyLimit:
    """Answers a request that is larger than a limit by status 413."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        """Wrap an application; the limit is in bytes."""
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting its bytes: the length that it announces may be missing."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        problem = f"the request has more than {self._limit} bytes"
        if not announced.isdigit() or int(announced) > self._limit:
            await JSONResponse({"detail": problem}, 413, CLOSE)(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise HTTPException(413, problem, CLOSE)
            return message

        await self._app(scope, counted, send)
