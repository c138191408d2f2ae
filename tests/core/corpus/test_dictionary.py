"""Dictionaries: which id an entry gets, which affixes there are, and how they are kept."""

import random
from pathlib import Path

import pytest

from tagger.core.common.errors import InputError
from tagger.core.corpus.dictionary import (
    DICTIONARY_FILES,
    FEWEST_WORDS,
    MOST_AFFIXES,
    PADDING,
    RESERVED,
    SHAPED,
    UNKNOWN,
    Dictionaries,
    Dictionary,
    affixes_of,
    build_dictionaries,
    count_affixes,
    shape_of,
)
from tagger.core.corpus.indexed_corpus import Sentence
from tests.samples import tagged

TRAIN = [
    Sentence(("The", "dog", "saw", "the", "cat"), ("DET", "NOUN", "VERB", "DET", "NOUN")),
    Sentence(("the", "cat", "ran"), ("DET", "NOUN", "VERB")),
]


def test_words_are_numbered_by_falling_count_then_by_name() -> None:
    words = build_dictionaries(TRAIN, lowercase=True).words
    assert words.ids == {"the": 2, "cat": 3, "dog": 4, "ran": 5, "saw": 6}
    assert words.counts == [3, 2, 1, 1, 1]


def test_without_lowercase_words_keep_their_case() -> None:
    words = build_dictionaries(TRAIN, lowercase=False).words
    assert words.ids == {"cat": 2, "the": 3, "The": 4, "dog": 5, "ran": 6, "saw": 7}


def test_tags_are_numbered_from_zero_by_name() -> None:
    tags = build_dictionaries(TRAIN, lowercase=True).tags
    assert tags.ids == {"DET": 0, "NOUN": 1, "VERB": 2}
    assert tags.counts == [3, 3, 2]


@pytest.mark.parametrize("lowercase", [True, False])
def test_characters_keep_their_case_and_count_every_token(lowercase: bool) -> None:
    train = [Sentence(("Aab", "b", "b"), ("X", "X", "X"))]
    characters = build_dictionaries(train, lowercase).characters
    assert characters.ids == {"b": 2, "A": 3, "a": 4}
    assert characters.counts == [3, 1, 1]


@pytest.mark.parametrize(("word", "expected"), [("the", 2), ("THE", 2), ("The", 2), ("bird", UNKNOWN)])
def test_with_lowercase_words_are_looked_up_in_lower_case(word: str, expected: int) -> None:
    assert build_dictionaries(TRAIN, lowercase=True).word_id(word) == expected


@pytest.mark.parametrize(("word", "expected"), [("the", 3), ("The", 4), ("THE", UNKNOWN)])
def test_without_lowercase_words_are_looked_up_as_they_stand(word: str, expected: int) -> None:
    assert build_dictionaries(TRAIN, lowercase=False).word_id(word) == expected


def test_the_order_of_the_sentences_does_not_change_an_id() -> None:
    generator = random.Random(5)
    train = [Sentence((generator.choice("abcdefgh"), generator.choice("xyz")), ("N", "V")) for _ in range(40)]
    shuffled = train.copy()
    generator.shuffle(shuffled)
    assert shuffled != train
    assert build_dictionaries(shuffled, True).words.ids == build_dictionaries(train, True).words.ids


@pytest.mark.parametrize("word", ["<pad>", "<unk>", "<PAD>", "[UNK]", "0", "1", "PADDING", "UNKNOWN", "", "\x00"])
def test_no_word_of_a_corpus_is_taken_for_padding_or_unknown(word: str) -> None:
    dictionaries = build_dictionaries([Sentence((word, "a"), ("X", "Y"))], lowercase=False)
    assert dictionaries.word_id(word) >= RESERVED
    assert dictionaries.word_id(word) != dictionaries.word_id("a")


@pytest.mark.parametrize("word", ["<pad>", "<unk>", "", "0"])
def test_a_word_missing_from_train_is_unknown_whatever_its_name(word: str) -> None:
    dictionaries = build_dictionaries(TRAIN, lowercase=True)
    assert dictionaries.word_id(word) == UNKNOWN
    assert dictionaries.characters.id(word) == UNKNOWN


def test_padding_and_unknown_are_two_ids_below_every_entry() -> None:
    words = build_dictionaries(TRAIN, lowercase=True).words
    assert sorted([PADDING, UNKNOWN, *words.ids.values()]) == list(range(len(words)))


def test_the_length_counts_the_reserved_ids() -> None:
    dictionaries = build_dictionaries(TRAIN, lowercase=True)
    assert (len(dictionaries.words), len(dictionaries.tags)) == (2 + 5, 3)


def test_affixes_are_marked_by_their_side() -> None:
    assert affixes_of("things") == ["^t", "^th", "^thi", "$s", "$gs", "$ngs", "$ings"]


def test_a_short_word_is_an_affix_itself() -> None:
    assert affixes_of("is") == ["^i", "^is", "$s", "$is"]


@pytest.mark.parametrize("word", ["a", "ab", "abc", "abcd", "abcde", "^$^$", "日本語", "x" * 1000])
def test_no_word_has_more_than_the_most(word: str) -> None:
    affixes = affixes_of(word)
    assert len(affixes) == len(set(affixes)) <= MOST_AFFIXES


@pytest.mark.parametrize(
    ("word", "shape"),
    [
        ("Rome", "~Xx"),
        ("NATO", "~X"),
        ("iPhone", "~xXx"),
        ("3.14", "~d.d"),
        ("२०२६", "~d"),
        ("U.S.", "~X.X."),
        ("«", "~."),
        ("...", "~."),
        ("Hà Nội", "~Xx.Xx"),
        ("Élodie", "~Xx"),
        ("E\u0301lodie", "~Xx"),
        ("日本語", "~x"),
        ("தமிழ்", "~x"),  # letters and marks
        ("ǅ", "~x"),
        ("", "~"),
    ],
)
def test_a_shape_has_the_kinds_of_characters_and_runs_as_one(word: str, shape: str) -> None:
    assert shape_of(word) == shape


def test_affixes_are_counted_by_words_and_rare_ones_left_out() -> None:
    counts = count_affixes(["sing", "ring", "wing", "rang"], ["Sing", "sing", "Ring", "wing", "rang"])
    assert FEWEST_WORDS == 3
    assert counts == {"$g": 4, "$ng": 4, "$ing": 3, "~x": 3}


def test_how_often_a_word_occurs_does_not_matter() -> None:
    dictionaries = build_dictionaries([tagged("ab/X ab/X AB/X ab/X")], lowercase=True)
    assert not dictionaries.affixes.entries


def test_ids_are_those_of_the_dictionary_and_else_padding() -> None:
    dictionaries = build_dictionaries([tagged("xing/X yang/X zong/X")], lowercase=True)
    ids = dictionaries.affixes.ids
    # ^l ^lu ^lun $g $ng $ung $lung ~X or ~x
    expected = [PADDING, PADDING, PADDING, ids["$g"], ids["$ng"], PADDING, PADDING]
    assert dictionaries.affix_ids("LUNG") == [*expected, PADDING]
    assert dictionaries.affix_ids("lung") == [*expected, ids["~x"]]


@pytest.mark.parametrize(("words", "shapes"), [(SHAPED - 1, ["~x"]), (SHAPED, [])])
def test_a_large_corpus_has_no_shapes(words: int, shapes: list[str]) -> None:
    text = " ".join(f"{word}/X" for word in ("ab", "cd", "ef"))
    dictionaries = build_dictionaries([tagged(text), tagged("ab/X " * (words - 3))], lowercase=True)
    assert dictionaries.affixes.entries == shapes
    assert dictionaries.shapes == bool(shapes)
    assert len(dictionaries.affix_ids("Ab")) == dictionaries.most_affixes == MOST_AFFIXES + len(shapes)


def test_a_shape_keeps_its_case() -> None:
    dictionaries = build_dictionaries([tagged("Xin/X Yan/X Zoe/X so/X")], lowercase=True)
    assert dictionaries.affixes.entries == ["~Xx"]
    assert dictionaries.affix_ids("Ada")[-2:] == [PADDING + 2, PADDING]
    assert not any(dictionaries.affix_ids("ada"))


def test_affixes_have_the_case_that_words_are_looked_up_in() -> None:
    dictionaries = build_dictionaries([tagged("xing/X yang/X zong/X")], lowercase=False)
    assert not any(dictionaries.affix_ids("LUNG"))


def test_a_dictionary_is_json_with_one_line_per_entry(tmp_path: Path) -> None:
    Dictionary([("été", 3), ('"', 1)], first_id=2).save(tmp_path / "words.json")
    assert (tmp_path / "words.json").read_bytes() == (
        '{"first_id": 2, "entries": [\n["été", 3],\n["\\"", 1]\n]}\n'.encode()
    )


ODD_WORDS = ["été", "\u2028", '"', "\\", "日本", "😀", "10 000", "<pad>", "\x00"]


def test_dictionaries_come_back_from_the_disk_as_they_were(tmp_path: Path) -> None:
    saved = build_dictionaries([*TRAIN, Sentence(tuple(ODD_WORDS), ("X",) * len(ODD_WORDS))], lowercase=True)
    saved.save(tmp_path)
    loaded = Dictionaries.load(tmp_path)
    assert loaded.lowercase is True
    for before, after in zip(saved[:4], loaded[:4], strict=True):
        assert (after.first_id, after.entries, after.counts) == (before.first_id, before.entries, before.counts)
        assert after.ids == before.ids


def test_dictionaries_that_were_loaded_are_saved_byte_for_byte(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    build_dictionaries(TRAIN, lowercase=False).save(first)
    Dictionaries.load(first).save(second)
    names = sorted(path.name for path in first.iterdir())
    assert names == ["affixes.json", "characters.json", "lookup.json", "tags.json", "words.json"]
    assert [(second / name).read_bytes() for name in names] == [(first / name).read_bytes() for name in names]


def test_an_empty_dictionary_comes_back_empty(tmp_path: Path) -> None:
    Dictionary([], first_id=2).save(tmp_path / "words.json")
    assert len(Dictionary.parse((tmp_path / "words.json").read_bytes(), tmp_path)) == 2


@pytest.mark.parametrize("lowercase", [True, False])
def test_the_rule_of_looking_up_is_kept(tmp_path: Path, lowercase: bool) -> None:
    build_dictionaries(TRAIN, lowercase).save(tmp_path)
    assert Dictionaries.load(tmp_path).lowercase is lowercase


@pytest.mark.parametrize("name", ["words", "characters", "affixes", "tags"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"first_id": 2, "entries": [["a", 1]',
        b"[]",
        b"7",
        b'{"first_id": 2}',
        b'{"entries": []}',
        b'{"first_id": 1, "entries": []}',
        b'{"first_id": 2, "entries": ["a"]}',
        b'{"first_id": 2, "entries": [["a", "1"]]}',
        b'{"first_id": 2, "entries": [["a", -1]]}',
        b'{"first_id": 2, "entries": [["a", 9223372036854775808]]}',
        b'{"first_id": 2, "entries": [["a", true]]}',
        b'{"first_id": 2, "entries": [[1, 1]]}',
        b'{"first_id": 2, "entries": [["a", 1], ["a", 2]]}',
        b'{"first_id": 2, "entries": [["\xe9", 1]]}',
    ],
)
def test_a_damaged_dictionary_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    build_dictionaries(TRAIN, lowercase=True).save(tmp_path)
    path = tmp_path / f"{name}.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        Dictionaries.load(tmp_path)
    assert str(caught.value).startswith(f"{path}: damaged: ")


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"lowercase": 1}', b'{"lowercase": "yes"}', b"\xff"])
def test_a_damaged_rule_of_looking_up_is_named(tmp_path: Path, content: bytes) -> None:
    build_dictionaries(TRAIN, lowercase=True).save(tmp_path)
    (tmp_path / "lookup.json").write_bytes(content)
    with pytest.raises(InputError) as caught:
        Dictionaries.load(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'lookup.json'}: damaged: ")


@pytest.mark.parametrize("name", DICTIONARY_FILES)
def test_a_missing_file_of_the_dictionaries_is_named(tmp_path: Path, name: str) -> None:
    build_dictionaries(TRAIN, lowercase=True).save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InputError) as caught:
        Dictionaries.load(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / name}: no such file; expected ")


def test_the_column_and_the_form_of_words_are_kept(tmp_path: Path) -> None:
    build_dictionaries(TRAIN, True, "xpos", normalise=True).save(tmp_path)
    loaded = Dictionaries.load(tmp_path)
    assert (loaded.lowercase, loaded.column, loaded.normalise) == (True, "xpos", True)
    assert loaded.spelt(["e\u0301"]) == ("\xe9",)


def test_the_usual_column_and_form_are_not_written(tmp_path: Path) -> None:
    build_dictionaries(TRAIN, True)._replace(shapes=False).save(tmp_path)
    assert (tmp_path / "lookup.json").read_bytes() == b'{"lowercase": true}\n'
    loaded = Dictionaries.load(tmp_path)
    assert (loaded.column, loaded.normalise) == ("upos", False)
    assert loaded.spelt(["e\u0301"]) == ("e\u0301",)


def test_that_spans_begin_is_kept(tmp_path: Path) -> None:
    build_dictionaries([Sentence(("a", "b"), ("B-P", "I-P"))], True).save(tmp_path)
    assert (tmp_path / "lookup.json").read_bytes() == b'{"lowercase": true, "begins_spans": true, "shapes": true}\n'
    assert Dictionaries.load(tmp_path).begins_spans


@pytest.mark.parametrize("rule", ['"column": 1', '"normalise": "yes"', '"begins_spans": 1', '"shapes": 1'])
def test_a_rule_of_another_kind_is_damage(rule: str, tmp_path: Path) -> None:
    build_dictionaries(TRAIN, True).save(tmp_path)
    (tmp_path / "lookup.json").write_text(f'{{"lowercase": true, {rule}}}', encoding="utf-8")
    with pytest.raises(InputError, match="damaged"):
        Dictionaries.load(tmp_path)
