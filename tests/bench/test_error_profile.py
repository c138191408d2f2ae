"""The profile of errors: what train knows of the words that every seed gets wrong."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.error_profile import Token, deviations, known_windows, profile, reason_of, right_of, tagged_tokens
from tagger.core.common.errors import InputError
from tagger.core.corpus.dictionary import build_dictionaries
from tagger.core.corpus.encoded_split import encode
from tagger.core.corpus.indexed_corpus import Sentence

TRAIN = (
    Sentence(("the", "run", "ended"), ("DET", "NOUN", "VERB")),
    Sentence(("the", "run", "ended"), ("DET", "NOUN", "VERB")),
    Sentence(("the", "run", "ended"), ("DET", "VERB", "VERB")),
    Sentence(("they", "run"), ("PRON", "VERB")),
)


def tokens(*sentences: Sentence) -> list[Token]:
    return list(tagged_tokens(encode(sentences, build_dictionaries(TRAIN, lowercase=True))))


def test_a_token_has_two_words_on_each_side_within_its_sentence() -> None:
    assert [token.around for token in tokens(TRAIN[3], TRAIN[0])][:2] == [
        ("", "", "they", "run", ""),
        ("", "they", "run", "", ""),
    ]


def test_tokens_without_a_tag_are_left_out() -> None:
    assert [token.tag for token in tokens(Sentence(("the", "run"), ("", "NOUN")))] == ["NOUN"]


@pytest.mark.parametrize(
    ("words", "tag", "reason"),
    [
        (("the", "walk", "ended"), "NOUN", "not in train"),
        (("the", "run", "ended"), "ADJ", "never has the word with this tag"),
        (("a", "run", "ended"), "NOUN", "not between these neighbours"),
        (("the", "run", "ended"), "NOUN", "mostly with this tag"),
        (("the", "run", "ended"), "VERB", "mostly with another tag"),
    ],
)
def test_reason(words: tuple[str, ...], tag: str, reason: str) -> None:
    train = tokens(*TRAIN)
    token = tokens(Sentence(words, ("", tag, "")))[0]
    assert reason_of(token, known_windows(train, 0), known_windows(train, 1)).endswith(reason)


def test_a_token_of_train_does_not_count_for_itself() -> None:
    train = tokens(*TRAIN)
    wide = known_windows(train, 2)
    assert deviations(train, wide, own=False) == (11, 1)
    # "they run" stands once. In "the run ended", only the VERB of "run" differs from what the others mostly have.
    assert deviations(train, wide, own=True) == (9, 1)


def test_profile() -> None:
    train, test = tokens(*TRAIN), tokens(Sentence(("the", "walk", "ended"), ("DET", "NOUN", "VERB")), TRAIN[2])
    right = np.array([[1, 0, 1, 1, 0, 1], [1, 0, 1, 1, 0, 0]], dtype=bool)
    assert list(profile(train, test, right)) == [
        "2 seeds, 6 words: 58.33% right, 50.00% with every seed",
        "wrong with every seed: 2 words, 80% of the errors of one; of these",
        "      1   50%  the word is not in train",
        "      1   50%  train has it between these neighbours, mostly with another tag",
        "test: 3 words stand in train between the same two words on each side; 33.3% have another tag than there",
        "train: 9 words stand again in train between the same two words on each side; "
        "11.1% have another tag than there",
    ]


def test_one_seed_without_an_error() -> None:
    train = tokens(*TRAIN)
    lines = list(profile(train, train[:3], np.ones((1, 3), dtype=bool)))
    assert lines[:2] == [
        "1 seed, 3 words: 100.00% right, 100.00% with every seed",
        "wrong with every seed: 0 words, 0% of the errors of one; of these",
    ]


def test_predictions_of_another_split_are_one_line(tmp_path: Path) -> None:
    file = tmp_path / "1.parquet"
    test = tokens(TRAIN[3])
    with pytest.raises(InputError, match=r"1\.parquet: no such file; expected the output of `evaluate`"):
        right_of(file, test)
    pd.DataFrame({"gold": [None, "PRON", "VERB"], "predicted": ["X", "PRON", "NOUN"]}).to_parquet(file)
    assert right_of(file, test).tolist() == [True, False]
    with pytest.raises(InputError, match=r"1\.parquet: has other tags than data/prepared/test"):
        right_of(file, tokens(TRAIN[0]))
