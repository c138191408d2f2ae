"""The server process: its models, its socket, and who may reach it."""

import ipaddress
import socket
from collections.abc import Sequence
from pathlib import Path

import click
import uvicorn

from tagger.core.common.errors import InputError
from tagger.predict.model_source import is_mlflow_uri
from tagger.predict.tagging import Tagger
from tagger.serving.app import create_app

WAITING = 1000  # requests at once; any more get status 503


def serve(sources: Sequence[str], host: str, port: int) -> None:
    """Serve models, folders or URIs of MLflow, until the process is told to stop. Port 0 chooses a free one.

    Raises:
        InputError: a model is missing or damaged, or the address can't be listened on.
    """
    local = is_local(host)
    if not local:
        click.echo(f"warning: anyone who can reach {host} may use this, without a password or encryption", err=True)
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise InputError(f"{host}:{port}: can't be listened on: {error.strerror or error}") from None
    with listener:
        models = {name: Tagger.load(source) for name, source in zip(names_of(sources), sources, strict=True)}
        app = create_app(models, ["127.0.0.1", "localhost"] if local and ":" not in host else ["*"])
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, limit_concurrency=WAITING, server_header=False
        )
        shown = f"[{host}]" if ":" in host else host
        click.echo(f"http://{shown}:{listener.getsockname()[1]} (Ctrl-C ends)")
        uvicorn.Server(config).run(sockets=[listener])


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
