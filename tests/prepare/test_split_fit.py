"""Splits that do not fit each other: refused or warned of, with the names of their files."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from tagger.core.common.errors import InputError
from tagger.core.corpus.dictionary import build_dictionaries
from tagger.core.corpus.encoded_split import encode
from tagger.core.corpus.word_vectors import NO_VECTORS
from tagger.core.params.schema import DataParams
from tagger.prepare.prepare_corpus import prepare_corpus
from tagger.prepare.split_fit import check_fit
from tagger.prepare.survey import survey
from tests.conftest import PARAMS
from tests.samples import tagged

TRAIN = ["The/DET dog/NOUN barks/VERB", "A/DET cat/NOUN runs/VERB ./PUNCT"]
FITTING = ["The/DET cat/NOUN barks/VERB ./PUNCT"]
SETTINGS = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))["data"]
FILES = DataParams.model_validate(SETTINGS | {"train": "mine.conllu", "dev": "dev.csv", "test": "test.csv"})


def warnings(dev: Sequence[str] = FITTING, test: Sequence[str] = FITTING) -> list[str]:
    splits = {"train": TRAIN, "dev": dev, "test": test}
    corpora = {name: [tagged(text) for text in texts] for name, texts in splits.items()}
    dictionaries = build_dictionaries(corpora["train"], lowercase=True)
    encoded = {name: encode(corpus, dictionaries) for name, corpus in corpora.items()}
    return check_fit(survey(encoded, dictionaries, NO_VECTORS), FILES)


def test_splits_that_fit_are_passed_in_silence() -> None:
    assert warnings() == []


def test_a_split_without_a_tag_of_train_is_refused_with_both_files_and_their_tags() -> None:
    with pytest.raises(InputError) as caught:
        warnings(test=["The/O dog/B-A barks/B-B", "A/B-C cat/B-D runs/B-E"])
    assert str(caught.value) == (
        "test (test.csv): got the tags B-A, B-B, B-C, B-D, B-E, ..., expected those of train (mine.conllu): "
        "DET, NOUN, PUNCT, VERB; does data.test belong to data.train?"
    )
    with pytest.raises(InputError, match=r"dev \(dev.csv\): got the tags O, expected"):
        warnings(dev=["The/O dog/O"])


def test_a_split_with_hardly_a_tag_of_train_is_warned_of() -> None:
    assert warnings(dev=["A/DET dog/NN barks/V"]) == [
        "dev (dev.csv): 67 % of the words have a tag that is not in train (mine.conllu); "
        "does data.dev belong to data.train?"
    ]
    assert warnings(dev=["A/DET dog/NN"]) == []


def test_a_split_with_hardly_a_word_of_train_is_warned_of() -> None:
    assert warnings(test=["Le/DET chien/NOUN aboie/VERB ./PUNCT"]) == [
        "test (test.csv): 75 % of the words are not in train (mine.conllu); does data.test belong to data.train?"
    ]
    assert warnings(test=["The/DET chien/NOUN aboie/VERB ./PUNCT"]) == []


def test_the_stage_writes_nothing_if_it_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = PARAMS.read_text(encoding="utf-8")
    Path("params.yaml").write_text(text.replace("data/", ""), encoding="utf-8")
    for folder, rows in {"raw/train": "a b,X Y", "raw/dev": "a b,X Y", "raw/test": "a b,A B"}.items():
        path = Path(f"{folder}.csv")
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"text,tag\n{rows}\n", encoding="utf-8")
    Path("vectors").mkdir()
    Path("vectors/none.vec").write_text("0 0\n", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=r"^test \(raw/test.csv\): got the tags A, B, expected those of train"):
        prepare_corpus()
    assert sorted(tmp_path.rglob("*")) == before
    Path("raw/test.csv").write_text("text,tag\nb a,X Y\n", encoding="utf-8")
    prepare_corpus()
    assert "dev: raw/dev.csv (CSV): 1 sentences" in capsys.readouterr().out
