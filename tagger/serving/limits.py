"""The largest request: a larger one is answered before all of it is read."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BodyLimit:
    """Middleware that answers a request with too large a body by status 413."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        """Wrap an application; the limit is in bytes."""
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting the bytes of its body: the announced length may be missing."""
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                # Without closing the connection, the rest of the body would still be received.
                raise HTTPException(413, f"the request has more than {self._limit} bytes", {"Connection": "close"})
            return message

        await self._app(scope, counted, send)
