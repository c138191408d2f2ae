"""The API of a real server process: right answers, clear mistakes, and many requests at once."""

import asyncio
import html
import json
import queue
import resource
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import uvicorn
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tagger.core.common.errors import InputError
from tagger.predict.tagging import Tagger
from tagger.serving.api_types import MAX_BYTES
from tagger.serving.app import create_app
from tagger.serving.server import is_local, names_of, serve, server_of
from tests.serving.conftest import running

HEBREW = "שלום עולם"


def ask(url: str, body: Any) -> requests.Response:
    return requests.post(f"{url}/api/tag", json=body, timeout=60)


def post(url: str, body: bytes | Iterator[bytes], **headers: str) -> requests.Response:
    return requests.post(f"{url}/api/tag", body, headers={"Content-Type": "application/json"} | headers, timeout=60)


def test_sentences_get_the_tags_and_probabilities_of_both_models(served: str, model_folder: Path) -> None:
    given = ["The dog", ["ate", "the"], "", f"{HEBREW} 🎉"]
    words = [["The", "dog"], ["ate", "the"], [], [*HEBREW.split(), "🎉"]]
    answer = ask(served, {"sentences": given, "top": 3}).json()
    assert answer["models"] == ["first", "second"]
    assert [sentence["words"] for sentence in answer["sentences"]] == words
    for sentence, expected in zip(answer["sentences"], Tagger(model_folder).tag(words), strict=True):
        first, second = sentence["taggings"]
        assert first["tags"] == list(expected.tags)
        np.testing.assert_allclose(first["probabilities"], expected.probabilities, atol=2e-6)
        for position, alternatives in enumerate(first["alternatives"]):
            assert [each["tag"] for each in alternatives] == [tag for tag, _ in expected.alternatives(position, 3)]
            assert alternatives[0] == {"tag": first["tags"][position], "probability": first["probabilities"][position]}
        assert len(second["tags"]) == len(expected.words)
        assert not expected.words or second["probabilities"] != first["probabilities"]


def test_one_string_is_one_sentence_and_one_tag_per_word_is_listed(served: str) -> None:
    (sentence,) = ask(served, {"sentences": "The dog"}).json()["sentences"]
    assert [len(each) for each in sentence["taggings"][0]["alternatives"]] == [1, 1]
    assert ask(served, {"sentences": []}).json()["sentences"] == []


def test_a_sentence_of_10000_words_is_tagged(served: str) -> None:
    (sentence,) = ask(served, {"sentences": ["word " * 10_000]}).json()["sentences"]
    assert len(sentence["taggings"][1]["tags"]) == 10_000


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "sentences: Field required"),
        ([], "the request: Input should be a valid dictionary or object to extract fields from"),
        ({"sentences": 5}, "sentences: got int, expected a string or a list of sentences"),
        ({"sentences": None}, "sentences: got NoneType, expected a string or a list of sentences"),
        ({"sentences": ["a", 5]}, "sentences: sentence 2: got 5 (int), expected a string or a list of words"),
        ({"sentences": [["a", ""]]}, "sentences: sentence 1, word 2: got '', expected a word that is not blank"),
        ({"sentences": ["a"] * 1001}, "sentences: got 1001 sentences, expected at most 1000"),
        ({"sentences": ["a " * 20_001]}, "sentences: got 20001 words, expected at most 20000"),
        (
            {"sentences": ["a", "b" * 1001]},
            "sentences: sentence 2, word 1: got 1001 characters, expected at most 1000",
        ),
        ({"sentences": "a", "top": 0}, "top: Input should be greater than or equal to 1"),
        ({"sentences": "a", "top": "2"}, "top: Input should be a valid integer"),
        (
            {"sentences": "a " * 3000, "top": 50},
            "the request: top: asks for 150000 tags in all, expected at most 100000",
        ),
        ({"sentences": "a", "model": 1}, "model: Extra inputs are not permitted"),
    ],
)
def test_a_mistake_is_one_line(served: str, body: object, detail: str) -> None:
    answer = ask(served, body)
    assert (answer.status_code, answer.json()) == (422, {"detail": detail})


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (b"", 422, "the request: Field required"),
        (b"{", 400, "not JSON: Expecting property name enclosed in double quotes at character 1"),
        (b'{"sentences": "\xe9"}', 400, "not JSON: 'utf-8' codec can't decode byte 0xe9 in position 15: "),
        (b"[" * 100_000, 400, "not JSON: maximum recursion depth exceeded"),
        (b'{"sentences": ' + b"1" * 5000 + b"}", 400, "not JSON: Exceeds the limit (4300 digits)"),
        (b'{"sentences": ["\\ud800"]}', 422, "sentences: sentence 1, word 1: got '\\ud800', half a character"),
        (b'{"\\ud800": 1}', 422, ""),
        (b'{"sentences": "' + b"a" * MAX_BYTES + b'"}', 413, "the request has more than"),
    ],
)
def test_a_body_that_is_no_request_is_told(served: str, body: bytes, status: int, detail: str) -> None:
    answer = post(served, body)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(detail)
    assert "\n" not in answer.json()["detail"]


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_of_another_type_than_json_is_told(served: str, kind: str | None) -> None:
    answer = requests.post(
        f"{served}/api/tag", b'{"sentences": "a"}', headers={"Content-Type": kind} if kind else {}, timeout=60
    )
    detail = f"Content-Type: got {kind or 'nothing'!r}, expected application/json"
    assert (answer.status_code, answer.json()) == (415, {"detail": detail})


def test_a_body_without_an_announced_length_is_cut_at_the_limit(served: str) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 100 * MAX_BYTES:
            sent += 10_000
            yield b"x" * 10_000

    with suppress(requests.ConnectionError):  # the server has answered and gone before all was sent
        assert post(served, endless()).status_code == 413
    assert sent < 50 * MAX_BYTES


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/health"), ("DELETE", "/api/tag"), ("PUT", "/none")]
)
def test_too_large_a_body_is_refused_by_its_announced_length_even_if_nothing_reads_it(
    served: str, method: str, path: str
) -> None:
    with socket.create_connection(("127.0.0.1", int(served.rpartition(":")[2])), timeout=60) as connection:
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {MAX_BYTES + 1}\r\n\r\n"
        connection.sendall(head.encode())
        answer = b"".join(iter(lambda: connection.recv(10_000), b""))  # until the server closes the connection
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b'{"detail":"the request has more than 1000000 bytes"}')


def test_a_length_that_is_no_number_is_refused(served: str) -> None:
    with socket.create_connection(("127.0.0.1", int(served.rpartition(":")[2])), timeout=60) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n")
        assert connection.recv(10_000).startswith(b"HTTP/1.1 400 ")


FOREIGN = ("elsewhere.example", "127.0.0.1.elsewhere.example:80", "[::1", "localhost.elsewhere.example", "", "a@b")


def test_a_request_by_a_foreign_name_is_refused(served: str) -> None:
    for name in FOREIGN:
        answer = requests.get(served, headers={"Host": name}, timeout=60)
        names = " or ".join(sorted({"127.0.0.1", "localhost", socket.gethostname().lower()}))
        detail = f"Host: got {name!r}, expected an IP address or {names}"
        assert (answer.status_code, answer.json()) == (400, {"detail": detail})
    assert requests.get(served.replace("127.0.0.1", "localhost"), timeout=60).status_code == 200


@contextmanager
def running_here(monkeypatch: pytest.MonkeyPatch, model: Path, host: str) -> Iterator[str]:
    """Call `serve` in a thread, as a process takes seconds to start; give the address that it prints."""
    said, servers = queue.Queue[str](), list[uvicorn.Server]()

    def remembered(app: ASGIApp) -> uvicorn.Server:
        servers.append(server_of(app))
        return servers[0]

    monkeypatch.setattr("tagger.serving.server.server_of", remembered)
    monkeypatch.setattr("click.echo", lambda line, **_: said.put(line))
    thread = threading.Thread(target=serve, args=([str(model)], host, 0))
    thread.start()
    try:
        lines = iter(lambda: said.get(timeout=60), "")
        yield next(line.split()[0] for line in lines if line.startswith("http"))
    finally:
        servers[0].should_exit = True
        thread.join(60)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    ("host", "others"),
    [("::1", ["localhost"]), ("127.0.0.2", []), ("0.0.0.0", ["127.0.0.1", socket.gethostname()])],  # noqa: S104
)
def test_every_address_takes_its_own_names_alone(
    host: str, others: list[str], model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_here(monkeypatch, model_folder, host) as url:
        port = url.rpartition(":")[2]
        for name in (url.rpartition("/")[2], *(f"{other}:{port}" for other in others)):
            assert requests.get(f"{url}/health", headers={"Host": name}, timeout=60).ok, name
        for name in FOREIGN:
            assert requests.get(f"{url}/health", headers={"Host": name}, timeout=60).status_code == 400, name


def test_a_server_with_a_token_answers_those_who_have_it(folder: Path) -> None:
    (folder / "token").write_text("s3cr3t:!~\n", encoding="utf-8")
    with running(folder, "--model", "first", "--token-file", "token") as url:
        strangers: list[Any] = [{}, {"auth": ("any", "s3cr3t")}, {"headers": {"Authorization": "Bearer ü".encode()}}]
        for given in strangers:
            refused = requests.get(f"{url}/health", timeout=60, **given)
            assert refused.status_code == 401
            assert refused.headers["WWW-Authenticate"].startswith("Basic realm=")
        bearer = {"Authorization": "Bearer s3cr3t:!~", "Host": "a.example"}
        assert requests.get(f"{url}/health", headers=bearer, timeout=60).ok
        assert requests.get(f"{url}/health", auth=("any", "s3cr3t:!~"), timeout=60).ok


# Clients that keep the server waiting


@contextmanager
def thread_with(app: ASGIApp) -> Iterator[tuple[str, int]]:
    """Run a server as `serve` does, in a thread; give its address, and end it as a signal does."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = server_of(app)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield listener.getsockname()
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


HEAD = b"POST /api/tag HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n"
WHOLE = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("sent", [b"", b"GET / HT", HEAD, HEAD + b'{"sent', WHOLE, WHOLE + b"GET"])
def test_a_request_that_does_not_arrive_ends_its_connection(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagger.serving.server.PATIENCE", 0.2)
    with thread_with(create_app({})) as address, socket.create_connection(address, timeout=60) as connection:
        connection.sendall(sent)
        with suppress(ConnectionResetError):
            while connection.recv(10_000):
                pass


def test_a_request_that_is_answered_late_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.5)
        await JSONResponse("late")(scope, receive, send)

    monkeypatch.setattr("tagger.serving.server.PATIENCE", 0.1)
    with thread_with(late) as (host, port), requests.Session() as session:
        for _ in range(2):
            assert session.get(f"http://{host}:{port}", timeout=60).json() == "late"


def test_half_a_body_does_not_keep_a_server_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagger.serving.server.GRACE", 1)
    with thread_with(create_app({})) as address, socket.create_connection(address, timeout=60) as connection:
        connection.sendall(WHOLE + HEAD + b'{"sent')
        assert connection.recv(10_000).startswith(b"HTTP/1.1 200 ")


@pytest.mark.slow
def test_a_signal_ends_the_process_whatever_clients_do(folder: Path) -> None:
    with running(folder, "--model", "first") as url:  # it ends the process, and allows it 20 seconds
        host, port = url.removeprefix("http://").split(":")
        connection = socket.create_connection((host, int(port)), timeout=60)
        connection.sendall(WHOLE + HEAD + b'{"sent')
        assert connection.recv(10_000).startswith(b"HTTP/1.1 200 ")
    connection.close()


def test_2000_idle_connections_keep_nobody_out(served: str) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    host, port = served.removeprefix("http://").split(":")
    with ExitStack() as stack:
        for _ in range(2000):
            stack.enter_context(socket.create_connection((host, int(port)), timeout=60))
        assert requests.get(f"{served}/health", timeout=60).ok


def test_200_requests_at_once_are_answered_each_with_its_own(served: str) -> None:
    def one(number: int) -> tuple[int, list[str]]:
        answer = ask(served, {"sentences": [f"The dog number {number} ate"] * 3})
        return answer.status_code, answer.json()["sentences"][2]["words"]

    with ThreadPoolExecutor(200) as threads:
        answers = list(threads.map(one, range(200)))
    assert answers == [(200, ["The", "dog", "number", str(number), "ate"]) for number in range(200)]


def test_a_long_request_does_not_keep_the_page_waiting(served: str) -> None:
    with ThreadPoolExecutor(1) as thread:
        long = thread.submit(ask, served, {"sentences": ["word " * 20_000]})
        time.sleep(0.1)
        assert requests.get(f"{served}/health", timeout=60).json() == {"status": "ok"}
        assert not long.done()
        assert long.result().status_code == 200


def test_the_schema_documents_the_api_and_docs_shows_it_without_any_other_host(served: str) -> None:
    schema = requests.get(f"{served}/openapi.json", timeout=60).json()
    assert list(schema["paths"]) == ["/api/tag", "/api/models", "/health"]
    types = schema["components"]["schemas"]
    example = types["TagRequest"]["examples"][0]
    assert ask(served, example).status_code == 200
    page = requests.get(f"{served}/docs", timeout=60)
    for kind in (
        "string or list of (string or list of string)",
        "integer, 1 to 50, otherwise 1",
        "list of TaggedWords",
    ):
        assert f"<td>{kind}</td>" in page.text
    for name in (*schema["paths"], *(name for name in types if "ValidationError" not in name)):
        assert name in page.text
    assert f"-d '{json.dumps(example)}'" in html.unescape(page.text)
    assert "//" not in page.text.replace("http://localhost:8000", "").partition("<script>")[0].partition("<body>")[2]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_the_models_are_listed(served: str) -> None:
    tags = ["ADJ", "ADV", "NAME", "NOUN", "VERB"]
    assert requests.get(f"{served}/api/models", timeout=60).json() == [
        {"name": "first", "tags": tags},
        {"name": "second", "tags": tags},
    ]


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        (["models/nll"], ["nll"]),
        (["models/nll", "models/mse/"], ["nll", "mse"]),
        (["a/export", "b/export"], ["a/export", "b/export"]),
        (
            ["models:/a@champion", "models:/a/3"],
            ["models:/a@champion", "models:/a/3"],
        ),
    ],
)
def test_names_are_short_if_they_tell_models_apart(sources: list[str], names: list[str]) -> None:
    assert names_of(sources) == names


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False)],  # noqa: S104
)
def test_hosts_that_others_reach_are_known(host: str, local: bool) -> None:
    assert is_local(host) == local
    assert not is_local("example.org")


def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=rf"^127.0.0.1:{port}: can't listen there: "):
            serve(["none"], "127.0.0.1", port)
