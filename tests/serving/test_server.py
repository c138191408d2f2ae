"""The API of a real server process: right answers, clear mistakes, and many requests at once."""

import asyncio
import html
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from starlette.types import Message

from tagger.core.common.errors import InputError
from tagger.predict.tagging import Tagger
from tagger.serving.api_types import MAX_BYTES
from tagger.serving.app import _limit_body, create_app
from tagger.serving.pages import describe_type
from tagger.serving.server import is_local, names_of, serve

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
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b'{"sentences": "\xe9"}', 400),
        (b"[" * 100_000, 400),
        (b'{"sentences": ' + b"1" * 5000 + b"}", 400),
        (b'{"sentences": ["\\ud800"]}', 422),
        (b'{"\\ud800": 1}', 422),
        (b'{"sentences": "' + b"a" * MAX_BYTES + b'"}', 413),
    ],
)
def test_a_body_that_is_no_request_is_told(served: str, body: bytes, status: int) -> None:
    answer = post(served, body)
    assert answer.status_code == status
    assert "\n" not in answer.json()["detail"]


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


@pytest.mark.parametrize("announced", [b"many", b"-1", b""])
def test_a_length_that_is_no_number_is_too_large_for_the_application(announced: bytes) -> None:
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"content-length", announced)]}
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("the body was read")

    async def send(message: Message) -> None:
        sent.append(message)

    async def call() -> None:
        await _limit_body(create_app({}, ["*"]))(scope, receive, send)

    asyncio.run(call())
    assert sent[0]["status"] == 413


def test_a_request_by_a_foreign_name_is_refused(served: str) -> None:
    assert requests.get(served, headers={"Host": "elsewhere.example"}, timeout=60).status_code == 400
    assert requests.get(served.replace("127.0.0.1", "localhost"), timeout=60).status_code == 200


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
    sentences = types["TagRequest"]["properties"]["sentences"]
    assert describe_type(sentences) == "string or list of (string or list of string)"
    example = types["TagRequest"]["examples"][0]
    assert ask(served, example).status_code == 200
    page = requests.get(f"{served}/docs", timeout=60)
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
        with pytest.raises(InputError, match=rf"^127.0.0.1:{port}: can't be listened on: "):
            serve(["none"], "127.0.0.1", port)
