"""Sentences as arrays: what stands in them, on the disk and back, and their fingerprint."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tagger.core.common.errors import InputError
from tagger.core.corpus.dictionary import UNKNOWN, build_dictionaries
from tagger.core.corpus.encoded_split import EncodedSplit, encode
from tagger.core.corpus.indexed_corpus import NO_TAG, Sentence

TRAIN = [Sentence(("The", "dog", "the"), ("DET", "NOUN", "DET")), Sentence(("dog",), ("NOUN",))]
# Words: dog 2, the 3. Characters by count: h e d o g (2 each: d, e, g, h, o by name), then T, t (1 each).
DICTIONARIES = build_dictionaries(TRAIN, lowercase=True)
ARRAYS = ["sentence_starts", "forms", "tags", "form_words", "form_affixes", "form_starts", "characters", "may_follow"]
TEXTS = ["form_texts", "tag_names"]


def test_a_split_keeps_each_distinct_form_once() -> None:
    split = encode(TRAIN, DICTIONARIES)
    assert split.form_texts == ["The", "dog", "the"]
    assert split.forms.tolist() == [0, 1, 2, 1]
    assert split.form_words.tolist() == [3, 2, 3]
    assert split.form_starts.tolist() == [0, 3, 6, 9]


def test_characters_of_a_form_keep_their_case() -> None:
    assert DICTIONARIES.characters.ids == {"d": 2, "e": 3, "g": 4, "h": 5, "o": 6, "T": 7, "t": 8}
    assert encode(TRAIN, DICTIONARIES).characters.tolist() == [7, 5, 3, 2, 6, 4, 8, 5, 3]


def test_sentences_are_ranges_of_tokens() -> None:
    split = encode(TRAIN, DICTIONARIES)
    assert split.sentence_starts.tolist() == [0, 3, 4]
    assert split.sentences == 2
    assert split.lengths.tolist() == [3, 1]


def test_tags_have_the_ids_of_the_dictionary() -> None:
    split = encode(TRAIN, DICTIONARIES)
    assert split.tags.tolist() == [0, 1, 0, 1]
    assert split.tag_names == ["DET", "NOUN"]


def test_words_and_characters_missing_from_train_are_unknown() -> None:
    split = encode([Sentence(("dig", "DOG"), ("NOUN", "NOUN"))], DICTIONARIES)
    assert split.form_words.tolist() == [UNKNOWN, 2]
    assert split.characters.tolist() == [2, UNKNOWN, 4, UNKNOWN, UNKNOWN, UNKNOWN]


def test_tags_missing_from_train_get_ids_past_the_last() -> None:
    split = encode([Sentence(("a", "b", "c", "d"), ("VERB", "DET", "ADJ", "VERB"))], DICTIONARIES)
    assert split.tags.tolist() == [2, 0, 3, 2]
    assert split.tag_names == ["DET", "NOUN", "VERB", "ADJ"]


def test_encoding_leaves_the_dictionary_as_it_was() -> None:
    dictionaries = build_dictionaries(TRAIN, lowercase=True)
    encode([Sentence(("bird",), ("VERB",))], dictionaries)
    assert dictionaries.tags.ids == {"DET": 0, "NOUN": 1}
    assert dictionaries.words.ids == {"dog": 2, "the": 3}


def test_sentences_without_tags_are_encoded() -> None:
    split = encode([Sentence(("the", "dog"), ()), Sentence(("dog",), ())], DICTIONARIES)
    assert split.tags.tolist() == [NO_TAG, NO_TAG, NO_TAG]
    assert split.forms.tolist() == [0, 1, 1]
    assert split.tag_names == ["DET", "NOUN"]


def test_the_arrays_have_the_types_that_are_promised() -> None:
    split = encode(TRAIN, DICTIONARIES)
    assert {name: getattr(split, name).dtype for name in ARRAYS} == {
        "sentence_starts": np.int64,
        "forms": np.int32,
        "tags": np.int32,
        "form_words": np.int32,
        "form_affixes": np.int32,
        "form_starts": np.int64,
        "characters": np.int32,
        "may_follow": np.bool_,
    }


ODD = [Sentence(("été", "10 000", "\u2028", "日本😀"), ("X", "NUM", "SYM", "PROPN"))]


def test_a_split_comes_back_from_the_disk_as_it_was(tmp_path: Path) -> None:
    split = encode(TRAIN + ODD, DICTIONARIES)
    split.save(tmp_path)
    loaded = EncodedSplit.load(tmp_path)
    for name in ARRAYS:
        before, after = getattr(split, name), getattr(loaded, name)
        assert (after.dtype, after.tolist()) == (before.dtype, before.tolist())
    assert (loaded.form_texts, loaded.tag_names) == (split.form_texts, split.tag_names)


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_are_loaded_by_memory_map(tmp_path: Path, name: str) -> None:
    encode(TRAIN, DICTIONARIES).save(tmp_path)
    array = getattr(EncodedSplit.load(tmp_path), name)
    assert isinstance(array, np.memmap)
    assert not array.flags.writeable


def test_the_same_sentences_give_the_same_files(tmp_path: Path) -> None:
    contents = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        encode(TRAIN + ODD, DICTIONARIES).save(folder)
        contents.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert sorted(contents[0]) == sorted([f"{name}.npy" for name in ARRAYS] + [f"{name}.json" for name in TEXTS])
    assert contents[0] == contents[1]


def test_the_digest_is_32_hexadecimal_digits() -> None:
    digest = encode(TRAIN, DICTIONARIES).digest()
    assert len(digest) == 32
    assert set(digest) <= set("0123456789abcdef")


def test_the_digest_of_the_same_sentences_is_the_same() -> None:
    again = build_dictionaries(list(TRAIN), lowercase=True)
    assert encode(list(TRAIN), again).digest() == encode(TRAIN, DICTIONARIES).digest()


def test_the_digest_does_not_change_on_the_disk(tmp_path: Path) -> None:
    split = encode(TRAIN + ODD, DICTIONARIES)
    split.save(tmp_path)
    assert EncodedSplit.load(tmp_path).digest() == split.digest()


@pytest.mark.parametrize(
    "changed",
    [
        [Sentence(("The", "cat", "the"), ("DET", "NOUN", "DET")), TRAIN[1]],
        [Sentence(("the", "dog", "the"), ("DET", "NOUN", "DET")), TRAIN[1]],
        [Sentence(("The", "dog", "the"), ("DET", "DET", "DET")), TRAIN[1]],
        [Sentence(("The", "dog", "the"), ("DET", "NEW", "DET")), TRAIN[1]],
        [Sentence(("The", "dog"), ("DET", "NOUN")), Sentence(("the", "dog"), ("DET", "NOUN"))],
        [TRAIN[1], TRAIN[0]],
        [TRAIN[0]],
        [*TRAIN, TRAIN[1]],
        [Sentence(TRAIN[0].words, ()), TRAIN[1]],
    ],
    ids=["word", "case", "tag", "new tag", "boundary", "order", "one less", "one more", "no tags"],
)
def test_the_digest_changes_with_the_sentences(changed: list[Sentence]) -> None:
    assert encode(changed, DICTIONARIES).digest() != encode(TRAIN, DICTIONARIES).digest()


@pytest.mark.parametrize(("one", "other"), [("bird", "fish"), ("bi", "rd")], ids=["same characters ids", "length"])
def test_the_digest_tells_unknown_words_apart(one: str, other: str) -> None:
    splits = [encode([Sentence((word,), ("NOUN",))], DICTIONARIES) for word in (one, other)]
    assert splits[0].digest() != splits[1].digest()


@pytest.mark.parametrize("name", [field.name for field in fields(EncodedSplit)])
def test_the_digest_covers_every_part(name: str) -> None:
    spans = [Sentence(("a", "b"), ("B", "I"))]
    split = encode(spans, build_dictionaries(spans, lowercase=True))
    changed = getattr(split, name).copy()
    changed[-1] = changed[-1] + "x" if isinstance(changed, list) else 1 - changed[-1]
    assert replace(split, **{name: changed}).digest() != split.digest()


@pytest.mark.parametrize("name", [*(f"{name}.npy" for name in ARRAYS), *(f"{name}.json" for name in TEXTS)])
def test_a_missing_file_of_a_split_is_named(tmp_path: Path, name: str) -> None:
    encode(TRAIN, DICTIONARIES).save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InputError) as caught:
        EncodedSplit.load(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / name}: no such file; expected the output of `prepare`")


@pytest.mark.parametrize("name", ["forms.npy", "form_starts.npy", "form_texts.json"])
@pytest.mark.parametrize("kept", [0, 1, 6, -2])
def test_a_damaged_file_of_a_split_is_named(tmp_path: Path, name: str, kept: int) -> None:
    encode(TRAIN, DICTIONARIES).save(tmp_path)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:kept])
    with pytest.raises(InputError) as caught:
        EncodedSplit.load(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / name}: damaged: ")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of old names of types
@pytest.mark.parametrize("bit", range(8))
def test_a_flipped_bit_in_the_head_of_an_array_is_named(tmp_path: Path, bit: int) -> None:
    encode(TRAIN, DICTIONARIES).save(tmp_path)
    whole = (tmp_path / "forms.npy").read_bytes()
    for place in range(80):
        (tmp_path / "forms.npy").write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
        with suppress(InputError):
            EncodedSplit.load(tmp_path)


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize(
    "change",
    [
        lambda array: array.astype(np.float64),
        lambda array: array.astype("<U3"),
        lambda array: array[0],
        lambda array: array[..., None],
        lambda array: array[:-1],
        lambda array: np.concatenate([array, array]),
    ],
)
def test_an_array_of_another_shape_or_type_is_named(tmp_path: Path, name: str, change: Callable[[Any], Any]) -> None:
    split = encode(TRAIN, DICTIONARIES)
    split.save(tmp_path)
    np.save(tmp_path / f"{name}.npy", change(getattr(split, name)))
    with pytest.raises(InputError, match=": damaged: "):
        EncodedSplit.load(tmp_path)


@pytest.mark.parametrize("name", [name for name in ARRAYS if name != "may_follow"])
@pytest.mark.parametrize("value", [-2, 10_000])
def test_an_id_of_no_entry_is_named(tmp_path: Path, name: str, value: int) -> None:
    split = encode(TRAIN, DICTIONARIES)
    array = getattr(split, name).copy()
    array.flat[1] = value
    replace(split, **{name: array}).save(tmp_path)
    with pytest.raises(InputError) as caught:
        EncodedSplit.load(tmp_path, DICTIONARIES.sizes)
    assert str(caught.value).startswith(f"{tmp_path / name}.npy: damaged: does not fit ")


def test_a_split_of_other_dictionaries_is_named(tmp_path: Path) -> None:
    encode(TRAIN, DICTIONARIES).save(tmp_path)
    EncodedSplit.load(tmp_path, DICTIONARIES.sizes)
    with pytest.raises(InputError, match="does not fit the other files and the dictionaries"):
        EncodedSplit.load(tmp_path, build_dictionaries([Sentence(("x",), ("X",))], lowercase=True).sizes)


@pytest.mark.parametrize("texts", [[1], ["\ud800"], {"a": 1}, None])
def test_a_list_that_has_no_texts_is_named(tmp_path: Path, texts: object) -> None:
    encode(TRAIN, DICTIONARIES).save(tmp_path)
    (tmp_path / "form_texts.json").write_text(json.dumps(texts), encoding="utf-8")
    with pytest.raises(InputError, match=r"form_texts\.json: damaged: "):
        EncodedSplit.load(tmp_path)
