"""Tagged sentences as text: the exact output of each format."""

import csv
import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagger.cli.output_formats import FORMATTERS, Format, csv_header
from tagger.predict.conllu import WORD as WORD_LINE
from tagger.predict.tagging import TaggedSentence

TAGS = ("DET", "NOUN", "VERB")


def sentence(*words: str) -> TaggedSentence:
    rows = [[0.7, 0.2, 0.1], [0.04, 0.95, 0.01], [0.125, 0.25, 0.625]][: len(words)]
    distribution = np.array(rows, dtype=np.float32).reshape(len(words), len(TAGS))
    return TaggedSentence(words, TAGS[: len(words)], distribution, TAGS)


SENTENCE = sentence("The", "watchdog", "barked")
EMPTY = sentence()


def test_the_table_has_one_row_per_word() -> None:
    assert FORMATTERS["table"](SENTENCE, 1, 1) == (
        "The       DET   0.7000\n"
        "watchdog  NOUN  0.9500\n"
        "barked    VERB  0.6250\n"
    )  # fmt: skip


def test_the_table_lists_more_tags_to_the_right() -> None:
    assert FORMATTERS["table"](SENTENCE, 1, 2) == (
        "The       DET   0.7000  NOUN  0.2000\n"
        "watchdog  NOUN  0.9500  DET   0.0400\n"
        "barked    VERB  0.6250  NOUN  0.2500\n"
    )


def test_the_table_aligns_wide_characters() -> None:
    assert FORMATTERS["table"](sentence("狗", "👩‍🔬", "dog"), 1, 1) == (
        "狗   DET   0.7000\n"
        "👩‍🔬   NOUN  0.9500\n"
        "dog  VERB  0.6250\n"
    )  # fmt: skip


def test_an_empty_line_stands_between_tables() -> None:
    assert FORMATTERS["table"](sentence("The"), 2, 1) == "\nThe  DET  0.7000\n"


def test_json_has_one_object_per_line() -> None:
    assert FORMATTERS["json"](SENTENCE, 1, 1) == (
        '{"words": ["The", "watchdog", "barked"], "tags": ["DET", "NOUN", "VERB"], '
        '"probabilities": [0.7, 0.95, 0.625]}\n'
    )


def test_json_lists_alternatives_from_the_best() -> None:
    assert FORMATTERS["json"](sentence("The", "dog"), 1, 2) == (
        '{"words": ["The", "dog"], "tags": ["DET", "NOUN"], "probabilities": [0.7, 0.95], '
        '"alternatives": [{"DET": 0.7, "NOUN": 0.2}, {"NOUN": 0.95, "DET": 0.04}]}\n'
    )


def test_json_keeps_words_as_they_are_written() -> None:
    assert FORMATTERS["json"](sentence('"été'), 1, 1).startswith('{"words": ["\\"été"], ')


def test_conllu_has_ten_columns_and_the_probability_in_the_last() -> None:
    assert FORMATTERS["conllu"](sentence("The", "dog"), 3, 1) == (
        "# sent_id = 3\n"
        "# text = The dog\n"
        "1\tThe\t_\tDET\t_\t_\t_\t_\t_\tProbDET=0.7000\n"
        "2\tdog\t_\tNOUN\t_\t_\t_\t_\t_\tProbNOUN=0.9500\n"
        "\n"
    )


def test_conllu_lists_more_tags_in_the_last_column() -> None:
    assert FORMATTERS["conllu"](sentence("The"), 1, 3).splitlines()[2] == (
        "1\tThe\t_\tDET\t_\t_\t_\t_\t_\tProbDET=0.7000|ProbNOUN=0.2000|ProbVERB=0.1000"
    )


def test_csv_has_one_row_per_word() -> None:
    assert FORMATTERS["csv"](SENTENCE, 4, 1) == (
        "4,1,The,DET,0.700000\n"
        "4,2,watchdog,NOUN,0.950000\n"
        "4,3,barked,VERB,0.625000\n"
    )  # fmt: skip


def test_csv_quotes_words_that_need_it() -> None:
    assert FORMATTERS["csv"](sentence(",", '"'), 1, 1) == '1,1,",",DET,0.700000\n1,2,"""",NOUN,0.950000\n'


def test_csv_lists_more_tags_to_the_right() -> None:
    assert FORMATTERS["csv"](sentence("The"), 1, 2) == "1,1,The,DET,0.700000,NOUN,0.200000\n"


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        (1, "sentence,position,word,tag,probability\n"),
        (3, "sentence,position,word,tag,probability,tag_2,probability_2,tag_3,probability_3\n"),
    ],
)
def test_the_header_of_csv_names_the_columns(top: int, expected: str) -> None:
    assert csv_header(top) == expected
    assert expected.count(",") == FORMATTERS["csv"](sentence("The"), 1, top).count(",")


@pytest.mark.parametrize(
    ("output_format", "number", "expected"),
    [
        ("table", 1, ""),
        ("table", 2, "\n"),
        ("json", 1, '{"words": [], "tags": [], "probabilities": []}\n'),
        ("conllu", 1, ""),
        ("csv", 1, ""),
    ],
)
def test_a_sentence_without_words_is_written(output_format: Format, number: int, expected: str) -> None:
    assert FORMATTERS[output_format](EMPTY, number, 1) == expected


def test_a_sentence_without_words_has_no_alternatives_in_json() -> None:
    assert json.loads(FORMATTERS["json"](EMPTY, 1, 2))["alternatives"] == []


@pytest.mark.parametrize("output_format", ["table", "json", "conllu", "csv"])
def test_more_tags_than_there_are_list_them_all(output_format: Format) -> None:
    assert FORMATTERS[output_format](SENTENCE, 1, 9) == FORMATTERS[output_format](SENTENCE, 1, 3)


def test_tags_as_probable_as_each_other_keep_their_order() -> None:
    even = TaggedSentence(("a",), ("DET",), np.array([[0.25, 0.5, 0.25]], dtype=np.float32), TAGS)
    assert even.alternatives(0, 3) == [("NOUN", 0.5), ("DET", 0.25), ("VERB", 0.25)]


@pytest.mark.parametrize(
    ("column", "line"),
    [
        ("upos", "1\tThe\t_\tDET\t_\t_\t_\t_\t_\tProbDET=0.7000"),
        ("xpos", "1\tThe\t_\t_\tDET\t_\t_\t_\t_\tProbDET=0.7000"),
        ("misc", "1\tThe\t_\t_\t_\t_\t_\t_\t_\tTag=DET|ProbDET=0.7000"),
    ],
)
def test_a_tag_stands_in_the_column_that_it_was_trained_on(column: str, line: str) -> None:
    assert FORMATTERS["conllu"](sentence("The")._replace(column=column), 1, 1).splitlines()[2] == line


# What goes in comes out

WORD = st.text(st.characters(codec="utf-8") | st.sampled_from("\x1b\x9b\ufeff\u2028\x85\r\"',;|\\ "), min_size=1)
ONE_LINE = WORD.filter(lambda word: not {*word} & {*"\t\n\r"})
TAG = ONE_LINE.filter(lambda tag: "  " not in tag and tag == tag.strip(" "))


def of_json(text: str) -> list[Any]:
    found = json.loads(text)
    return [(word, tag) for word, tag in zip(found["words"], found["tags"], strict=True)]


def of_csv(text: str) -> list[Any]:
    return [tuple(row[2:4]) for row in csv.reader(io.StringIO(text, newline=""))]


def of_conllu(text: str) -> list[Any]:
    rows = [line.split("\t") for line in text.split("\n") if WORD_LINE.match(line)]
    for row in rows:
        named = [part.rpartition("=")[0].removeprefix("Prob") for part in row[9].split("|")]
        assert [name.replace("\\p", "|").replace("\\\\", "\\") for name in named][:1] == [row[3]] or "\\" in row[3]
        assert len(named) == 2
    return [(row[1], row[3]) for row in rows]


def of_table(text: str) -> list[Any]:
    rows = [line.rsplit("  ", 4) for line in text.split("\n") if line]
    return [(row[0].rstrip(" "), row[1].rstrip(" ")) for row in rows]


@settings(deadline=None)
@given(st.data(), st.sampled_from(["json", "csv", "conllu", "table"]))
def test_words_and_tags_come_back_from_every_format(data: st.DataObject, output_format: Format) -> None:
    words = data.draw(st.lists(WORD if output_format in ("json", "csv") else ONE_LINE, min_size=1, max_size=4))
    names = tuple(data.draw(st.lists(TAG, min_size=2, max_size=2, unique=True)))
    distribution = np.array([[0.75, 0.25]] * len(words), dtype=np.float32)
    given_sentence = TaggedSentence(tuple(words), names[:1] * len(words), distribution, names)
    text = FORMATTERS[output_format](given_sentence, 1, 2)
    expected = [(word, names[0]) for word in words]
    if output_format == "table":  # which pads words
        expected = [(word.rstrip(" "), tag) for word, tag in expected]
    reader = {"json": of_json, "csv": of_csv, "conllu": of_conllu, "table": of_table}[output_format]
    assert reader(text) == expected
