"""The server process: its socket, and who may reach it."""

import ipaddress
import socket
from collections.abc import Callable, Sequence

import uvicorn

from tagger.core.common.errors import InputError
from tagger.serving.app import create_app
from tagger.serving.served_models import ServedModel, names_of

WAITING = 1000  # requests at once; any more get status 503


def serve(sources: Sequence[str], host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve models until the process is told to stop.

    Args:
        sources: the models, as folders or URIs of MLflow.
        host: address to listen on.
        port: to listen on; 0 chooses a free one.
        say: tells the user the address of the page.

    Raises:
        InputError: a model is missing or damaged, or the address can't be listened on.
    """
    models = [ServedModel(name, source) for name, source in zip(names_of(sources), sources, strict=True)]
    listener = _listen(host, port)
    port = listener.getsockname()[1]
    app = create_app(models, hosts=["127.0.0.1", "localhost"] if is_local(host) and ":" not in host else None)
    config = uvicorn.Config(app, log_level="warning", access_log=False, limit_concurrency=WAITING, server_header=False)
    say(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    uvicorn.Server(config).run(sockets=[listener])


def is_local(host: str) -> bool:
    """Return whether only this machine can reach a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise InputError(f"{host}:{port}: can't be listened on: {error.strerror or error}") from None
