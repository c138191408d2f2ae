"""What is refused, and what is warned of, once a corpus has been read."""

import unicodedata
from pathlib import Path

import pytest

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import IndexedCorpus, Sentence
from tagger.prepare.findings import Finding, find_problems
from tagger.prepare.read_corpus import read_corpus

GOOD = [Sentence(("The", "dog"), ("DET", "NOUN")), Sentence(("Why", "?"), ("ADV", "PUNCT"))]
FILES = {"train": "train.csv", "dev": "dev.csv", "test": "test.csv"}


def findings(**splits: list[Sentence]) -> list[Finding]:
    corpora = {name: IndexedCorpus.of(splits.get(name, GOOD)) for name in FILES}
    return [*find_problems(corpora, FILES)]


def words(*texts: str) -> Sentence:
    return Sentence(texts, ("DET", "NOUN", *["X"] * len(texts))[: len(texts)])


def test_nothing_is_found_in_a_good_corpus() -> None:
    assert findings() == []


def test_a_corpus_without_its_text_is_refused() -> None:
    (finding,) = findings(dev=[words("_", "_", "."), words("_", "_")])
    assert finding.is_mistake
    assert finding.text.startswith("dev.csv (dev): 4 of 5 words are '_', expected words; some corpora come without")


def test_an_underscore_may_be_a_word() -> None:
    assert findings(dev=[words("_", "b", "."), words("a", "b")]) == []


@pytest.mark.parametrize("row", ["\"['a', 'b']\",\"['X', 'Y']\"", "\"['a' 'b']\",\"['X' 'Y']\"", '"[""a""]","[""X""]"'])
def test_python_lists_as_text_are_refused(row: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"text,tag\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"a.csv:2: the cell 'text' is a list in Python's notation"):
        read_corpus(tmp_path / "a.csv")


def test_python_tuples_as_text_are_refused() -> None:
    (finding,) = findings(train=[Sentence(("('The',", "'dog')"), ("DET", "NOUN"))])
    assert finding.text == """train.csv (train): the first word is "('The',", expected no Python lists as text"""


def test_python_lists_as_tags_are_refused() -> None:
    (finding,) = findings(dev=[Sentence(("a", "b"), ("['DET',", "'NOUN']"))])
    assert finding == Finding("""dev.csv (dev): the first tag is "['DET',", expected no Python lists as text""", True)


def test_nearly_as_many_tags_as_words_are_warned_of() -> None:
    numbers = tuple(str(number) for number in range(101))
    others = tuple(f"{number}b" for number in range(101))
    assert findings(train=[Sentence(numbers, numbers), Sentence(others, numbers)]) == []
    (finding,) = findings(train=[Sentence((*numbers[:50], *numbers[:51]), numbers)] * 2)
    assert finding == Finding("train.csv (train): 101 different tags and 51 different words; is the right column read?")


def test_a_sentence_may_begin_with_a_bracket_and_a_quote() -> None:
    assert findings(train=[words("['", "a"), words("a", "b"), words("a", "c")]) == []


def test_conflict_marks_of_git_are_refused() -> None:
    (finding,) = findings(test=[words("<<<<<<<", "a"), words(">>>>>>>", "b")])
    assert finding == Finding("test.csv (test): <<<<<<< and >>>>>>> are words: git left a conflict in the file", True)


@pytest.mark.parametrize("mark", ["<<<<<<<", "=======", ">>>>>>>"])
def test_one_such_mark_may_be_a_word(mark: str) -> None:
    assert findings(test=[words(mark, "a")]) == []


def test_a_very_long_sentence_is_warned_of() -> None:
    (finding,) = findings(train=[*GOOD, words(*["a", "b"] * 251)])
    assert finding == Finding(
        "train.csv (train): sentence 3 of 3 has 502 words; are blank lines missing between sentences?"
    )


def test_a_long_sentence_that_is_the_only_one_is_warned_of() -> None:
    assert findings(dev=[words(*["a"] * 100)]) == []
    (finding,) = findings(dev=[words(*["a"] * 101)])
    assert not finding.is_mistake
    assert "sentence 1 of 1 has 101 words" in finding.text


def test_a_single_tag_is_warned_of() -> None:
    only = [Sentence(("a", "b"), ("X", "X"))]
    assert findings(train=only) == [
        Finding("train.csv (train): every word has the tag 'X'; expected two tags at least")
    ]


def test_a_mixture_of_unicode_forms_is_warned_of() -> None:
    composed, decomposed = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))
    assert findings(train=[*GOOD, words(composed, "a")]) == []
    assert findings(train=[*GOOD, words(decomposed, "a")]) == []
    (finding,) = findings(train=[*GOOD, words(composed, "a")], dev=[words(decomposed, "b")])
    assert finding.text == (
        "words are spelt in two forms of Unicode: 1 are not in NFC, such as 'e\\u0301', which is '\\xe9' there; "
        "data.normalise makes them alike"
    )


@pytest.mark.parametrize("odd", ["caf\ufffd", "caf\xc3\xa9", "a\x07b", "\ufeffThe", "a\u200bb"])
def test_odd_characters_are_warned_of(odd: str) -> None:
    (finding,) = findings(dev=[words("a", odd)])
    assert finding == Finding(f"dev.csv (dev): 1 words hold odd characters, such as {odd!a}; is data.encoding right?")


def test_letters_and_marks_of_any_script_are_not_odd() -> None:
    assert findings(dev=[words("café", "Ãos", "日本", "\u0645\u06cc\u200c\u062e", "👩\u200d🔬", "1\xa0000")]) == []
