"""A finished model, measured on a file: the figures of the stage `evaluate`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tagger.cli.commands import main
from tagger.cli.evaluation import measure_model
from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.corpus.encoded_split import encode
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.core.network.device import choose_device
from tagger.core.network.lstm_tagger import tag_probabilities
from tagger.evaluate.metrics import METRICS, score
from tagger.evaluate.tagged_split import TaggedSplit
from tests.samples import RANDOM, random_corpus, save_model

TEST = random_corpus(9, seed=5)


def write_corpus(folder: Path, name: str, sentences: list[Sentence]) -> Path:
    path = folder / name
    if name.endswith(".csv"):
        rows = [f"{' '.join(words)},{' '.join(tags)}" for words, tags in sentences]
        path.write_text("\n".join(["text,tag", *rows, ""]), encoding="utf-8")
    else:
        blocks = [
            "".join(
                f"{n}\t{word}\t_\t_\t{tag}\t_\t_\t_\t_\t_\n" for n, (word, tag) in enumerate(zip(*pair, strict=True), 1)
            )
            for pair in sentences
        ]
        path.write_text("\n".join([*blocks, ""]), encoding="utf-8")
    return path


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save_model(tmp_path / "model")
    return tmp_path / "model"


def test_the_figures_are_those_of_the_stage(model: Path, tmp_path: Path) -> None:
    for folder, part in ((paths.DICTIONARIES, RANDOM.dictionaries), (paths.TRAIN, RANDOM.train)):
        folder.mkdir(parents=True)
        part.save(folder)
    split = encode(TEST, RANDOM.dictionaries)
    device = choose_device("cpu")
    from tagger.core.network.model_folder import read_model

    probabilities = tag_probabilities(read_model(model).model, split, device)
    expected = score(TaggedSplit.of(probabilities, split, TaggedSplit.baseline(RANDOM.train, split).groups))
    found = measure_model(str(model), write_corpus(tmp_path, "test.csv", TEST), "auto", None)
    assert found == {"sentences": 9, "words": len(split.forms)} | expected


def test_without_the_training_split_the_dictionary_says_which_words_are_known(model: Path, tmp_path: Path) -> None:
    found = measure_model(str(model), write_corpus(tmp_path, "test.csv", TEST), "auto", None)
    assert found["ambiguous_accuracy"] is None
    assert found["known_accuracy"] is not None
    assert found["unknown_accuracy"] is not None


def test_the_command_prints_json_or_a_table(model: Path, tmp_path: Path) -> None:
    write_corpus(tmp_path, "test.conllu", TEST)
    command = ["evaluate", "model", "test.conllu", "--column", "xpos"]
    printed = CliRunner().invoke(main, [*command, "--format", "json"], catch_exceptions=False).output
    metrics = json.loads(printed)
    assert list(metrics) == ["sentences", "words", *(name for name in METRICS if name != "span_f1")]
    lines = CliRunner().invoke(main, command, catch_exceptions=False).output.splitlines()
    assert [line.split()[0] for line in lines] == list(metrics)
    assert lines[2].split()[1] == f"{metrics['accuracy']:.4f}"
    assert lines[5].split()[1] == "-"


def test_a_mistake_in_the_file_is_named_with_its_line(model: Path, tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_text("text,tag\na b,X\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"^test.csv:2: 2 words but 1 tags"):
        measure_model(str(model), Path("test.csv"), "auto", None)
