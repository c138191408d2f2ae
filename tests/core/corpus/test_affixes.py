"""Affixes: what they are, which are counted, and their numbers."""

import pytest

from tagger.core.corpus.dictionary import (
    FEWEST_WORDS,
    MOST_AFFIXES,
    PADDING,
    affixes_of,
    build_dictionaries,
    count_affixes,
)
from tests.samples import tagged


def test_affixes_are_marked_by_their_side() -> None:
    assert affixes_of("things") == ["^t", "^th", "^thi", "$s", "$gs", "$ngs", "$ings"]


def test_a_short_word_is_an_affix_itself() -> None:
    assert affixes_of("is") == ["^i", "^is", "$s", "$is"]


@pytest.mark.parametrize("word", ["a", "ab", "abc", "abcd", "abcde", "^$^$", "日本語", "x" * 1000])
def test_no_word_has_more_than_the_most(word: str) -> None:
    affixes = affixes_of(word)
    assert len(affixes) == len(set(affixes)) <= MOST_AFFIXES


def test_affixes_are_counted_by_words_and_rare_ones_left_out() -> None:
    counts = count_affixes(["sing", "ring", "wing", "rang"])
    assert FEWEST_WORDS == 3
    assert counts == {"$g": 4, "$ng": 4, "$ing": 3}


def test_how_often_a_word_occurs_does_not_matter() -> None:
    dictionaries = build_dictionaries([tagged("ab/X ab/X AB/X ab/X")], lowercase=True)
    assert not dictionaries.affixes.entries


def test_ids_are_those_of_the_dictionary_and_else_padding() -> None:
    dictionaries = build_dictionaries([tagged("xing/X yang/X zong/X")], lowercase=True)
    ids = dictionaries.affixes.ids
    expected = [PADDING, PADDING, PADDING, ids["$g"], ids["$ng"], PADDING, PADDING]  # ^l ^lu ^lun $g $ng $ung $lung
    assert dictionaries.affix_ids("LUNG") == expected


def test_affixes_have_the_case_that_words_are_looked_up_in() -> None:
    dictionaries = build_dictionaries([tagged("xing/X yang/X zong/X")], lowercase=False)
    assert not any(dictionaries.affix_ids("LUNG"))
