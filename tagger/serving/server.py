"""The server process: its models, its socket, and who may reach it."""

import asyncio
import ipaddress
import re
import resource
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from tagger.core.common.errors import InputError
from tagger.predict.model_source import is_mlflow_uri
from tagger.predict.tagging import Tagger
from tagger.serving.app import create_app
from tagger.serving.guard import guarded

PATIENCE = 10  # seconds in which a request has to arrive
GRACE = 5  # seconds that a server which is told to stop leaves to the requests it has
CONNECTIONS = 4000  # at once; a request on any more gets status 503


def serve(sources: Sequence[str], host: str, port: int, token: str | None = None) -> None:
    """Serve models, folders or URIs of MLflow, until the process is told to stop. Port 0 chooses a free one.

    Raises InputError if a model is missing or damaged, the token is invalid, or the address can't be used.
    """
    if token is not None and not re.fullmatch("[!-~]+", token):
        raise InputError("--token-file: expected a token of ASCII characters without spaces")
    if not (is_local(host) or token):
        click.echo(f"warning: anyone who can reach {host} can use this; --token-file requires a token", err=True)
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise InputError(f"{host}:{port}: can't listen there: {error.strerror or error}") from None
    with listener:
        models = {name: Tagger.load(source) for name, source in zip(names_of(sources), sources, strict=True)}
        names = {"localhost", host.lower(), socket.gethostname().lower()}
        server = server_of(guarded(create_app(models), names, token))
        shown = f"[{host}]" if ":" in host else host
        click.echo(f"http://{shown}:{listener.getsockname()[1]} (Ctrl-C to stop)")
        server.run(sockets=[listener])


def server_of(app: ASGIApp) -> uvicorn.Server:
    """Return a server for an application, which clients can neither crowd nor keep from ending."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(now, min(2 * CONNECTIONS, most)), most))
    quiet: dict[str, Any] = {"log_level": "warning", "access_log": False, "server_header": False}
    limits: dict[str, Any] = {"limit_concurrency": CONNECTIONS, "timeout_graceful_shutdown": GRACE}
    return uvicorn.Server(uvicorn.Config(app, http=_Patient, **quiet, **limits))


class _Patient(H11Protocol):
    """Ends a connection on which no whole request arrives in time. uvicorn's own limit is over with its first byte."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._limit = self.loop.call_later(PATIENCE, self._end)

    def on_response_complete(self) -> None:
        self._limit.cancel()
        self._limit = self.loop.call_later(PATIENCE, self._end)
        super().on_response_complete()

    def shutdown(self) -> None:
        self._end()
        super().shutdown()

    def _end(self) -> None:
        if self.cycle is None or self.cycle.more_body or self.cycle.response_complete:
            self.transport.abort()


def names_of(sources: Sequence[str]) -> list[str]:
    """Return short names of models: the last parts of their folders if these differ, otherwise the sources."""
    short = [source if is_mlflow_uri(source) else Path(source).resolve().name for source in sources]
    return short if len(set(short)) == len(sources) else list(sources)


def is_local(host: str) -> bool:
    """Return whether only this machine can reach a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
