"""The formats: their registry, their parsers, and the line that each names when the text is wrong."""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

import pytest

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.core.params.schema import DataParams
from tagger.prepare import conll_format, conllu_format, csv_format
from tagger.prepare.read_corpus import FORMATS, Format, read_corpus

FILE = Path("corpus.txt")


def lines(text: str) -> Iterable[str]:
    return io.StringIO(text, newline="\n")


def row(row_id: str, word: str, upos: str = "NOUN", xpos: str = "NN") -> str:
    return f"{row_id}\t{word}\t_\t{upos}\t{xpos}\t_\t_\t_\t_\t_\n"


def csv_sentences(text: str) -> list[Sentence]:
    return list(csv_format.parse(lines(text), FILE))


def conllu_sentences(text: str, column: str = "upos") -> list[Sentence]:
    return list(conllu_format.parse(lines(text), FILE, column))


def conll_sentences(text: str) -> list[Sentence]:
    return list(conll_format.parse(lines(text), FILE))


def test_data_format_takes_the_names_of_the_registry() -> None:
    assert get_args(DataParams.model_fields["format"].annotation) == ("auto", *FORMATS)


def parse_slashes(lines: Iterable[str], path: Path, _column: str) -> Iterator[Sentence]:
    for line in lines:
        words, tags = zip(*(word.rsplit("/", 1) for word in line.split()), strict=True)
        yield Sentence(words, tags)


@pytest.mark.parametrize(("name", "chosen"), [("corpus", "slashes"), ("corpus.sl.gz", "auto"), ("corpus.txt", "auto")])
def test_a_format_takes_one_entry(name: str, chosen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slashes = Format("slashes", ".sl", r".*/.*", parse_slashes)
    monkeypatch.setattr("tagger.prepare.read_corpus.FORMATS", {"slashes": slashes} | FORMATS)
    (tmp_path / name).write_text("The/DET dog/NOUN\n")
    assert list(read_corpus(tmp_path / name, chosen)) == [Sentence(("The", "dog"), ("DET", "NOUN"))]
    with pytest.raises(InputError, match="expected a corpus in slashes, CSV, CoNLL-U or CoNLL"):
        read_corpus(tmp_path / "missing", chosen)


def test_csv_cells_are_split_at_white_space() -> None:
    assert csv_sentences("text,tag\nThe dog  barked,DET NOUN\tVERB\n Yes , INTJ \n") == [
        Sentence(("The", "dog", "barked"), ("DET", "NOUN", "VERB")),
        Sentence(("Yes",), ("INTJ",)),
    ]


def test_a_csv_cell_with_a_comma_or_quotes_is_quoted() -> None:
    assert csv_sentences('text,tag\n"No , "" she said",INTJ PUNCT PUNCT PRON VERB\n') == [
        Sentence(("No", ",", '"', "she", "said"), ("INTJ", "PUNCT", "PUNCT", "PRON", "VERB"))
    ]


def test_blank_lines_of_csv_are_passed_over() -> None:
    assert csv_sentences("\ntext,tag\n\na,X\n\n") == [Sentence(("a",), ("X",))]


def test_the_csv_header_may_have_spaces_and_quotes() -> None:
    assert csv_sentences('"text", tag\na,X\n') == [Sentence(("a",), ("X",))]


def test_a_csv_cell_may_be_longer_than_the_limit_of_the_csv_module() -> None:
    assert len(csv_sentences(f"text,tag\n{'a ' * 100_000},{'X ' * 100_000}\n")[0].words) == 100_000


def test_a_csv_cell_may_hold_line_ends() -> None:
    assert csv_sentences('text,tag\n"a\nb",X Y\nc,Z\n') == [Sentence(("a", "b"), ("X", "Y")), Sentence(("c",), ("Z",))]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("word,tag\na,X\n", "corpus.txt:1: ", ["the header is 'word,tag'", "expected 'text,tag'"]),
        ("\ntext;tag\na;X\n", "corpus.txt:2: ", ["the header is 'text;tag'", "expected 'text,tag'"]),
        ("a b,X Y\n", "corpus.txt:1: ", ["the header is 'a b,X Y'", "expected 'text,tag'"]),
        ("text,tag\na,X\nb c,Y\n", "corpus.txt:3: ", ["2 words", "1 tag", "expected one tag per word", "'b c', 'Y'"]),
        ("text,tag\na,X Y\n", "corpus.txt:2: ", ["1 word", "2 tags", "expected one tag per word", "'a', 'X Y'"]),
        ("text,tag\n\na,\n", "corpus.txt:3: ", ["the cell 'tag' is empty"]),
        ("text,tag\n ,X\n", "corpus.txt:2: ", ["the cell 'text' is empty"]),
        ("text,tag\na,b,X\n", "corpus.txt:2: ", ["3 cells", "expected 2", "comma is quoted", "'a,b,X'"]),
        ("text,tag\na\n", "corpus.txt:2: ", ["1 cell", "expected 2 (text,tag)", "'a'"]),
        ('text,tag\na,X\n"b,Y\n', "corpus.txt:3: ", ["not CSV"]),
        ('text,tag\n"a"b,X Y\n', "corpus.txt:2: ", ["not CSV", "',' expected after '\"'"]),
    ],
)
def test_a_csv_line_that_is_wrong_is_named(text: str, place: str, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        csv_sentences(text)
    message = str(caught.value)
    assert message.startswith(place)
    assert all(word in message for word in words), message
    assert "\n" not in message


@pytest.mark.parametrize("rest", ["b,Y\nc,Z\n", 'b,Y\n"c d",Z W\n'], ids=["to the end", "to the next quote"])
def test_an_unclosed_quote_is_named_with_the_line_that_opens_it(rest: str) -> None:
    with pytest.raises(InputError, match=r"^corpus\.txt:2: .*quote"):
        csv_sentences('text,tag\n"a,X\n' + rest)


def test_a_message_shows_no_more_than_the_start_of_a_long_row() -> None:
    with pytest.raises(InputError) as caught:
        csv_sentences(f"text,tag\n{'word ' * 10_000},X\n")
    assert len(str(caught.value)) < 400


def test_conllu_gives_the_upos() -> None:
    text = "# text = The dog\n" + row("1", "The", "DET", "DT") + row("2", "dog") + "\n" + row("1", "Yes", "INTJ", "UH")
    assert conllu_sentences(text) == [Sentence(("The", "dog"), ("DET", "NOUN")), Sentence(("Yes",), ("INTJ",))]


def test_conllu_gives_the_xpos() -> None:
    assert conllu_sentences(row("1", "The", "_", "DT"), "xpos") == [Sentence(("The",), ("DT",))]


def test_multiword_ranges_and_empty_nodes_of_conllu_are_passed_over() -> None:
    text = row("0.1", "x", "_", "_") + row("1-2", "vámonos", "_", "_") + row("1", "vamos", "VERB")
    text += row("2", "nos", "PRON") + row("2.1", "y", "_", "_") + row("3", ".", "PUNCT")
    assert conllu_sentences(text) == [Sentence(("vamos", "nos", "."), ("VERB", "PRON", "PUNCT"))]


def test_a_word_of_conllu_may_hold_spaces() -> None:
    assert conllu_sentences(row("1", "10 000", "NUM")) == [Sentence(("10 000",), ("NUM",))]


def test_a_word_of_conllu_may_be_an_underscore_or_a_hash() -> None:
    text = row("1", "_", "SYM") + row("2", "#", "SYM")
    assert conllu_sentences(text) == [Sentence(("_", "#"), ("SYM", "SYM"))]


def test_blank_lines_of_conllu_make_no_sentences() -> None:
    assert len(conllu_sentences("\n\n" + row("1", "a") + "\n \n\n# a comment\n\n" + row("1", "b") + "\n\n")) == 2


def test_a_sentence_of_conllu_ends_with_the_file() -> None:
    assert conllu_sentences(row("1", "a").removesuffix("\n")) == [Sentence(("a",), ("NOUN",))]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("# c\n1\tdog\t_\tNOUN\n", "corpus.txt:2: ", ["4 columns", "expected 10", "tab"]),
        (row("1", "a").replace("\t", " "), "corpus.txt:1: ", ["1 column", "expected 10", "tab", "'1 a _ NOUN"]),
        (row("1", "a").replace("\n", "\t_\n"), "corpus.txt:1: ", ["11 columns", "expected 10"]),
        (row("2", "a"), "corpus.txt:1: ", ["the id is 2", "expected 1"]),
        (row("1", "a") + row("3", "b"), "corpus.txt:2: ", ["the id is 3", "expected 2", "blank line"]),
        (row("1", "a") + row("1", "b"), "corpus.txt:2: ", ["the id is 1", "expected 2", "blank line"]),
        (row("0", "a"), "corpus.txt:1: ", ["the id is 0", "expected 1"]),
        (row("one", "a"), "corpus.txt:1: ", ["the id is 'one'", "expected a number such as 3, 3-4 or 8.1"]),
        (row("1-", "a"), "corpus.txt:1: ", ["the id is '1-'", "expected a number such as 3, 3-4 or 8.1"]),
        (row("\u00b2", "a"), "corpus.txt:1: ", ["the id is ", "\u00b2", "expected"]),
        (row("9" * 5000, "a"), "corpus.txt:1: ", ["the id is ", "expected 1"]),
        ("\n" + row("1", "a", "_"), "corpus.txt:2: ", ["'a'", "no upos tag", "column 4"]),
        (row("1", "a", ""), "corpus.txt:1: ", ["'a'", "no upos tag", "column 4"]),
        (row("1", "a", " "), "corpus.txt:1: ", ["'a'", "no upos tag", "column 4"]),
        (row("1", " "), "corpus.txt:1: ", ["the word", "column 2", "empty"]),
    ],
)
def test_a_conllu_line_that_is_wrong_is_named(text: str, place: str, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        conllu_sentences(text)
    message = str(caught.value)
    assert message.startswith(place)
    assert all(word in message for word in words), message
    assert "\n" not in message


def test_a_missing_xpos_is_named_with_its_column() -> None:
    with pytest.raises(InputError, match=r"^corpus\.txt:1: the word 'a' has no xpos tag \(column 5\)$"):
        conllu_sentences(row("1", "a", "NOUN", "_"), "xpos")


def test_conll_columns_stand_apart_by_tabs_or_spaces() -> None:
    assert conll_sentences("The DET\ndog   NOUN\n\nYes\tINTJ\n") == [
        Sentence(("The", "dog"), ("DET", "NOUN")),
        Sentence(("Yes",), ("INTJ",)),
    ]


def test_a_word_of_conll_may_hold_spaces_before_a_tab() -> None:
    assert conll_sentences("New York\tPROPN\n") == [Sentence(("New York",), ("PROPN",))]


def test_a_word_of_conll_may_be_a_hash() -> None:
    assert conll_sentences("# SYM\n1 NUM\n") == [Sentence(("#", "1"), ("SYM", "NUM"))]


def test_blank_lines_of_conll_make_no_sentences() -> None:
    assert len(conll_sentences("\n\na X\n \t\n\nb Y\n\n\n")) == 2


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a X\nb\n", "corpus.txt:2: ", ["1 column", "expected a word and its tag", "'b'"]),
        ("New York PROPN\n", "corpus.txt:1: ", ["3 columns", "expected a word and its tag", "'New York PROPN'"]),
        ("\na\tX\tY\n", "corpus.txt:2: ", ["3 columns", "expected a word and its tag"]),
        ("a\t\n", "corpus.txt:1: ", ["expected a word and its tag"]),
        ("\tX\n", "corpus.txt:1: ", ["expected a word and its tag"]),
    ],
)
def test_a_conll_line_that_is_wrong_is_named(text: str, place: str, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        conll_sentences(text)
    message = str(caught.value)
    assert message.startswith(place)
    assert all(word in message for word in words), message
    assert "\n" not in message
