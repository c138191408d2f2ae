import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import tagger as tagger_package
from tagger.core.common.errors import InputError
from tagger.core.corpus.dictionary import UNKNOWN
from tagger.core.corpus.encoded_split import encode
from tagger.core.network.lstm_tagger import tag_probabilities
from tagger.core.network.model_folder import TrainedModel, write_model
from tagger.predict.tagging import CHUNK, TaggedSentence, Tagger
from tests.samples import CPU, RANDOM, data_of, fresh_model, random_corpus, save_model, tagged

TAGS = ("ADJ", "ADV", "NAME", "NOUN", "VERB")
CORPUS = [sentence.words for sentence in random_corpus(30, seed=4)]


@pytest.fixture(scope="module")
def tagger(tmp_path_factory: pytest.TempPathFactory) -> Tagger:
    folder = tmp_path_factory.mktemp("models") / "nll"
    save_model(folder)
    return Tagger(folder)


def sure_tagger(folder: Path) -> Tagger:
    """Give every word A 1/2, B 1/8, C 1/4, D 1/8."""
    dictionaries = data_of([tagged("a/A b/B c/C d/D")], []).dictionaries
    model = fresh_model(dictionaries)
    model.linear.weight.data.zero_()
    model.linear.bias.data.copy_(torch.tensor([0.5, 0.125, 0.25, 0.125]).log())
    folder.mkdir()
    write_model(TrainedModel(model, dictionaries), folder)
    return Tagger(folder)


def assert_same(found: list[TaggedSentence], expected: list[TaggedSentence]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert (one.words, one.tags) == (other.words, other.tags)
        np.testing.assert_allclose(one.distribution, other.distribution, atol=1e-6)


def test_the_tag_names_are_those_of_the_model(tagger: Tagger) -> None:
    assert tagger.tag_names == TAGS


def test_a_tagged_sentence_has_the_most_probable_tags(tmp_path: Path) -> None:
    (sentence,) = sure_tagger(tmp_path / "model").tag([["a", "new"]])
    assert sentence.words == ("a", "new")
    assert sentence.tags == ("A", "A")
    assert sentence.probabilities == pytest.approx([0.5, 0.5])
    assert sentence.tag_names == ("A", "B", "C", "D")


def test_a_span_begins_before_it_goes_on_and_the_probabilities_are_those_of_the_tags(tmp_path: Path) -> None:
    dictionaries = data_of([tagged("a/B-P b/I-P c/O")], []).dictionaries
    model = fresh_model(dictionaries)
    model.linear.weight.data.zero_()
    model.linear.bias.data.copy_(torch.tensor([0.25, 0.625, 0.125]).log())
    (tmp_path / "model").mkdir()
    write_model(TrainedModel(model, dictionaries), tmp_path / "model")
    one, none, three = Tagger(tmp_path / "model").tag([["a"], [], ["a", "b", "c"]])
    assert (one.tags, none.tags, three.tags) == (("B-P",), (), ("B-P", "I-P", "I-P"))
    assert three.probabilities == pytest.approx([0.25, 0.625, 0.625])
    assert three.distribution[0].tolist() == pytest.approx([0.25, 0.625, 0.125])
    assert none.probabilities == []


def test_a_whole_corpus_gets_the_bits_that_evaluation_gives(tagger: Tagger) -> None:
    sentences = random_corpus(20, seed=2)  # those of RANDOM.dev
    found = np.concatenate([sentence.distribution for sentence in tagger.tag(words for words, _ in sentences)])
    expected = tag_probabilities(fresh_model(RANDOM.dictionaries), encode(sentences, RANDOM.dictionaries), CPU)
    np.testing.assert_array_equal(found, expected)


def test_probabilities_of_a_word_sum_to_one(tagger: Tagger) -> None:
    for sentence in tagger.tag(CORPUS):
        np.testing.assert_allclose(sentence.distribution.sum(axis=1), 1, atol=1e-5)


def test_unknown_words_and_characters_get_tags(tagger: Tagger) -> None:
    words = ("Ωmega", "日本語", "🙂", "x" * 300, "<pad>", "e\u0301")
    assert {RANDOM.dictionaries.word_id(word) for word in words} == {UNKNOWN}
    (sentence,) = tagger.tag([words])
    assert sentence.words == words
    assert len(sentence.tags) == 6
    assert set(sentence.tags) <= set(TAGS)
    assert np.isfinite(sentence.distribution).all()


def test_an_empty_sentence_comes_back_without_tags(tagger: Tagger) -> None:
    (sentence,) = tagger.tag([[]])
    assert sentence.words == ()
    assert sentence.tags == ()
    assert sentence.probabilities == []


def test_an_empty_sentence_between_others_changes_nothing(tagger: Tagger) -> None:
    first, last = CORPUS[0], CORPUS[1]
    found = list(tagger.tag([[], first, [], [], last, []]))
    assert [sentence.words for sentence in found] == [(), first, (), (), last, ()]
    assert_same([found[1], found[4]], list(tagger.tag([first, last])))


def test_no_sentence_gives_none(tagger: Tagger) -> None:
    assert list(tagger.tag([])) == []


def test_sentences_keep_their_order(tagger: Tagger) -> None:
    assert [sentence.words for sentence in tagger.tag(CORPUS)] == CORPUS


def test_sentences_tagged_one_by_one_get_the_same(tagger: Tagger) -> None:
    alone = [sentence for words in CORPUS for sentence in tagger.tag([words])]
    assert_same(list(tagger.tag(CORPUS)), alone)


@pytest.mark.parametrize("size", [1, 7, 30, 31])
def test_the_borders_of_chunks_change_nothing(size: int, tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = list(tagger.tag(CORPUS))
    monkeypatch.setattr("tagger.predict.tagging.CHUNK", size)
    assert_same(list(tagger.tag(CORPUS)), expected)


def test_more_sentences_than_a_chunk_come_back_in_order(tagger: Tagger) -> None:
    many = list(itertools.islice(itertools.cycle(CORPUS), 2 * CHUNK + 3))
    found = list(tagger.tag(many))
    assert [sentence.words for sentence in found] == many
    assert_same(found[CHUNK : CHUNK + 1] + found[-1:], list(tagger.tag([many[CHUNK], many[-1]])))


def test_an_endless_stream_is_read_chunk_by_chunk(tagger: Tagger) -> None:
    taken = 0

    def endless() -> Iterator[list[str]]:
        nonlocal taken
        while True:
            taken += 1
            yield ["abs"]

    stream = tagger.tag(endless())
    assert taken == 0
    next(stream)
    assert taken == CHUNK
    list(itertools.islice(stream, CHUNK - 1))
    assert taken == CHUNK
    next(stream)
    assert taken == 2 * CHUNK


def test_alternatives_are_sorted_and_ties_stand_in_the_order_of_tags(tmp_path: Path) -> None:
    (sentence,) = sure_tagger(tmp_path / "model").tag([["a"]])
    names, probabilities = zip(*sentence.alternatives(0, 4), strict=True)
    assert names == ("A", "C", "B", "D")
    assert probabilities == pytest.approx((0.5, 0.25, 0.125, 0.125))


@pytest.mark.parametrize(("amount", "names"), [(1, ["A"]), (2, ["A", "C"]), (9, ["A", "C", "B", "D"])])
def test_alternatives_are_as_many_as_wanted(amount: int, names: list[str], tmp_path: Path) -> None:
    (sentence,) = sure_tagger(tmp_path / "model").tag([["a"]])
    assert [name for name, _ in sentence.alternatives(0, amount)] == names


def test_alternatives_are_those_of_the_position() -> None:
    rows = np.array([[0.75, 0.25], [0.125, 0.875]], dtype=np.float32)
    sentence = TaggedSentence(("a", "b"), ("X", "Y"), rows, ("X", "Y"))
    assert sentence.alternatives(0, 1) == [("X", 0.75)]
    assert sentence.alternatives(1, 2) == [("Y", 0.875), ("X", 0.125)]


def test_the_first_alternative_is_the_tag(tagger: Tagger) -> None:
    for sentence in tagger.tag(CORPUS):
        best = [sentence.alternatives(position, 1)[0] for position in range(len(sentence.words))]
        assert best == list(zip(sentence.tags, sentence.probabilities, strict=True))


def test_words_are_looked_up_as_the_dictionaries_say(tmp_path: Path) -> None:
    save_model(tmp_path / "model", characters="none", affix_dim=0)
    known = RANDOM.dictionaries.words.entries[0]
    capital, small, other = Tagger(tmp_path / "model").tag([[known.upper()], [known], ["never"]])
    np.testing.assert_allclose(capital.distribution, small.distribution, atol=1e-6)
    assert np.abs(capital.distribution - other.distribution).max() > 1e-3


def test_a_missing_model_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a model folder"):
        Tagger(tmp_path / "none")


def test_a_sentence_may_be_a_text_or_a_list_of_words(tagger: Tagger) -> None:
    found = list(tagger.tag([" a\tbed  cy ", ["a", "bed", "cy"], ("x y",), ""]))
    assert [sentence.words for sentence in found] == [("a", "bed", "cy"), ("a", "bed", "cy"), ("x y",), ()]
    assert_same(found[:1], found[1:2])


def test_one_text_in_place_of_sentences_is_refused(tagger: Tagger) -> None:
    with pytest.raises(InputError) as caught:
        next(tagger.tag("The dog"))
    assert str(caught.value) == "expected a list of sentences, got one string: 'The dog'"


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        (["b", ""], "sentence 2, word 2: got '', expected a word that is not blank"),
        (["b", " "], "sentence 2, word 2: got ' ', expected a word that is not blank"),
        (["b", 3], "sentence 2, word 2: got 3 (int), expected a string"),
        (
            ["b", "\ud800"],
            "sentence 2, word 2: got '\\ud800', half a character or not UTF-8; expected valid Unicode",
        ),
        (["b", "x" * 100_001], "sentence 2, word 2: got 100001 characters, expected at most 100000"),
        (["a"] * 100_001, "sentence 2: got 100001 words, expected at most 100000"),
        (None, "sentence 2: got None (NoneType), expected a string or a list of words"),
    ],
)
def test_what_is_no_sentence_is_named(sentence: object, message: str, tagger: Tagger) -> None:
    with pytest.raises(InputError) as caught:
        list(tagger.tag([["a"], sentence]))  # type: ignore[list-item]
    assert str(caught.value) == message


def test_a_chunk_ends_after_many_words_too(tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = list(tagger.tag(CORPUS))
    monkeypatch.setattr("tagger.predict.tagging.CHUNK_WORDS", 20)
    taken = 0

    def count() -> Iterator[tuple[str, ...]]:
        nonlocal taken
        for taken, words in enumerate(CORPUS, start=1):  # noqa: B007
            yield words

    stream = tagger.tag(count())
    first = next(stream)
    assert sum(map(len, CORPUS[: taken - 1])) < 20 <= sum(map(len, CORPUS[:taken]))
    assert_same([first, *stream], expected)


def test_a_model_can_be_loaded_by_text(tmp_path: Path) -> None:
    save_model(tmp_path / "model")
    assert Tagger.load(str(tmp_path / "model")).tag_names == Tagger.load(tmp_path / "model").tag_names == TAGS


def test_the_package_offers_what_users_need() -> None:
    assert (tagger_package.Tagger, tagger_package.InputError) == (Tagger, InputError)
    assert (Path(tagger_package.__file__).parent / "py.typed").exists()
    with pytest.raises(AttributeError, match="module 'tagger' has no attribute 'Taggre'"):
        tagger_package.Taggre  # noqa: B018
