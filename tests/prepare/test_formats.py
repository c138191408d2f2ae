"""The formats: their registry, their parsers, and the line that each names when the text is wrong."""

import contextlib
import io
import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.core.params.schema import DataParams
from tagger.prepare import conll_format, conllu_format, csv_format, json_format, pairs_format, parquet_format
from tagger.prepare.corpus_table import USUAL, Column, Columns
from tagger.prepare.read_corpus import FORMATS, Format, read_corpus

FILE = Path("corpus.txt")


def lines(text: str) -> Iterator[str]:
    return io.StringIO(text, newline="\n")


def row(row_id: str, word: str, upos: str = "NOUN", xpos: str = "NN") -> str:
    return f"{row_id}\t{word}\t_\t{upos}\t{xpos}\t_\t_\t_\t_\t_\n"


def csv_sentences(text: str, columns: Columns = USUAL) -> list[Sentence]:
    return list(csv_format.parse(lines(text), FILE, columns))


def conllu_sentences(text: str, column: Column = "upos") -> list[Sentence]:
    return list(conllu_format.parse(lines(text), FILE, Columns(column)))


def conll_sentences(text: str, columns: Columns = USUAL) -> list[Sentence]:
    return list(conll_format.parse(lines(text), FILE, columns))


def test_data_format_takes_the_names_of_the_registry() -> None:
    assert get_args(DataParams.model_fields["format"].annotation) == ("auto", *FORMATS)


def parse_slashes(lines: Iterable[str], path: Path, _columns: Columns) -> Iterator[Sentence]:
    for line in lines:
        words, tags = zip(*(word.rsplit("/", 1) for word in line.split()), strict=True)
        yield Sentence(words, tags)


@pytest.mark.parametrize(("name", "chosen"), [("corpus", "slashes"), ("corpus.sl.gz", "auto"), ("corpus.txt", "auto")])
def test_a_format_takes_one_entry(name: str, chosen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slashes = Format("slashes", (".sl",), lambda lines, _columns: "/" in lines[0], parse_slashes)
    monkeypatch.setattr("tagger.prepare.read_corpus.FORMATS", {"slashes": slashes} | FORMATS)
    (tmp_path / name).write_text("The/DET dog/NOUN\n")
    assert list(read_corpus(tmp_path / name, chosen)) == [Sentence(("The", "dog"), ("DET", "NOUN"))]
    with pytest.raises(InputError, match=r"expected a corpus in slashes, CSV, .* or CoNLL"):
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
        (
            "work,tag\na,X\n",
            "corpus.txt:1: ",
            ["the header is 'work,tag'", "expected one such as 'text,tag'", "data.columns"],
        ),
        ("\ntext:tag\na:X\n", "corpus.txt:2: ", ["the header is 'text:tag'", "expected one such as 'text,tag'"]),
        ("id,text,pos_tags,ner_tags\n", "corpus.txt:1: ", ["'id,text,pos_tags,ner_tags'", "set data.columns"]),
        ("text,tag\n\"['a', 'b']\",\"['X', 'Y']\"\n", "corpus.txt:2: ", ["'text'", "is a Python list"]),
        ("text,tag\na b,\"['X' 'Y']\"\n", "corpus.txt:2: ", ["'tag'", "is a Python list"]),
        ("a b,X Y\n", "corpus.txt:1: ", ["the header is 'a b,X Y'", "expected one such as 'text,tag'"]),
        ("text,tag\na,X\nb c,Y\n", "corpus.txt:3: ", ["2 words", "1 tag", "expected one tag per word", "'b c', 'Y'"]),
        ("text,tag\na,X Y\n", "corpus.txt:2: ", ["1 word", "2 tags", "expected one tag per word", "'a', 'X Y'"]),
        ("text,tag\n\na,\n", "corpus.txt:3: ", ["the cell 'tag' is empty"]),
        ("text,tag\n ,X\n", "corpus.txt:2: ", ["the cell 'text' is empty"]),
        ("text,tag\na,b,X\n", "corpus.txt:2: ", ["3 cells", "expected 2", "contain a comma", "'a,b,X'"]),
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
        (row("1", "a") + row("2", "b").replace("\n", "\t_\n"), "corpus.txt:2: ", ["11 columns", "expected 10"]),
        (row("2", "a"), "corpus.txt:1: ", ["the id is 2", "expected 1"]),
        (row("1", "a") + row("3", "b"), "corpus.txt:2: ", ["the id is 3", "expected 2", "blank line"]),
        (row("1", "a") + row("1", "b"), "corpus.txt:2: ", ["the id is 1", "expected 2", "blank line"]),
        (row("0", "a"), "corpus.txt:1: ", ["the id is 0", "expected 1"]),
        (row("one", "a"), "corpus.txt:1: ", ["the id is 'one'", "expected a number such as 3, 3-4 or 8.1"]),
        (row("1-", "a"), "corpus.txt:1: ", ["the id is '1-'", "expected a number such as 3, 3-4 or 8.1"]),
        (row("\u00b2", "a"), "corpus.txt:1: ", ["the id is ", "\u00b2", "expected"]),
        (row("9" * 5000, "a"), "corpus.txt:1: ", ["the id is ", "expected 1"]),
        (row("01", "a"), "corpus.txt:1: ", ["the id is 01", "expected 1"]),
        (row("1", "a") + row("\u0662", "b"), "corpus.txt:2: ", ["the id is ", "\u0662", "expected"]),
        (row("", "a"), "corpus.txt:1: ", ["the id is ''", "expected a number"]),
        (row("1", "a") + row("2", "b\rc\td"), "corpus.txt:2: ", ["11 columns", "expected 10"]),
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


def test_a_tag_of_conllu_may_be_missing() -> None:
    text = row("1", "a", "NOUN", "_") + row("2", "b", "NOUN", "") + row("3", "c", "NOUN", " ") + row("4", "d")
    assert conllu_sentences(text, "xpos") == [Sentence(("a", "b", "c", "d"), ("", "", "", "NN"))]
    assert conllu_sentences(text, "deps") == [Sentence(("a", "b", "c", "d"), ("_", "_", "_", "_"))]


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
        (
            "a X\n\nNew York PROPN\n",
            "corpus.txt:3: ",
            ["3 columns", "expected a word and its tag in 2", "'New York PROPN'"],
        ),
        ("a X Y\n#b Y\n", "corpus.txt:2: ", ["2 columns", "expected a word and its tag in 3 columns, as in line 1"]),
        ("a\tX\n#", "corpus.txt:2: ", ["1 column,", "expected a word and its tag in 2 columns, as in line 1"]),
        ("\na\n", "corpus.txt:2: ", ["1 column", "expected a word and its tag"]),
        ("1 The O\n2 dog O\n3 ate O\n", "corpus.txt:3: ", ["numbers the words", "data.columns.word"]),
        ("\tX\n", "corpus.txt:1: ", ["the word is empty", "expected a word and its tag"]),
        (
            "\nword tag\na X\n",
            "corpus.txt:2: ",
            ["'word tag' looks like a header", "data.format: csv", "data.columns.tag: 2 if"],
        ),
    ],
)
def test_a_conll_line_that_is_wrong_is_named(text: str, place: str, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        conll_sentences(text)
    message = str(caught.value)
    assert message.startswith(place)
    assert all(word in message for word in words), message
    assert "\n" not in message


def test_a_tag_of_conll_may_be_missing_behind_a_tab() -> None:
    assert conll_sentences("a\t\nb\t_\n") == [Sentence(("a", "b"), ("", "_"))]


def test_numbers_of_columns_make_no_header_of_the_first_line_of_conll() -> None:
    assert conll_sentences("word tag\na X\n", Columns(2)) == [Sentence(("word", "a"), ("tag", "X"))]


def test_conll_2003_is_read_without_its_document_marks() -> None:
    text = "-DOCSTART- -X- -X- O\n\nMira NNP I-NP B-PER\nslept VBD I-VP O\n-DOCSTART- -X- O O\nYes UH O O\n"
    words = [("Mira", "slept"), ("Yes",)]
    tags: dict[Column, list[tuple[str, ...]]] = {
        "auto": [("B-PER", "O"), ("O",)],
        2: [("NNP", "VBD"), ("UH",)],
        "pos": [("NNP", "VBD"), ("UH",)],
        "NER": [("B-PER", "O"), ("O",)],
    }
    for column, expected in tags.items():
        assert conll_sentences(text, Columns(column)) == list(map(Sentence, words, expected))


def test_the_word_of_conll_may_be_in_any_column() -> None:
    text = "#\thttp://x\t[2009-10-17]\n1\tAufgrund\tO\tO\n2\tseiner\tO\tO\n3\tInitiative\tO\tB\n"
    expected = [Sentence(("Aufgrund", "seiner", "Initiative"), ("O", "O", "B"))]
    assert conll_sentences(text, Columns(word=2)) == expected


def test_wide_conll_may_change_its_number_of_columns_between_sentences() -> None:
    wide = "bc/x 0 0 The DT (S * - - - sp *\nbc/x 0 1 dog NN *) * - - - sp *\n"
    text = f"#begin document (bc/x); part 000\n{wide}\n{wide.replace('sp *', 'sp * (V*)')}\n#end document\n"
    assert conll_sentences(text, Columns(tag=5, word=4)) == [Sentence(("The", "dog"), ("DT", "NN"))] * 2
    with pytest.raises(
        InputError, match=r"^corpus\.txt:3: 11 columns, expected a word and its tag in 12 columns, as in"
    ):
        conll_sentences("#begin\n" + wide.removesuffix(" *\n") + "\n", Columns(tag=5, word=4))


@pytest.mark.parametrize(
    "comment",
    [
        "# id 0 source=mine",
        "# id 5239\tdomain=en",
        "# text = a b",
        "# sent_id = 1",
        "# newdoc",
        "###MEDLINE:9536",
        "#doc",
    ],
)
@pytest.mark.parametrize("rest", [" B", " _ B", " _ _ B", "\tB"])
def test_a_comment_of_conll_is_no_word(comment: str, rest: str) -> None:
    text = f"{comment}\na{rest}\nb{rest}\n\n{comment}\nc{rest}\n"
    assert conll_sentences(text) == [Sentence(("a", "b"), ("B", "B")), Sentence(("c",), ("B",))]


def test_a_hashtag_of_conll_is_a_word() -> None:
    text = "# O\n#sunday O\nx B\n\n#text O\n# #\n"
    assert conll_sentences(text) == [
        Sentence(("#", "#sunday", "x"), ("O", "O", "B")),
        Sentence(("#text", "#"), ("O", "#")),
    ]


@pytest.mark.parametrize("word", ["10\u00a0000", "\u3000", "\u2028", "\x85", "\x0b", "\u200b"])
def test_a_word_of_white_space_is_the_same_in_every_format(word: str) -> None:
    expected = [Sentence((word, "a"), ("NUM", "X"))]
    assert conll_sentences(f"{word} NUM\na X\n") == expected
    assert conll_sentences(f"{word}\tNUM\na\tX\n") == expected
    assert conllu_sentences(row("1", word, "NUM") + row("2", "a", "X")) == expected
    assert csv_sentences(f"text,tag\n{word} a,NUM X\n") == expected
    assert csv_sentences(f"sentence;word;tag\n1;{word};NUM\n;a;X\n") == expected
    assert json_sentences({"tokens": [word, "a"], "tags": ["NUM", "X"]}) == expected
    assert pairs_sentences(f"{word}/NUM a/X\n") == expected


@pytest.mark.parametrize(
    ("column", "tags"),
    [("auto", ("DET", "NOUN")), ("deprel", ("det", "root")), ("FEATS", ("_", "Number=Sing")), (3, ("the", "dog"))],
)
def test_any_column_of_conllu_may_be_the_tag(column: Column, tags: tuple[str, ...]) -> None:
    text = "1\tThe\tthe\tDET\tDT\t_\t2\tdet\t_\t_\n2\tdogs\tdog\tNOUN\tNN\tNumber=Sing\t0\troot\t_\t_\n"
    assert conllu_sentences(text, column) == [Sentence(("The", "dogs"), tags)]


def test_conllu_plus_names_its_columns() -> None:
    head = "# global.columns = ID FORM UPOS PARSEME:MWE\n# text = a b\n"
    text = "1-2\tab\t_\t*\n1\ta\tDET\t*\n2\tb\tNOUN\t1:LVC\n"
    assert conllu_sentences(head + text, "parseme:mwe") == [Sentence(("a", "b"), ("*", "1:LVC"))]
    assert conllu_sentences("# global.columns = FORM UPOS\na\tDET\nb\tNOUN\n") == [
        Sentence(("a", "b"), ("DET", "NOUN"))
    ]
    with pytest.raises(
        InputError, match=r"^corpus\.txt:3: no tag column 'xpos', expected a number up to 4, or one of id"
    ):
        conllu_sentences(head + text, "xpos")


def test_a_column_past_the_tenth_of_conllu_has_its_number() -> None:
    assert conllu_sentences(row("1", "a").replace("\n", "\tMWE\n"), 11) == [Sentence(("a",), ("MWE",))]


KAGGLE = "Sentence #,Word,POS,Tag\nSentence: 1,The,DT,O\n,dog,NN,B\nSentence: 2,Yes,UH,O\n"


def test_csv_may_have_a_word_a_row() -> None:
    assert csv_sentences(KAGGLE) == [Sentence(("The", "dog"), ("O", "B")), Sentence(("Yes",), ("O",))]
    assert csv_sentences(KAGGLE, Columns("POS")) == [
        Sentence(("The", "dog"), ("DT", "NN")),
        Sentence(("Yes",), ("UH",)),
    ]
    assert csv_sentences("Satz;Wort;Art\n1;a;X\n1;b;Y\n2;c;X\n", Columns("Art", "Wort", "Satz")) == [
        Sentence(("a", "b"), ("X", "Y")),
        Sentence(("c",), ("X",)),
    ]
    assert csv_sentences("1,a,X\n2,b,X\n".replace("1,a", "N,W,T\n1,a"), Columns(3, 2, 1))[1] == Sentence(("b",), ("X",))


def test_a_table_may_have_the_text_beside_the_words() -> None:
    text = "sentence_id,text,word,tag\n1,a b,a,X\n1,,b,Y\n2,c,c,X\n"
    assert csv_sentences(text, Columns(word="word")) == [Sentence(("a", "b"), ("X", "Y")), Sentence(("c",), ("X",))]


def test_a_tag_in_a_row_of_a_word_may_be_missing() -> None:
    assert csv_sentences(KAGGLE + ",dog,NN,\n,,,\n")[1] == Sentence(("Yes", "dog"), ("O", ""))


def test_a_row_of_empty_cells_ends_a_sentence() -> None:
    assert csv_sentences("word,tag\na,X\n,\nb,Y\n") == [Sentence(("a",), ("X",)), Sentence(("b",), ("Y",))]


def test_columns_with_other_names_may_hold_a_word_or_a_sentence_in_each_row() -> None:
    columns = Columns("Art", "Wort")
    words = "Wort,Art\n" + "a,X\nb,Y\n\nc,X\n" * 10
    assert csv_sentences(words, columns)[:2] == [
        Sentence(("a", "b"), ("X", "Y")),
        Sentence(("c", "a", "b"), ("X", "X", "Y")),
    ]
    assert csv_sentences("Wort,Art\na,X\nb c,Y X\n", columns) == [
        Sentence(("a",), ("X",)),
        Sentence(("b", "c"), ("Y", "X")),
    ]


def test_blanks_may_separate_the_columns_of_a_table_of_words() -> None:
    text = 'Token  POS NER \n"  `` O\nNew  NN B\n\nYes UH O\n'
    assert csv_sentences(text, Columns("ner")) == [Sentence(('"', "New"), ("O", "B")), Sentence(("Yes",), ("O",))]
    assert csv_sentences("text tag\na X\nb Y\n") == [Sentence(("a", "b"), ("X", "Y"))]


def test_blank_lines_end_sentences_of_words_without_a_column_for_them() -> None:
    text = 'token\tlabel\na\tX\n"\tY\n\n""""\tY\n"New York"\tX\n'
    assert csv_sentences(text) == [Sentence(("a", '"'), ("X", "Y")), Sentence(('"', "New York"), ("Y", "X"))]


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_the_delimiter_and_the_names_are_found(delimiter: str) -> None:
    text = ",Sentence,Labels\n0,a b,X Y\n".replace(",", delimiter)
    assert csv_sentences(text) == [Sentence(("a", "b"), ("X", "Y"))]


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        (KAGGLE + ",,NN,O\n", USUAL, "5: got the word '' with the tag 'O', expected text"),
        (KAGGLE + ",dog,NN\n", USUAL, "5: 3 cells, expected 4 (Sentence #,Word,POS,Tag): ',dog,NN'"),
        (
            KAGGLE,
            Columns("NER"),
            "1: no tag column 'NER', expected a number up to 4, or one of Sentence #, Word, POS, Tag",
        ),
        (
            KAGGLE,
            Columns(word=9),
            "1: no word column 9, expected a number up to 4, or one of Sentence #, Word, POS, Tag",
        ),
    ],
)
def test_a_wrong_row_of_words_is_named(text: str, columns: Columns, message: str) -> None:
    with pytest.raises(InputError) as caught:
        csv_sentences(text, columns)
    assert str(caught.value) == f"corpus.txt:{message}"


def json_sentences(*objects: object, columns: Columns = USUAL) -> list[Sentence]:
    text = "".join(f"{given if isinstance(given, str) else json.dumps(given)}\n" for given in objects)
    return list(json_format.parse(lines(text), FILE, columns))


def parquet_sentences(table: pa.Table, columns: Columns = USUAL) -> list[Sentence]:
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        pq.write_table(table, FILE, row_group_size=2)
        return list(parquet_format.parse(iter(()), FILE, columns))


LISTS = {"id": ["0", "1", "2"], "tokens": [["The", "New York"], [], ["Yes"]], "tags": [["DET", "X"], [], ["INTJ"]]}
READ = [Sentence(("The", "New York"), ("DET", "X")), Sentence(("Yes",), ("INTJ",))]


def test_json_lines_and_parquet_have_lists() -> None:
    objects = [dict(zip(LISTS, values, strict=True)) for values in zip(*LISTS.values(), strict=True)]
    assert json_sentences(*objects, "") == parquet_sentences(pa.table(LISTS)) == READ


def test_a_tag_of_a_list_may_be_missing() -> None:
    expected = [Sentence(("a", "b", "c"), ("X", "", ""))]
    assert json_sentences({"tokens": ["a", "b", "c"], "tags": ["X", None, ""]}) == expected
    numbers = pa.table({"tokens": [["a", "b", "c"]], "tags": [[0, -1, None]]})
    assert parquet_sentences(numbers, Columns(tag_names=("X", "Y"))) == expected


def test_json_lines_and_parquet_may_have_a_word_a_row() -> None:
    table = {"sentence_id": [7, 7, 8], "token": ["The", "New York", "Yes"], "upos": ["DET", "X", "INTJ"]}
    objects = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
    assert json_sentences(*objects) == parquet_sentences(pa.table(table)) == READ


@pytest.mark.parametrize(
    "feature",
    [
        {"feature": {"names": ["INTJ", "DET", "X"], "_type": "ClassLabel"}, "_type": "List"},
        {"feature": {"num_classes": 3, "names": ["INTJ", "DET", "X"], "_type": "ClassLabel"}, "_type": "Sequence"},
        [{"names": ["INTJ", "DET", "X"], "_type": "ClassLabel"}],
    ],
)
def test_numbers_of_tags_get_their_names(feature: object) -> None:
    numbers = pa.table({"tokens": LISTS["tokens"], "upos": [[1, 2], [], [0]]})
    info = json.dumps({"info": {"features": {"tokens": {}, "upos": feature}}})
    assert parquet_sentences(numbers.replace_schema_metadata({"huggingface": info})) == READ
    assert parquet_sentences(numbers, Columns(tag_names=("INTJ", "DET", "X"))) == READ
    with pytest.raises(
        InputError, match=r"^corpus\.txt: row 1: .* 'The' with the tag 1, expected text; data.tag_names"
    ):
        parquet_sentences(numbers)
    with pytest.raises(InputError, match=r"^corpus\.txt: row 1: got the word 'New York' with the tag 2, expected text"):
        parquet_sentences(numbers, Columns(tag_names=("INTJ", "DET")))


NO_NAMES: list[Any] = [[], {}, 7, "names", {"names": 7}, {"names": ["A", 7]}, {"names": ["A", "\ud800"]}]


@pytest.mark.parametrize(
    "info",
    [
        b"",
        b"[" * 100_000,
        b"[]",
        b'{"info": 1}',
        *(json.dumps({"info": {"features": {"upos": feature}}}).encode() for feature in NO_NAMES),
    ],
)
def test_names_of_tags_that_are_none_are_not_used(info: bytes) -> None:
    numbers = pa.table({"tokens": [["The"]], "upos": [[1]]}).replace_schema_metadata({"huggingface": info})
    with pytest.raises(InputError, match=r"'The' with the tag 1, expected text; data.tag_names"):
        parquet_sentences(numbers)


def test_a_text_of_parquet_that_is_no_utf8_is_named() -> None:
    words = pa.array([[b"The", b"\xff"]]).cast(pa.list_(pa.binary()))
    broken = pa.ListArray.from_arrays(words.offsets, words.values.view(pa.string()))
    with pytest.raises(InputError, match=r"^corpus\.txt: 'utf-8' codec can't decode"):
        parquet_sentences(pa.table({"tokens": broken, "tags": [["DET", "NOUN"]]}))


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ('{"tokens": ["a"]}', "2: the cell 'tag' is empty, expected at least one word"),
        ('{"tokens": ["a", "b"], "tags": ["X"]}', "2: 2 words but 1 tags, expected one tag per word"),
        ('{"tokens": ["a", ""], "tags": ["X", "Y"]}', "2: got the word '' with the tag 'Y', expected text"),
        ('{"tokens": ["a", 3], "tags": ["X", "Y"]}', "2: got the word 3 with the tag 'Y', expected text"),
        ('{"tokens": ["a"], "tags": [1.5]}', "2: got the word 'a' with the tag 1.5, expected text"),
        ('{"tokens": ["a"], "tags": 5}', "2: the cell 'tag' is 5, expected at least one word"),
        ('{"tokens": ["a"], "tags": null}', "2: the cell 'tag' is empty, expected at least one word"),
        ('{"tokens": "[\'a\']", "tags": ["X"]}', "2: the cell 'text' is a Python list, expected words"),
        ('{"tokens": ["\\ud800"], "tags": ["X"]}', "2: not JSON: "),
        ('["a"]', "2: got '[\"a\"]', expected an object"),
        ("{", "2: not JSON: "),
        ("[" * 100_000, "2: not JSON: "),
    ],
)
def test_a_wrong_object_is_named(second: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        json_sentences({"tokens": ["a"], "tags": ["X"]}, second)
    assert str(caught.value).startswith(f"corpus.txt:{message}")
    assert "\n" not in str(caught.value)


def test_a_row_of_parquet_that_is_wrong_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    FILE.write_text("text,tag\na,X\n", encoding="utf-8")
    wrong = pa.table({"tokens": [["a"], ["b"], ["c", None]], "tags": [["X"], ["Y"], ["X", "Y"]]})
    with pytest.raises(InputError, match=r"^corpus\.txt: row 3: got the word None with the tag 'Y', expected text$"):
        parquet_sentences(wrong)
    with pytest.raises(InputError, match=r"^corpus\.txt: Parquet magic bytes not found"):
        list(parquet_format.parse(iter(()), FILE, USUAL))


def pairs_sentences(text: str) -> list[Sentence]:
    return list(pairs_format.parse(lines(text), FILE, USUAL))


def test_words_may_have_their_tags_behind_them() -> None:
    assert pairs_sentences("# a comment\nThe/DT 1/2/CD  dog_x/NN\n\n//: \r\n") == [
        Sentence(("The", "1/2", "dog_x"), ("DT", "CD", "NN")),
        Sentence(("/",), (":",)),
    ]
    assert pairs_sentences("The_DT 1_2_CD and/or_CC\n") == [Sentence(("The", "1_2", "and/or"), ("DT", "CD", "CC"))]


@pytest.mark.parametrize("token", ["dog", "dog/", "/NN"])
def test_a_word_without_its_tag_is_named(token: str) -> None:
    with pytest.raises(InputError, match=rf"^corpus\.txt:2: got '{token}', expected a word with its tag: word/TAG$"):
        pairs_sentences(f"The/DT\nA/DT {token}\n")
