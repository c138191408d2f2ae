"""The model as MLflow loads it, asked through the parser of MLflow's scoring server, and by a real server process."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests

from tagger.predict.tagging import Tagger
from tests.conftest import Project
from tests.samples import save_model

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

ROOT = Path(__file__).parents[2]
TWO = [["The", "dog"], ["ate"]]
NO_WORDS: list[str] = []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "nll"
    save_model(folder)
    return folder


@pytest.fixture(scope="module")
def saved(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The model as MLflow saves it."""
    import mlflow.pyfunc

    path = tmp_path_factory.mktemp("saved") / "model"
    mlflow.pyfunc.save_model(
        str(path),
        python_model=str(ROOT / "tagger/tracking/pyfunc.py"),
        artifacts={"model": str(folder)},
        pip_requirements=["mlflow"],
    )
    return str(path)


@pytest.fixture(scope="module")
def model(saved: str) -> Iterator[Any]:
    """The model as MLflow loads it; what it changes of the scoring server is put back."""
    import mlflow.pyfunc
    from mlflow.pyfunc import scoring_server

    parse, invocations = scoring_server.parse_tf_serving_input, scoring_server.invocations
    yield mlflow.pyfunc.load_model(saved)
    scoring_server.parse_tf_serving_input, scoring_server.invocations = parse, invocations


def post(model: Any, body: object, kind: str | None = "application/json") -> tuple[int, Any]:
    """Do what the server does with a request; return the status and the answer."""
    from mlflow.exceptions import MlflowException
    from mlflow.pyfunc.scoring_server import invocations

    data = body if isinstance(body, str) else json.dumps(body)
    try:
        answer = invocations(data.encode(), kind, model, model.metadata.get_input_schema())
        return answer.status, json.loads(answer.response)["predictions"] if answer.status == 200 else answer.response
    except MlflowException as error:
        return error.get_http_status_code(), error.message


def words_of(answer: tuple[int, Any]) -> list[list[str]]:
    status, predictions = answer
    assert status == 200, predictions
    return [row["words"] for row in predictions]


def test_a_table_gets_the_tags_and_probabilities_of_the_tagger(model: Any, folder: Path) -> None:
    answer = model.predict(pd.DataFrame({"other": 1, "sentence": ["The dog", "", ["ate", "it"]]}))
    assert list(answer) == ["words", "tags", "probabilities"]
    expected = list(Tagger(folder).tag([["The", "dog"], [], ["ate", "it"]]))
    assert answer["words"].tolist() == [list(sentence.words) for sentence in expected]
    assert answer["tags"].tolist() == [list(sentence.tags) for sentence in expected]
    for found, sentence in zip(answer["probabilities"], expected, strict=True):
        np.testing.assert_allclose(found, sentence.probabilities, atol=1e-6)


@pytest.mark.parametrize(
    "given",
    [
        ["The dog", ["ate"]],
        pd.DataFrame({"sentence": TWO}),
        pd.DataFrame({"sentence": [np.array(words) for words in TWO]}),  # as Parquet and Spark have lists
        pd.DataFrame({"0": TWO}),
        pd.DataFrame(["The dog", "ate"]),
        pd.Series(["The dog", "ate"]),
        np.array(["The dog", "ate"]),
        {"sentence": ["The dog", "ate"]},
        [{"sentence": "The dog"}, {"sentence": ["ate"]}],
    ],
    ids=lambda given: type(given).__name__,
)
def test_programs_pass_sentences_in_many_ways(model: Any, given: Any) -> None:
    assert model.predict(given)["words"].tolist() == TWO


@pytest.mark.parametrize("given", [[], pd.DataFrame(), pd.DataFrame({"sentence": NO_WORDS}), {"sentence": NO_WORDS}])
def test_no_sentence_gives_no_row(model: Any, given: Any) -> None:
    assert len(model.predict(given)) == 0


BODIES: list[dict[str, Any]] = [
    {"inputs": ["The dog", "ate"]},
    {"inputs": TWO},
    {"inputs": ["The dog", ["ate"]]},
    {"inputs": [{"sentence": "The dog"}, {"sentence": ["ate"]}]},
    {"inputs": {"sentence": TWO}},
    {"instances": TWO},
    {"instances": [{"sentence": ["The", "dog"]}, {"sentence": "ate"}]},
    {"dataframe_split": {"columns": ["sentence"], "data": [["The dog"], [["ate"]]]}},
    {"dataframe_records": [{"sentence": "The dog"}, {"sentence": ["ate"]}]},
]


@pytest.mark.parametrize("body", BODIES, ids=str)
def test_the_server_takes_every_form_of_mlflow(model: Any, body: dict[str, Any]) -> None:
    assert words_of(post(model, body)) == TWO


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"inputs": "The dog"}, [["The", "dog"]]),
        ({"inputs": []}, []),
        ({"inputs": ["", []]}, [[], []]),
        ({"dataframe_split": {"columns": ["sentence"], "data": []}}, []),
        ({"dataframe_records": []}, []),
        ({"inputs": ["שלום עולם", "🎉 👩‍👩‍👧"]}, [["שלום", "עולם"], ["🎉", "👩‍👩‍👧"]]),
        ({"inputs": ["word " * 10_000]}, [["word"] * 10_000]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_the_server_answers_few_and_many_words(model: Any, body: object, words: list[list[str]]) -> None:
    assert words_of(post(model, body)) == words


def test_the_server_takes_csv(model: Any) -> None:
    assert words_of(post(model, 'sentence\nThe dog\n"a, b"\n', "text/csv")) == [["The", "dog"], ["a,", "b"]]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"inputs": 5}, "got int, expected a string, a list of sentences or a table"),
        ({"inputs": None}, "got NoneType, expected"),
        ({"inputs": ["a", 5]}, "sentence 2: got 5 (int), expected a string or a list of words"),
        ({"inputs": [["a", None]]}, "sentence 1, word 2: got None (NoneType), expected a string"),
        ({"inputs": [{"text": "a"}]}, "got 'text', expected the key 'sentence'"),
        ({"inputs": {"text": "a"}}, "got 'text', expected a column 'sentence'"),
        ({"input": "a"}, "got 'input', expected a column 'sentence'"),
        ({"messages": []}, "got 'messages', expected a column 'sentence'"),
        ({"dataframe_split": {"columns": ["text"], "data": [["a"]]}}, "got 'text', expected a column 'sentence'"),
        ({"dataframe_split": {"columns": ["sentence"], "data": [[None]]}}, "sentence 1: got None"),
        ({"dataframe_split": {"columns": ["sentence"] * 2, "data": [["a", "b"]]}}, "got 2 columns 'sentence'"),
        ({"dataframe_split": {"columns": ["a", "b"], "data": [["a"]]}}, "not a valid dataframe"),
        ({"dataframe_records": [{"sentence": "a"}, {"x": 1}]}, "sentence 2: got nan (float)"),
        ({"dataframe_records": {"sentence": "a"}}, "must be a list of records"),
        ({}, "exactly one of the input fields"),
        ({"inputs": ["a"], "instances": ["b"]}, "exactly one of the input fields"),
        ("{", "valid JSON"),
        ('{"inputs": ["\\ud800"]}', "half a character"),
        ('{"inputs": ' + "1" * 5000 + "}", "The request can't be read: ValueError: Exceeds the limit"),
        ("[" * 100_000, "The request can't be read: RecursionError: "),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_mistake_is_status_400_and_says_what_was_expected(model: Any, body: object, said: str) -> None:
    status, message = post(model, body)
    assert status == 400
    assert said in message


@pytest.mark.parametrize("kind", [None, "", "text/plain", "application/json; charset=latin-1"])
def test_a_kind_of_content_that_is_not_known_is_status_415(model: Any, kind: str | None) -> None:
    assert post(model, {"inputs": ["a"]}, kind)[0] == 415


def test_a_model_that_is_loaded_twice_changes_the_server_once(model: Any, saved: str) -> None:
    import mlflow.pyfunc
    from mlflow.pyfunc import scoring_server

    again = mlflow.pyfunc.load_model(saved)
    assert not hasattr(scoring_server.invocations.__wrapped__, "__wrapped__")
    assert words_of(post(again, {"inputs": TWO})) == TWO


WRONG: list[Any] = [{"inputs": [5]}, {"inputs": [["a", 5]]}, {}, [], "a", {"dataframe_split": {}}, {"prompt": "a"}]


@pytest.mark.slow
def test_mlflow_serves_the_champion(finished: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    mlflow = Path(sys.executable).parent / "mlflow"
    command = [str(mlflow), "models", "serve", "-m", "models:/lstm-tagger@champion"]
    environment = os.environ | {
        "MLFLOW_TRACKING_URI": f"sqlite:///{finished.root}/mlflow.db",
        "PATH": f"{mlflow.parent}{os.pathsep}{os.environ['PATH']}",
    }
    server = subprocess.Popen(
        [*command, "--env-manager", "local", "--port", str(port)],
        env=environment,
        cwd=finished.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/ping", server)
        url = f"http://127.0.0.1:{port}/invocations"
        for body in BODIES:
            answer = requests.post(url, json=body, timeout=60)
            assert [row["words"] for row in answer.json()["predictions"]] == TWO, body
        (row,) = requests.post(url, json={"inputs": ["word " * 10_000]}, timeout=60).json()["predictions"]
        assert len(row["tags"]) == len(row["probabilities"]) == 10_000
        for wrong in WRONG:
            assert requests.post(url, json=wrong, timeout=60).status_code == 400, wrong
        for unreadable in ("[" * 100_000, '{"inputs": ' + "1" * 5000 + "}"):
            headers = {"Content-Type": "application/json"}
            assert requests.post(url, unreadable, headers=headers, timeout=60).status_code == 400, unreadable[:20]
        assert requests.post(url, b'{"inputs": ["a"]}', timeout=60).status_code == 415  # without a Content-Type
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(240):
        assert server.poll() is None
        try:
            if requests.get(url, timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            time.sleep(0.5)
    raise AssertionError("the server did not come up")
