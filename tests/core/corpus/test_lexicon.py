import pytest

from tagger.core.corpus.lexicon import most_frequent_tags, word_groups
from tests.samples import data_of, tagged

TRAIN = [tagged("the/DET dog/NOUN runs/VERB"), tagged("the/DET runs/NOUN runs/VERB"), tagged("The/DET Dog/PROPN")]


def groups_of(text: str, lowercase: bool = True) -> list[list[bool]]:
    data = data_of(TRAIN, [tagged(text)], lowercase)
    return [mask.tolist() for mask in word_groups(data.train, data.dev)]


def baseline_of(train: list[str], text: str) -> list[str]:
    data = data_of([tagged(sentence) for sentence in train], [tagged(text)])
    return [data.dev.tag_names[tag] for tag in most_frequent_tags(data.train, data.dev)]


def test_words_are_known_ambiguous_or_unknown() -> None:
    known, ambiguous, unknown = groups_of("The/DET runs/NOUN cat/NOUN dog/NOUN")
    assert known == [True, True, False, True]
    assert ambiguous == [False, True, False, True]  # dog and Dog are one word in lower case
    assert unknown == [False, False, True, False]


def test_words_are_told_apart_as_they_are_looked_up() -> None:
    known, ambiguous, _ = groups_of("dog/NOUN DOG/NOUN", lowercase=False)
    assert known == [True, False]
    assert ambiguous == [False, False]


def test_a_new_tag_in_the_split_does_not_make_a_word_ambiguous() -> None:
    assert groups_of("the/X")[1] == [False]


def test_the_baseline_gives_a_word_its_most_frequent_tag() -> None:
    assert baseline_of(["runs/VERB runs/NOUN runs/VERB the/DET"], "runs/NOUN the/DET") == ["VERB", "DET"]


def test_the_baseline_gives_an_unknown_word_the_most_frequent_tag_of_all() -> None:
    assert baseline_of(["a/DET b/NOUN c/NOUN"], "z/DET") == ["NOUN"]


def test_of_equally_frequent_tags_the_first_by_name_is_taken() -> None:
    assert baseline_of(["a/Z a/B"], "a/Z q/Z") == ["B", "B"]


@pytest.mark.parametrize("chunk", [1, 2, 5])
def test_counting_in_chunks_changes_nothing(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagger.core.corpus.lexicon._CHUNK", chunk)
    assert groups_of("The/DET runs/NOUN cat/NOUN dog/NOUN")[1] == [False, True, False, True]
    assert baseline_of(["a/Z a/B b/Z a/B b/Z a/Z a/Z"], "a/Z q/Z") == ["Z", "Z"]
