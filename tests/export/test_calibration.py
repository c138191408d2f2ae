import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from tagger.core.common.arrays import Float32s
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.indexed_corpus import NO_TAG, Sentence
from tagger.export import calibration
from tagger.export.calibration import fit_temperature, tempered
from tests.samples import data_of, tagged

TAGS = 6


def scores_of(words: int, seed: int = 1) -> Float32s:
    return np.random.default_rng(seed).normal(0, 4, (words, TAGS)).astype(np.float32)


def drawn(scores: Float32s, temperature: float, seed: int = 2) -> list[int]:
    """Draw gold tags with the probabilities that the scores have at a temperature."""
    draw = np.random.default_rng(seed)
    return [int(draw.choice(TAGS, p=row)) for row in softmax(scores.astype(np.float64) / temperature, axis=1)]


def split_of(tags: list[int], length: int = 10) -> EncodedSplit:
    """Return sentences of so many words with these gold tags, TAGS being one that the model does not know."""
    names = ["" if tag == NO_TAG else str(tag) for tag in tags]
    parts = [names[first : first + length] for first in range(0, len(names), length)]
    dev = [Sentence(("w",) * len(part), tuple(part)) for part in parts]
    split = data_of([tagged(" ".join(f"w/{tag}" for tag in range(TAGS)))], dev).dev
    assert split.tags.tolist() == tags
    return split


@pytest.mark.parametrize("temperature", [0.5, 1.5, 3.0])
def test_the_temperature_that_tags_were_drawn_at_is_found(temperature: float) -> None:
    scores = scores_of(3000)
    found = fit_temperature(scores, split_of(drawn(scores, temperature)))
    assert found == pytest.approx(temperature, rel=0.06)


def test_it_has_the_lowest_nll_of_all_to_three_places() -> None:
    scores = scores_of(3000)
    tags = drawn(scores, 2.2)
    found = fit_temperature(scores, split_of(tags))
    best = minimize_scalar(
        lambda each: -log_softmax(scores.astype(np.float64) / each, axis=1)[np.arange(len(tags)), tags].mean(),
        bounds=(0.2, 5),
        options={"xatol": 1e-6},
    )
    assert found == pytest.approx(best.x, abs=0.005)  # one word in 3,001 has any tag
    assert found == round(found, 3)


def test_scores_that_are_calibrated_stay_all_but_the_same() -> None:
    scores = scores_of(3000)
    for seed in range(5):
        assert fit_temperature(scores, split_of(drawn(scores, 1, seed))) == pytest.approx(1, abs=0.05)


def test_a_temperature_that_does_not_hold_for_other_sentences_is_not_used() -> None:
    scores = scores_of(400)
    odd = np.arange(400) // 10 % 2 == 1
    sure, unsure = drawn(scores, 0.5), drawn(scores, 4)
    mixed = np.where(odd, sure, unsure).tolist()
    assert fit_temperature(scores, split_of(mixed)) == 1
    assert fit_temperature(scores, split_of(unsure)) == pytest.approx(4, rel=0.25)


def test_what_a_tiny_split_says_is_not_overdone() -> None:
    scores = np.zeros((20, TAGS), dtype=np.float32)
    scores[:, 0] = 5  # a probability of 0.967
    found = fit_temperature(scores, split_of([0] * 20))
    right = float(tempered(softmax(scores, axis=1), found)[0, 0])
    assert right < 1 - 1 / 50  # 20 words without an error, and one that may be anything


@pytest.mark.parametrize(
    "split",
    [split_of([0, 1, 2], length=3), split_of([NO_TAG] * 6, length=2), split_of([TAGS, 1, NO_TAG, TAGS], length=2)],
    ids=["one-sentence", "no-tag", "one-that-is-known"],
)
def test_a_split_without_two_sentences_to_compare_changes_nothing(split: EncodedSplit) -> None:
    assert fit_temperature(scores_of(len(split.tags)), split) == 1


def test_words_without_a_gold_tag_that_the_model_knows_do_not_count() -> None:
    scores = scores_of(400)
    tags = drawn(scores, 2)
    alone = fit_temperature(scores, split_of(tags))
    more = np.concatenate((scores.reshape(40, 10, TAGS), np.full((40, 2, TAGS), 7, dtype=np.float32)), axis=1)
    more[:, 10:, 0] = 90
    longer = [tag for first in range(0, 400, 10) for tag in [*tags[first : first + 10], NO_TAG, TAGS]]
    assert fit_temperature(more.reshape(-1, TAGS), split_of(longer, length=12)) == alone != 1


def test_of_a_large_split_a_part_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = scores_of(5000)
    split = split_of(drawn(scores, 2))
    whole = fit_temperature(scores, split)
    monkeypatch.setattr(calibration, "MOST_WORDS", 1000)
    part = fit_temperature(scores, split)
    assert part == pytest.approx(2, rel=0.1)
    assert part != whole


@pytest.mark.parametrize("temperature", [0.2, 1.0, 2.5, 5.0])
def test_tempered_probabilities_are_those_of_scores_that_were_divided(temperature: float) -> None:
    scores = scores_of(500)
    result = tempered(softmax(scores, axis=1), temperature)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, softmax(scores.astype(np.float64) / temperature, axis=1), rtol=0, atol=1e-6)
    assert (result.argmax(axis=1) == scores.argmax(axis=1)).all()


def test_a_probability_that_float32_rounds_to_0_stays_finite() -> None:
    result = tempered(np.array([[1, 0, 0]], dtype=np.float32), 5)
    assert np.isfinite(result).all()
    np.testing.assert_allclose(result, [[1, 0, 0]], rtol=0, atol=1e-6)
