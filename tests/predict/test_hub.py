"""Exports go to the Hugging Face Hub and come back, checked as any stranger's; the Hub is a server on this machine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tagger.cli.extras import install_command
from tagger.core.common.errors import InputError
from tagger.evaluate.predictions import prediction_table
from tagger.export.exporting import export_model
from tagger.predict.hub import fetch, push
from tagger.predict.tagging import Tagger
from tests.conftest import ROOT
from tests.predict.hub_server import Hub, serving
from tests.samples import RANDOM, contents, save_model

REPOSITORY = "alice/my-tagger"
URI = f"hf://{REPOSITORY}"
WORDS = ["bs", "cdy"]


def export(folder: Path, seed: int = 1, *, int8: bool = False) -> Path:
    """Export a model of fresh weights, with a card as the stage gives it one."""
    save_model(folder / "trained", seed=seed)
    target = folder / "export"
    target.mkdir()
    tagged = Tagger(folder / "trained").tag(sentences())
    rows = [sentence.distribution for sentence in tagged]
    table = prediction_table(np.concatenate(rows), RANDOM.dev)
    export_model(folder / "trained", target, RANDOM.dev, table, int8=int8, dev=None)
    (target / "model_card.md").write_text("---\nlicense: mit\n---\n# A tagger\n", encoding="utf-8")
    return target


def sentences() -> list[list[str]]:
    words = [RANDOM.dev.form_texts[form] for form in RANDOM.dev.forms]
    starts = RANDOM.dev.sentence_starts
    return [words[first:end] for first, end in pairwise(starts)]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(tmp_path_factory.mktemp("hub"))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    hub = Hub()
    with serving(hub) as address:
        use(address, tmp_path, monkeypatch)
        yield hub


def use(address: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client, which reads its environment when it is imported, talk to a server and keep nothing elsewhere."""
    monkeypatch.setenv("HF_TOKEN", "secret")
    url = f"{address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    for name, value in {
        "ENDPOINT": address,
        "HUGGINGFACE_CO_URL_TEMPLATE": url,
        "HF_HUB_CACHE": folder / "cache",
    }.items():
        monkeypatch.setattr(f"huggingface_hub.constants.{name}", str(value))


def refusal(source: str = URI) -> str:
    with pytest.raises(InputError) as caught:
        Tagger.load(source)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_export_comes_back_as_it_was_pushed(hub: Hub, exported: Path) -> None:
    address = push(exported, REPOSITORY, private=True)
    (old, _), (new, files) = hub.commits[REPOSITORY].items()
    assert address.endswith(f"/{REPOSITORY}/commit/{new}")
    assert hub.private == {REPOSITORY: True}
    assert hub.tokens == {"Bearer secret"}
    card = files.pop("README.md")
    assert files.pop(".gitattributes") == b""
    assert files | {"model_card.md": card} == contents(exported)
    (mine,), (fetched,) = Tagger(exported).tag([WORDS]), Tagger.load(URI).tag([WORDS])
    assert mine.tags == fetched.tags
    assert (mine.distribution == fetched.distribution).all()
    assert (
        refusal(f"{URI}@{old}")
        == f"{URI}@{old}: has no config.json; expected an export, as `lstm-tagger push` uploads it"
    )


def test_a_second_push_is_a_commit_without_the_files_that_are_gone(hub: Hub, exported: Path, tmp_path: Path) -> None:
    push(export(tmp_path, seed=2, int8=True), REPOSITORY, private=False)
    first = [*hub.commits[REPOSITORY]][-1]
    hub.newest(REPOSITORY)["notes.txt"] = b"somebody's own"
    push(exported, REPOSITORY, private=False)
    assert len(hub.commits[REPOSITORY]) == 3
    assert hub.private == {REPOSITORY: False}
    gone = hub.commits[REPOSITORY][first].keys() - hub.newest(REPOSITORY).keys()
    assert gone == {"tagger.int8.onnx"}
    assert "notes.txt" in hub.newest(REPOSITORY)
    newest, older = (next(Tagger.load(source).tag([WORDS])) for source in (URI, f"{URI}@{first}"))
    assert (newest.distribution != older.distribution).any()


def test_a_damaged_folder_is_not_pushed(hub: Hub, tmp_path: Path) -> None:
    folder = export(tmp_path)
    (folder / "model_card.md").unlink()
    with pytest.raises(InputError, match=r"model_card\.md. is not a file"):
        push(folder, REPOSITORY, private=False)
    (folder / "words.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"words\.json: damaged"):
        push(folder, REPOSITORY, private=False)
    assert hub.commits == {}


def test_only_the_files_of_an_export_are_fetched(hub: Hub, exported: Path) -> None:
    files = contents(exported)
    hub.commit(REPOSITORY, files | {"evil.py": b"1", "pytorch_model.bin": b"1", "sub/config.json": b"{}"})
    Tagger.load(URI)
    assert sorted(hub.got) == sorted(files.keys() - {"model_card.md", "verification.json"})


def test_a_file_larger_than_an_export_may_have_is_not_fetched(hub: Hub, exported: Path) -> None:
    hub.commit(REPOSITORY, contents(exported))
    hub.announced = {"config.json": 65_537}
    assert refusal() == f"{URI}: config.json: has 65537 bytes, expected at most 65536"
    assert hub.got == []


def test_a_stranger_s_files_are_checked(hub: Hub, exported: Path) -> None:
    files = contents(exported)
    hub.commit(REPOSITORY, files | {"tagger.onnx": files["tagger.onnx"][:-1] + b"?"})
    assert "tagger.onnx: damaged: its SHA-256 is " in refusal()


def test_without_network_the_files_fetched_last_are_used(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub()
    with serving(hub) as address:
        use(address, tmp_path, monkeypatch)
        hub.commit(REPOSITORY, contents(exported))
        folder = fetch(URI)
        amount = len(hub.got)
        assert fetch(URI) == folder
        assert len(hub.got) == amount
    assert fetch(URI) == folder
    assert refusal("hf://alice/other").startswith("hf://alice/other: ")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("hf://alice/none", "Repository Not Found"),
        (f"{URI}@none", "Revision Not Found"),
        ("hf://a/b/c", "Repo id must be in the form"),
        ("hf://", "Repo id must"),
    ],
)
def test_what_the_hub_does_not_have_is_one_line(source: str, told: str, hub: Hub) -> None:
    hub.commit(REPOSITORY, {})
    line = refusal(source)
    assert line.startswith(f"{source}: ")
    assert told in line


def test_the_command_pushes_to_the_hub_of_the_environment_and_predicts_with_it(
    hub: Hub, exported: Path, tmp_path: Path
) -> None:
    import huggingface_hub

    environment = os.environ | {"HF_ENDPOINT": huggingface_hub.constants.ENDPOINT, "HF_HOME": str(tmp_path)}

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "tagger", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    pushed = run("push", REPOSITORY, "--model", str(exported)).splitlines()
    assert pushed[1] == f"Use it with: lstm-tagger predict --model {URI}"
    assert run("predict", "--model", URI, *WORDS) == run("predict", "--model", str(exported), *WORDS)


@pytest.mark.parametrize("arguments", [["predict", "--model", URI, "x"], ["push", REPOSITORY]])
def test_the_extra_that_is_missing_is_named(arguments: list[str], exported: Path, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models/export").symlink_to(exported)
    code = "import sys; sys.modules['huggingface_hub'] = None; from tagger.cli.commands import run; run()"
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    told = f"error: huggingface_hub is not installed; install it with {install_command('hub')}\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", told)
