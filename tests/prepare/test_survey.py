"""What the survey says of a corpus small enough to count by hand."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tagger.core.corpus.dictionary import build_dictionaries
from tagger.core.corpus.encoded_split import encode
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.core.corpus.word_vectors import NO_VECTORS, WordVectors
from tagger.prepare.survey import summary_lines, survey


def tagged(text: str) -> Sentence:
    """The DET dog NOUN -> a sentence of two words."""
    cells = text.split()
    return Sentence(tuple(cells[::2]), tuple(cells[1::2]))


def survey_of(splits: Mapping[str, Sequence[Sentence]], lowercase: bool = True) -> dict[str, Any]:
    dictionaries = build_dictionaries(splits["train"], lowercase)
    return survey(
        {name: encode(sentences, dictionaries) for name, sentences in splits.items()}, dictionaries, NO_VECTORS
    )


# In lower case: `the` DET twice, `dog` NOUN three times, `barks` VERB and NOUN once each, `runs` VERB, `loud` ADV.
# So the baseline gives NOUN, first by name, to `barks`, and NOUN, which is the most frequent of all, to unknown words.
SPLITS = {
    "train": [
        tagged("The DET dog NOUN barks VERB"),
        tagged("the DET dog NOUN runs VERB"),
        tagged("Dog NOUN barks NOUN loud ADV"),
    ],
    "dev": [tagged("The DET cat NOUN barks VERB ! PUNCT")],
    "test": [tagged("The DET dog NOUN barks VERB")],
}
SURVEY = survey_of(SPLITS)


def test_train_is_counted() -> None:
    assert SURVEY["train"] == {"sentences": 3, "tokens": 9, "types": 7, "tokens_without_tag": 0}


def test_dev_is_counted_and_compared_with_train() -> None:
    assert SURVEY["dev"] == {
        "sentences": 1,
        "tokens": 4,
        "types": 4,
        "tokens_without_tag": 0,
        "unknown_share": 0.5,  # cat, !
        "sentences_in_train": 0,
        "baseline_accuracy": 0.5,  # the, cat
        "tokens_of_unseen_tags": 1,
        "unseen_tags": [{"tag": "PUNCT", "count": 1}],
    }


def test_test_is_counted_and_compared_with_train() -> None:
    assert SURVEY["test"] == {
        "sentences": 1,
        "tokens": 3,
        "types": 3,
        "tokens_without_tag": 0,
        "unknown_share": 0.0,
        "sentences_in_train": 1,
        "baseline_accuracy": 0.666667,  # the, dog
        "tokens_of_unseen_tags": 0,
        "unseen_tags": [],
    }


def test_words_of_the_dictionary_and_those_with_a_vector_are_counted() -> None:
    assert SURVEY["dictionary"] == {"words": 5, "words_with_vector": 0}
    dictionaries = build_dictionaries(SPLITS["train"], lowercase=True)
    encoded = {name: encode(sentences, dictionaries) for name, sentences in SPLITS.items()}
    vectors = WordVectors(np.array([3, 5], dtype=np.int32), np.ones((2, 4), dtype=np.float32))
    assert survey(encoded, dictionaries, vectors)["dictionary"] == {"words": 5, "words_with_vector": 2}


def test_tags_are_counted_in_every_split() -> None:
    assert SURVEY["tags"] == [
        {"tag": "ADV", "train": 1, "dev": 0, "test": 0},
        {"tag": "DET", "train": 2, "dev": 1, "test": 1},
        {"tag": "NOUN", "train": 4, "dev": 1, "test": 1},
        {"tag": "PUNCT", "train": 0, "dev": 1, "test": 0},
        {"tag": "VERB", "train": 2, "dev": 1, "test": 1},
    ]


def test_without_lowercase_a_word_in_another_case_is_unknown() -> None:
    splits = {"train": [tagged("The DET dog NOUN")], "dev": [tagged("the DET Dog NOUN dog NOUN")]}
    part = survey_of(splits, lowercase=False)["dev"]
    assert part["unknown_share"] == 0.666667
    assert (
        part["baseline_accuracy"] == 0.666667
    )  # the unknown word gets DET: of two equally frequent tags, the first by name


def test_a_word_counts_as_often_as_it_occurs() -> None:
    splits = {"train": [tagged("a A")], "dev": [tagged("b A b A c B a A")]}
    part = survey_of(splits)["dev"]
    assert (part["tokens"], part["types"]) == (4, 3)
    assert (part["unknown_share"], part["baseline_accuracy"]) == (0.75, 0.75)


def test_sentences_of_train_are_those_with_the_same_words_in_the_same_case() -> None:
    dev = [tagged("The DET dog NOUN"), tagged("The X dog Y"), tagged("the DET dog NOUN"), tagged("The DET")]
    splits = {"train": [tagged("The DET dog NOUN")], "dev": dev}
    assert survey_of(splits)["dev"]["sentences_in_train"] == 2


def test_unseen_tags_are_listed_by_name_with_their_counts() -> None:
    splits = {"train": [tagged("a A")], "dev": [tagged("a Z b C"), tagged("a Z a A")]}
    part = survey_of(splits)["dev"]
    assert part["unseen_tags"] == [{"tag": "C", "count": 1}, {"tag": "Z", "count": 2}]
    assert part["tokens_of_unseen_tags"] == 3


def test_the_order_of_the_training_sentences_changes_nothing() -> None:
    train = SPLITS["train"][::-1]
    assert survey_of(SPLITS | {"train": train}) == SURVEY


def test_one_line_says_what_each_split_holds() -> None:
    sources = {"train": "a.csv (CSV)", "dev": "b.conllu (CoNLL-U)", "test": "c.txt (CoNLL)"}
    assert [*summary_lines(SURVEY, sources)] == [
        "train: a.csv (CSV): 3 sentences, 9 words, 7 of them distinct",
        "dev: b.conllu (CoNLL-U): 1 sentence, 4 words, 50.0% of them not in train; sentences also in train: 0; "
        "words whose tag is not in train: 1 (PUNCT)",
        "test: c.txt (CoNLL): 1 sentence, 3 words, 0.0% of them not in train; sentences also in train: 1; "
        "words whose tag is not in train: 0",
    ]


def test_a_line_names_five_tags_at_most() -> None:
    splits = {"train": [tagged("a A")], "dev": [tagged("a B b C c D d E e F f G")]}
    *_, line = summary_lines(survey_of(splits), {"train": "a", "dev": "b"})
    assert line.endswith(": 6 (B, C, D, E, F, ...)")
