"""What is refused, and what is warned of, once a corpus has been read."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest

from tagger.core.common.errors import InputError
from tagger.core.corpus.dictionary import build_dictionaries
from tagger.core.corpus.encoded_split import encode
from tagger.core.corpus.indexed_corpus import IndexedCorpus, Sentence
from tagger.core.corpus.word_vectors import NO_VECTORS
from tagger.prepare.findings import check_fit, find_problems
from tagger.prepare.prepare_corpus import prepare_corpus
from tagger.prepare.read_corpus import read_corpus
from tagger.prepare.survey import survey
from tests.conftest import PARAMS
from tests.samples import tagged

GOOD = [Sentence(("The", "dog"), ("DET", "NOUN")), Sentence(("Why", "?"), ("ADV", "PUNCT"))]
FILES = {"train": "train.csv", "dev": "dev.csv", "test": "test.csv"}


def findings(**splits: list[Sentence]) -> list[str]:
    corpora = {name: IndexedCorpus.of(splits.get(name, GOOD)) for name in FILES}
    return [*find_problems(corpora, FILES)]


def refusal(**splits: list[Sentence]) -> str:
    with pytest.raises(InputError) as caught:
        findings(**splits)
    return str(caught.value)


def words(*texts: str) -> Sentence:
    return Sentence(texts, ("DET", "NOUN", *["X"] * len(texts))[: len(texts)])


def test_nothing_is_found_in_a_good_corpus() -> None:
    assert findings() == []


def test_a_corpus_without_its_text_is_refused() -> None:
    message = refusal(dev=[words("_", "_", "."), words("_", "_")])
    assert message.startswith("dev.csv (dev): 4 of 5 words are '_', expected text; some corpora come without")


def test_an_underscore_may_be_a_word() -> None:
    assert findings(dev=[words("_", "b", "."), words("a", "b")]) == []


@pytest.mark.parametrize("row", ["\"['a', 'b']\",\"['X', 'Y']\"", "\"['a' 'b']\",\"['X' 'Y']\"", '"[""a""]","[""X""]"'])
def test_python_lists_as_text_are_refused(row: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"text,tag\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"a.csv:2: the cell 'text' is a Python list"):
        read_corpus(tmp_path / "a.csv")


def test_python_tuples_as_text_are_refused() -> None:
    message = refusal(train=[Sentence(("('The',", "'dog')"), ("DET", "NOUN"))])
    assert message == """train.csv (train): the first word is "('The',", expected plain text, not a Python list"""


def test_python_lists_as_tags_are_refused() -> None:
    message = refusal(dev=[Sentence(("a", "b"), ("['DET',", "'NOUN']"))])
    assert message == """dev.csv (dev): the first tag is "['DET',", expected plain text, not a Python list"""


def test_nearly_as_many_tags_as_words_are_warned_of() -> None:
    numbers = tuple(str(number) for number in range(101))
    others = tuple(f"{number}b" for number in range(101))
    assert findings(train=[Sentence(numbers, numbers), Sentence(others, numbers)]) == []
    (finding,) = findings(train=[Sentence((*numbers[:50], *numbers[:51]), numbers)] * 2)
    assert finding == "train.csv (train): 101 different tags and 51 different words; is this the right column?"


def test_a_sentence_may_begin_with_a_bracket_and_a_quote() -> None:
    assert findings(train=[words("['", "a"), words("a", "b"), words("a", "c")]) == []


def test_conflict_marks_of_git_are_refused() -> None:
    message = refusal(test=[words("<<<<<<<", "a"), words(">>>>>>>", "b")])
    assert message == "test.csv (test): <<<<<<< and >>>>>>> are words; resolve the git conflict in the file"


@pytest.mark.parametrize("mark", ["<<<<<<<", "=======", ">>>>>>>"])
def test_one_such_mark_may_be_a_word(mark: str) -> None:
    assert findings(test=[words(mark, "a")]) == []


def test_a_very_long_sentence_is_warned_of() -> None:
    (finding,) = findings(train=[*GOOD, words(*["a", "b"] * 251)])
    assert finding == "train.csv (train): sentence 3 of 3 has 502 words; are blank lines missing between sentences?"


def test_a_long_sentence_that_is_the_only_one_is_warned_of() -> None:
    assert findings(dev=[words(*["a"] * 100)]) == []
    (finding,) = findings(dev=[words(*["a"] * 101)])
    assert "sentence 1 of 1 has 101 words" in finding


def test_sentences_of_one_word_each_are_warned_of() -> None:
    assert findings(train=[*GOOD, *[words("a")] * 21]) == []
    (finding,) = findings(dev=[words("a")] * 21)
    assert finding == "dev.csv (dev): each of the 21 sentences has one word; is data.columns.sentence missing?"


def test_missing_tags_are_warned_of_if_they_are_most_and_refused_if_they_are_all() -> None:
    untagged = Sentence(("a", "b", "c"), ("", "", "X"))
    assert findings(dev=[*GOOD, untagged]) == []
    (finding,) = findings(dev=[untagged])
    assert finding == "dev.csv (dev): 2 of 3 words have no tag; is this the right column?"
    message = refusal(train=[Sentence(("a", "b"), ("", ""))])
    assert message.startswith("train.csv (train): no word has a tag, expected a tagged corpus")


def test_a_single_tag_is_warned_of() -> None:
    only = [Sentence(("a", "b"), ("X", "X"))]
    assert findings(train=only) == ["train.csv (train): every word has the tag 'X'; expected at least two tags"]


def test_a_mixture_of_unicode_forms_is_warned_of() -> None:
    composed, decomposed = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))
    assert findings(train=[*GOOD, words(composed, "a")]) == []
    assert findings(train=[*GOOD, words(decomposed, "a")]) == []
    (finding,) = findings(train=[*GOOD, words(composed, "a")], dev=[words(decomposed, "b")])
    assert finding == (
        "words are in two Unicode forms: 1 are not in NFC, such as 'e\\u0301' for '\\xe9'; "
        "set data.normalise to unify them"
    )


@pytest.mark.parametrize("odd", ["caf\ufffd", "caf\xc3\xa9", "a\x07b", "\ufeffThe", "a\u200bb"])
def test_odd_characters_are_warned_of(odd: str) -> None:
    assert findings(dev=[words("a", odd)]) == [
        f"dev.csv (dev): words with odd characters: 1, such as {odd!a}; is data.encoding right?"
    ]


def test_letters_and_marks_of_any_script_are_not_odd() -> None:
    assert findings(dev=[words("café", "Ãos", "日本", "\u0645\u06cc\u200c\u062e", "👩\u200d🔬", "1\xa0000")]) == []


TRAIN = ["The/DET dog/NOUN barks/VERB", "A/DET cat/NOUN runs/VERB ./PUNCT"]
FITTING = ["The/DET cat/NOUN barks/VERB ./PUNCT"]


def warnings(dev: Sequence[str] = FITTING, test: Sequence[str] = FITTING) -> list[str]:
    splits = {"train": TRAIN, "dev": dev, "test": test}
    corpora = {name: [tagged(text) for text in texts] for name, texts in splits.items()}
    dictionaries = build_dictionaries(corpora["train"], lowercase=True)
    encoded = {name: encode(corpus, dictionaries) for name, corpus in corpora.items()}
    return [*check_fit(survey(encoded, dictionaries, NO_VECTORS), FILES)]


def test_splits_that_fit_are_passed_in_silence() -> None:
    assert warnings() == []


def test_a_split_without_a_tag_of_train_is_refused_with_both_files_and_their_tags() -> None:
    with pytest.raises(InputError) as caught:
        warnings(test=["The/O dog/B-A barks/B-B", "A/B-C cat/B-D runs/B-E"])
    assert str(caught.value) == (
        "test (test.csv): got the tags B-A, B-B, B-C, B-D, B-E, ..., expected those of train (train.csv): "
        "DET, NOUN, PUNCT, VERB; do data.test and data.train belong together?"
    )
    with pytest.raises(InputError, match=r"dev \(dev.csv\): got the tags O, expected"):
        warnings(dev=["The/O dog/O"])


def test_a_split_with_hardly_a_tag_of_train_is_warned_of() -> None:
    assert warnings(dev=["A/DET dog/NN barks/V"]) == [
        "dev (dev.csv): 67 % of the words have a tag that is not in train (train.csv); "
        "do data.dev and data.train belong together?"
    ]
    assert warnings(dev=["A/DET dog/NN"]) == []


def test_a_split_with_hardly_a_word_of_train_is_warned_of() -> None:
    assert warnings(test=["Le/DET chien/NOUN aboie/VERB ./PUNCT"]) == [
        "test (test.csv): 75 % of the words are not in train (train.csv); do data.test and data.train belong together?"
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
    assert "dev: raw/dev.csv (CSV): 1 sentence" in capsys.readouterr().out
