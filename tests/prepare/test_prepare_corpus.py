"""The stage `prepare`: what it says, what it refuses, and what it keeps of the corpus for the model."""

import json
from pathlib import Path

import pytest

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.common.yaml_file import write_yaml
from tagger.core.corpus.dictionary import Dictionaries
from tagger.prepare.prepare_corpus import prepare_corpus
from tests.samples import MODEL, TRAIN

GOOD = "text,tag\nThe dog barked,DET NOUN VERB\nWhy ?,ADV PUNCT\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "none.vec").write_text("0 0\n", encoding="utf-8")
    return tmp_path


def prepare(
    train: str = GOOD, dev: str = GOOD, test: str = GOOD, suffix: str = "csv", *, column: str = "upos", **data: bool
) -> None:
    """Run the stage on three files; `data` are other values of this section."""
    files = {"train": f"train.{suffix}", "dev": f"dev.{suffix}", "test": f"test.{suffix}"}
    for name, content in {"train": train, "dev": dev, "test": test}.items():
        Path(files[name]).write_text(content, encoding="utf-8")
    shares = {"dev_share": 0.1, "test_share": 0.1}
    document = {
        "seeds": [1],
        "device": "cpu",
        "arithmetic": "portable",
        "losses": ["nll"],
        "data": files | shares | {"format": "auto", "column": column, "lowercase": True} | data,
        "model": MODEL | {"vectors": "none.vec"},
        "train": TRAIN,
        "export": {
            "loss": "best",
            "registered_model": "tagger",
            "max_drop": 0,
            "int8": False,
            "data_licence": "",
        },
    }
    Path("params.yaml").write_text(write_yaml(document), encoding="utf-8")
    prepare_corpus()


def test_one_line_is_printed_for_each_split(capsys: pytest.CaptureFixture[str]) -> None:
    prepare(dev="text,tag\nThe cat barked !,DET NOUN VERB SYM\n")
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "train: train.csv (CSV): 2 sentences, 5 words, 5 of them distinct",
        "dev: dev.csv (CSV): 1 sentence, 4 words, 50.0% of them not in train; sentences also in train: 0; "
        "words whose tag is not in train: 1 (SYM)",
        "test: test.csv (CSV): 2 sentences, 5 words, 0.0% of them not in train; sentences also in train: 2; "
        "words whose tag is not in train: 0",
    ]


def test_a_mistake_in_a_split_leaves_the_earlier_outputs() -> None:
    prepare()
    before = paths.SURVEY.read_bytes()
    with pytest.raises(InputError, match=r"^dev.csv \(dev\): 2 of 3 words are '_'"):
        prepare(dev="text,tag\n_ _ .,DET NOUN PUNCT\n")
    assert paths.SURVEY.read_bytes() == before


def test_a_doubtful_corpus_is_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    content = "text,tag\na b,X X\n"
    prepare(content, content, content)
    assert "warning: train.csv (train): every word has the tag 'X'" in capsys.readouterr().err


@pytest.mark.parametrize(("normalise", "words", "warns"), [(True, ["\xe9"], False), (False, ["e\u0301", "\xe9"], True)])
def test_words_are_normalised_on_demand(
    normalise: bool, words: list[str], warns: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    content = "text,tag\ne\u0301 \xe9,A B\n"
    prepare(train=content, dev=content, test=content, normalise=normalise)
    dictionaries = Dictionaries.load(paths.DICTIONARIES)
    assert (sorted(dictionaries.words.entries), dictionaries.normalise) == (words, not warns)
    assert json.loads((paths.TRAIN / "form_texts.json").read_text(encoding="utf-8")) == words
    assert ("two Unicode forms" in capsys.readouterr().err) is warns


ROW = "1\tdog\t_\tNOUN\tNN\t_\t_\t_\t_\t_\n\n"


@pytest.mark.parametrize(
    ("content", "suffix", "column", "kept"),
    [
        (ROW, "conllu", "upos", "upos"),
        (ROW, "conllu", "xpos", "xpos"),
        ("text,tag\nThe dog,DET NOUN\n", "csv", "upos", "upos"),
        ("text,tag\nThe dog,DT NN\n", "csv", "upos", "upos"),
        ("John B-PER\nran O\n", "conll", "upos", "misc"),
    ],
)
def test_the_column_of_the_tags_is_kept_for_the_model(content: str, suffix: str, column: str, kept: str) -> None:
    prepare(content, content, content, suffix, column=column)
    assert Dictionaries.load(paths.DICTIONARIES).column == kept
