"""The bundled corpora: their size, their tags, and the runs that docs/ promises on them."""

import json
from pathlib import Path

import pytest
import yaml

from tagger.core.common import arithmetic
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.core.network.device import choose_device
from tagger.prepare.read_corpus import read_corpus
from tagger.runner.dvc_lock import read_lock_file
from tests.conftest import RECORDED, ROOT, Project, copy_files

OPEN = {"ADJ", "ADV", "INTJ", "NOUN", "PROPN", "VERB"}
CLOSED = {"ADP", "AUX", "CCONJ", "DET", "NUM", "PART", "PRON", "SCONJ"}
UPOS = OPEN | CLOSED | {"PUNCT", "SYM", "X"}


@pytest.fixture(scope="module")
def splits() -> dict[str, list[Sentence]]:
    return {name: list(read_corpus(ROOT / f"data/raw/{name}.csv")) for name in ("train", "dev", "test")}


def test_the_starter_corpus_is_large_enough(splits: dict[str, list[Sentence]]) -> None:
    assert len(splits["train"]) >= 600
    assert len(splits["dev"]) >= 100
    assert len(splits["test"]) >= 100
    assert sum(len(sentence.words) for split in splits.values() for sentence in split) >= 8000


def test_every_split_has_exactly_the_tags_of_universal_dependencies(splits: dict[str, list[Sentence]]) -> None:
    for split in splits.values():
        assert {tag for sentence in split for tag in sentence.tags} == UPOS


def test_sentences_have_3_to_30_words(splits: dict[str, list[Sentence]]) -> None:
    lengths = {len(sentence.words) for split in splits.values() for sentence in split}
    assert (min(lengths), max(lengths)) == (3, 30)


def test_no_sentence_occurs_twice(splits: dict[str, list[Sentence]]) -> None:
    sentences = [" ".join(sentence.words).lower() for split in splits.values() for sentence in split]
    assert len(set(sentences)) == len(sentences)


def test_words_take_different_tags_in_different_sentences(splits: dict[str, list[Sentence]]) -> None:
    tags: dict[str, set[str]] = {}
    for sentence in splits["train"]:
        for word, tag in zip(*sentence, strict=True):
            tags.setdefault(word.lower(), set()).add(tag)
    assert sum(len(found) > 1 for found in tags.values()) >= 150


def test_a_python_without_torch_is_named(tmp_path: Path) -> None:
    project = Project(tmp_path)
    copy_files(tmp_path)
    printed = project.run("python", "-S", "-m", "stages", "prepare", succeeds=False)
    assert printed.startswith("error: ")
    assert "has no torch; activate the environment" in printed
    assert len(printed.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_starter_run_gives_the_recorded_bytes_every_time(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    copy_files(project.root)
    project.commit("start")
    project.run("dvc", "repro")
    outputs = ("data/prepared", "data/predictions", "models", "metrics")
    before = project.contents(*outputs) | {"lock": (project.root / "dvc.lock").read_bytes()}
    weights = [before[f"models/{loss}/1/weights.safetensors"] for loss in ("nll", "cross_entropy")]
    assert weights[0] == weights[1]
    baseline = json.loads(before["metrics/prepare.json"])["test"]["baseline_accuracy"]
    assert json.loads(before["metrics/evaluate/nll/1.json"])["accuracy"] > baseline + 0.04
    project.run("dvc", "repro", "--force")
    assert project.contents(*outputs) | {"lock": (project.root / "dvc.lock").read_bytes()} == before
    if reason := arithmetic.limits(choose_device("auto").type):
        pytest.skip(f"the recorded bytes do not hold for {reason}")
    found, expected = (
        {(name, out): md5 for name, stage in read_lock_file(folder).items() for out, md5 in stage.outs.items()}
        for folder in (project.root, RECORDED / "starter")
    )
    assert found == expected


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_tutorial_run_tags_its_sentence_right(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    copy_files(project.root)
    project.commit("start")
    recipe = (project.root / "Makefile").read_text(encoding="utf-8").split("\ntutorial:")[1].split("\n\n")[0]
    settings = [word for word in recipe.replace("\\\n", " ").split() if "=" in word and not word.startswith("PATH")]
    project.run("dvc", "exp", "run", *(part for setting in settings for part in ("-S", setting)))
    assert yaml.safe_load((project.root / "params.yaml").read_text(encoding="utf-8"))["model"]["hidden"] == 6
    table = project.run("python", "-m", "tagger", "predict", "The cat heard that dog").splitlines()
    assert [row.split()[1] for row in table] == ["DET", "NN", "V", "DET", "NN"]
