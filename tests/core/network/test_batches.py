"""Batches: every token once, padding within bounds, and shapes that do not depend on the order."""

import random
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch

from tagger.core.common.arrays import Int64s
from tagger.core.corpus.batch_plan import plan_batches
from tagger.core.corpus.dictionary import PADDING, build_dictionaries
from tagger.core.corpus.encoded_split import EncodedSplit, encode
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.core.network.batches import CHARACTER_STEP, Batch, make_batch, tokens_of

TRAIN = [
    Sentence(("the", "dog", "barked"), ("DET", "NOUN", "VERB")),
    Sentence(("dog",), ("NOUN",)),
    Sentence(("the", "the"), ("DET", "DET")),
]
# Words: the 2 (3 times), dog 3, barked 4. Characters: e 2 (4 times), d 3, h 4, t 5 (3 times), g 6, o 7 (2 times), then
# a 8, b 9, k 10, r 11. Tags: DET 0, NOUN 1, VERB 2.
SPLIT = encode(TRAIN, build_dictionaries(TRAIN, lowercase=True))


def random_split(seed: int) -> EncodedSplit:
    """200 sentences of 1 to 12 words of 1 to 11 characters."""
    generator = random.Random(seed)
    forms = ["".join(generator.choices("abcdeXYZé", k=generator.randint(1, 11))) for _ in range(150)]
    sentences = []
    for _ in range(200):
        words = tuple(generator.choices(forms, k=generator.randint(1, 12)))
        sentences.append(Sentence(words, tuple(generator.choices("NVD", k=len(words)))))
    return encode(sentences, build_dictionaries(sentences[:100], lowercase=True))


def batches_of(split: EncodedSplit, batch_tokens: int) -> list[tuple[Int64s, Batch]]:
    """Return the sentences of each batch of a split, and the batch."""
    return [(sentences, make_batch(split, sentences)) for sentences in plan_batches(split.lengths, batch_tokens)]


def shapes(split: EncodedSplit, plan: list[Int64s]) -> Counter[tuple[int, int]]:
    return Counter((int(split.lengths[batch].max()), len(batch)) for batch in plan)


def longs(*values: int) -> Int64s:
    return np.array(values, dtype=np.int64)


def test_a_plan_cuts_sentences_sorted_by_length() -> None:
    plan = plan_batches(longs(3, 1, 2, 1, 5), batch_tokens=6)
    assert [batch.tolist() for batch in plan] == [[1, 3, 2], [0], [4]]


def test_a_sentence_longer_than_a_batch_is_a_batch_of_its_own() -> None:
    plan = plan_batches(longs(9, 2, 9, 2), batch_tokens=4)
    assert [batch.tolist() for batch in plan] == [[1, 3], [0], [2]]


def test_batches_of_one_place_hold_a_sentence_each() -> None:
    assert [batch.tolist() for batch in plan_batches(longs(2, 1, 1), batch_tokens=1)] == [[1], [2], [0]]


def test_no_sentences_make_no_batches() -> None:
    assert plan_batches(longs(), batch_tokens=10) == []


@pytest.mark.parametrize("shuffle_seed", [None, 1, 2])
@pytest.mark.parametrize("batch_tokens", [1, 7, 24, 100, 100_000])
def test_a_plan_holds_every_sentence_once(batch_tokens: int, shuffle_seed: int | None) -> None:
    shuffle = None if shuffle_seed is None else np.random.default_rng(shuffle_seed)
    plan = plan_batches(random_split(1).lengths, batch_tokens, shuffle)
    assert sorted(np.concatenate(plan).tolist()) == list(range(200))


@pytest.mark.parametrize("shuffle_seed", [None, 1, 2])
@pytest.mark.parametrize("batch_tokens", [7, 24, 100])
def test_padding_stays_within_the_size_of_a_batch(batch_tokens: int, shuffle_seed: int | None) -> None:
    split = random_split(1)
    shuffle = None if shuffle_seed is None else np.random.default_rng(shuffle_seed)
    for length, count in shapes(split, plan_batches(split.lengths, batch_tokens, shuffle)):
        assert length * count <= batch_tokens or count == 1


@pytest.mark.parametrize("batch_tokens", [7, 24, 100])
def test_no_batch_has_room_for_the_next_sentence(batch_tokens: int) -> None:
    lengths = random_split(1).lengths
    plan = plan_batches(lengths, batch_tokens)
    assert len(plan) > 1
    for batch, following in pairwise(plan):
        assert (len(batch) + 1) * lengths[following[0]] > batch_tokens


@pytest.mark.parametrize("batch_tokens", [1, 24, 100])
def test_number_and_shapes_of_batches_do_not_depend_on_the_shuffle(batch_tokens: int) -> None:
    split = random_split(1)
    unshuffled = shapes(split, plan_batches(split.lengths, batch_tokens))
    for seed in range(5):
        shuffled = plan_batches(split.lengths, batch_tokens, np.random.default_rng(seed))
        assert shapes(split, shuffled) == unshuffled


def test_a_shuffle_mixes_the_batches_and_the_sentences_of_one_length() -> None:
    lengths = random_split(1).lengths
    plain = plan_batches(lengths, 24)
    shuffled = plan_batches(lengths, 24, np.random.default_rng(1))
    assert [len(batch) for batch in shuffled] != [len(batch) for batch in plain]
    assert {frozenset(batch.tolist()) for batch in shuffled} != {frozenset(batch.tolist()) for batch in plain}


def test_the_same_seed_shuffles_the_same_way() -> None:
    lengths = random_split(1).lengths
    first, second = (plan_batches(lengths, 24, np.random.default_rng(3)) for _ in range(2))
    assert [batch.tolist() for batch in first] == [batch.tolist() for batch in second]


def test_words_are_padded_on_the_right_with_time_first() -> None:
    batch = make_batch(SPLIT, longs(1, 0))
    assert batch.words.tolist() == [[3, 2], [PADDING, 3], [PADDING, 4]]
    assert batch.lengths.tolist() == [1, 3]


def test_tokens_and_tags_go_sentence_by_sentence() -> None:
    batch = make_batch(SPLIT, longs(1, 0))
    assert batch.tokens.tolist() == [0, 1, 3, 5]
    assert batch.words.flatten()[batch.tokens].tolist() == [3, 2, 3, 4]
    assert batch.tags.tolist() == [1, 0, 1, 2]


def test_forms_of_about_one_length_are_padded_together() -> None:
    batch = make_batch(SPLIT, longs(0, 2))
    assert [group.characters.T.tolist() for group in batch.groups] == [[[5, 4, 2], [3, 7, 6]], [[9, 8, 11, 10, 2, 3]]]
    assert [group.lengths.tolist() for group in batch.groups] == [[3, 3], [6]]
    assert batch.form_of.tolist() == [[0, 0], [1, 0], [2, 0]]


def test_lengths_that_round_up_to_the_same_step_are_one_group() -> None:
    train = [Sentence(("a" * 5, "a" * 4, "a", "a" * 9, "a" * 8), ("X",) * 5)]
    groups = make_batch(encode(train, build_dictionaries(train, True)), longs(0)).groups
    assert [group.lengths.tolist() for group in groups] == [[4, 1], [5, 8], [9]]


def test_shorter_forms_of_a_group_are_padded_on_the_right() -> None:
    train = [Sentence(("ab", "b", "bbb"), ("X", "X", "X"))]  # b 2, a 3
    (group,) = make_batch(encode(train, build_dictionaries(train, True)), longs(0)).groups
    assert group.characters.tolist() == [[3, 2, 2], [2, PADDING, 2], [PADDING, PADDING, 2]]
    assert group.lengths.tolist() == [2, 1, 3]


def test_affixes_stand_in_the_order_of_the_forms() -> None:
    words = ("commenting", "sing", "recommending", "ring", "amending", "ton")  # lengths that need several groups
    dictionaries = build_dictionaries([Sentence(words, ("X",) * len(words))], True)
    batch = make_batch(encode([Sentence(words, ())], dictionaries), longs(0))
    rows = batch.affixes[batch.form_of[:, 0]].tolist()
    assert rows == [dictionaries.affix_ids(word) for word in words]
    assert len(batch.groups) == 3


def test_a_batch_without_forms_has_all_but_these() -> None:
    split, sentences = random_split(1), longs(4, 0, 2)
    bare, full = make_batch(split, sentences, with_forms=False), make_batch(split, sentences)
    assert bare.groups == ()
    assert bare.affixes.shape == (0, full.affixes.shape[1])
    for name in ("words", "lengths", "tokens", "tags"):
        assert torch.equal(getattr(bare, name), getattr(full, name))
    assert bare.form_of.shape == full.form_of.shape


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("batch_tokens", [1, 30, 100_000])
def test_every_token_is_in_the_batches_once(seed: int, batch_tokens: int) -> None:
    split = random_split(seed)
    words, tags = np.full(len(split.forms), -7), np.full(len(split.forms), -7)
    for sentences, batch in batches_of(split, batch_tokens):
        places = np.concatenate([np.arange(*split.sentence_starts[number : number + 2]) for number in sentences])
        assert tokens_of(split, sentences).tolist() == places.tolist()
        assert (words[places] == -7).all()
        words[places] = batch.words.flatten()[batch.tokens].numpy()
        tags[places] = batch.tags.numpy()
    assert words.tolist() == split.form_words[split.forms].tolist()
    assert tags.tolist() == split.tags.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_all_other_places_of_a_batch_are_padding(seed: int) -> None:
    for _, batch in batches_of(random_split(seed), 30):
        others = torch.ones(batch.words.numel(), dtype=torch.bool)
        others[batch.tokens] = False
        assert int(others.sum()) == batch.words.numel() - int(batch.lengths.sum())
        assert (batch.words.flatten()[others] == PADDING).all()
        assert (batch.words.flatten()[~others] != PADDING).all()


def spelled(batch: Batch) -> list[list[int]]:
    """The characters of each form of the batch, in the order of the joined groups; what lies past the end too."""
    return [row.tolist() for group in batch.groups for row in group.characters.T]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("batch_tokens", [1, 30, 100_000])
def test_each_token_points_to_exactly_the_characters_of_its_form(seed: int, batch_tokens: int) -> None:
    split = random_split(seed)
    for sentences, batch in batches_of(split, batch_tokens):
        rows = spelled(batch)
        lengths = torch.cat([group.lengths for group in batch.groups]).tolist()
        forms = [form for number in sentences for form in split.forms[slice(*split.sentence_starts[number:][:2])]]
        for form, row in zip(forms, batch.form_of.flatten()[batch.tokens].tolist(), strict=True):
            characters = split.characters[slice(*split.form_starts[form:][:2])].tolist()
            assert lengths[row] == len(split.form_texts[form])
            assert rows[row] == characters + [PADDING] * (len(rows[row]) - lengths[row])


@pytest.mark.parametrize("seed", range(4))
def test_each_form_of_a_batch_is_spelled_once(seed: int) -> None:
    split = random_split(seed)
    for sentences, batch in batches_of(split, 30):
        forms = {form for number in sentences for form in split.forms[slice(*split.sentence_starts[number:][:2])]}
        assert len(spelled(batch)) == len(forms)


@pytest.mark.parametrize("seed", range(4))
def test_a_form_gets_less_padding_than_a_step(seed: int) -> None:
    for _, batch in batches_of(random_split(seed), 30):
        for group in batch.groups:
            assert len(group.characters) == int(group.lengths.max())
            assert int(group.lengths.max() - group.lengths.min()) < CHARACTER_STEP


def test_batches_of_a_whole_split_begin_with_the_shortest() -> None:
    steps = [batch.words.shape[0] for _, batch in batches_of(random_split(1), 30)]
    assert steps == sorted(steps)
    assert steps[0] == 1


def test_the_order_of_the_sentences_of_a_batch_is_that_which_was_asked_for() -> None:
    forward, backward = make_batch(SPLIT, longs(0, 2)), make_batch(SPLIT, longs(2, 0))
    assert torch.equal(forward.words.flip(1), backward.words)


def test_all_tensors_of_a_batch_go_to_the_device() -> None:
    batch = make_batch(SPLIT, longs(0, 1)).to(torch.device("meta"))
    tensors = [value for value in batch if isinstance(value, torch.Tensor)]
    tensors += [tensor for group in batch.groups for tensor in group]
    assert len(tensors) == 6 + 2 * 2
    assert {tensor.device.type for tensor in tensors} == {"meta"}
