from tagger.core.corpus.indexed_corpus import NO_TAG, IndexedCorpus, Sentence
from tests.samples import random_corpus, tagged

SENTENCES = [tagged("the/DET dog/NOUN"), tagged("dogs/NOUN dog/VERB the/DET dog/NOUN"), tagged("Run/VERB")]
CORPUS = IndexedCorpus.of(SENTENCES)


def test_forms_and_tags_are_numbered_by_their_first_use() -> None:
    assert CORPUS.form_texts == ["the", "dog", "dogs", "Run"]
    assert CORPUS.tag_names == ["DET", "NOUN", "VERB"]
    assert CORPUS.forms.tolist() == [0, 1, 2, 1, 0, 1, 3]
    assert CORPUS.tags.tolist() == [0, 1, 1, 2, 0, 1, 2]
    assert CORPUS.sentence_starts.tolist() == [0, 2, 6, 7]


def test_an_indexed_corpus_gives_its_sentences_back() -> None:
    sentences = random_corpus(50, seed=1)
    assert list(IndexedCorpus.of(iter(sentences))) == sentences
    assert len(IndexedCorpus.of(sentences)) == 50


def test_words_without_tags() -> None:
    sentences = [Sentence(("a", "b"), ()), Sentence(("b",), ())]
    corpus = IndexedCorpus.of(sentences)
    assert corpus.tags.tolist() == [NO_TAG] * 3
    assert corpus.tag_names == []
    assert list(corpus) == [Sentence(("a", "b"), ("", "")), Sentence(("b",), ("",))]


def test_some_words_may_lack_their_tag() -> None:
    sentences = [Sentence(("a", "b"), ("", "X")), Sentence(("b", "c", "a"), ("Y", "", "X"))]
    corpus = IndexedCorpus.of(sentences)
    assert corpus.tags.tolist() == [NO_TAG, 0, 1, NO_TAG, 0]
    assert corpus.tag_names == ["X", "Y"]
    assert list(corpus) == sentences


def test_no_sentence_at_all() -> None:
    corpus = IndexedCorpus.of([])
    assert len(corpus) == 0
    assert list(corpus) == []


def test_an_indexed_corpus_is_not_indexed_again() -> None:
    assert IndexedCorpus.of(CORPUS) is CORPUS


def test_normalised_words_are_the_same_word() -> None:
    sentences = [Sentence(("e\u0301", "\xe9", "a"), ("X", "Y", "X")), Sentence(("\xe9",), ("Y",))]
    corpus = IndexedCorpus.of(sentences).normalised()
    assert corpus.form_texts == ["\xe9", "a"]
    assert [*corpus] == [Sentence(("\xe9", "\xe9", "a"), ("X", "Y", "X")), Sentence(("\xe9",), ("Y",))]
