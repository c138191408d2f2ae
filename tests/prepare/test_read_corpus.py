"""Corpus files on the disk: gzip, encodings, formats known by name and by content, and parts split off."""

import gzip
import zlib
from pathlib import Path

import pytest

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import IndexedCorpus, Sentence
from tagger.core.params.schema import DataParams
from tagger.prepare import prepare_corpus as prepare
from tagger.prepare import read_corpus as corpus
from tagger.prepare.corpus_table import Columns

CSV = "text,tag\nThé dog,DET NOUN\nYes,INTJ\n"
CONLLU = (
    "# text = Thé dog\n"
    "1\tThé\tthe\tDET\tDT\t_\t_\t_\t_\t_\n"
    "2\tdog\tdog\tNOUN\tNN\t_\t_\t_\t_\t_\n"
    "\n"
    "1\tYes\tyes\tINTJ\tUH\t_\t_\t_\t_\t_\n"
    "\n"
)
CONLL = "Thé DET\ndog NOUN\n\nYes INTJ\n"
CONLL_TABS = "Thé\tDET\ndog\tNOUN\n\nYes\tINTJ\n"
JSON = '{"id": 0, "tokens": ["Thé", "dog"], "tags": ["DET", "NOUN"]}\n{"id": 1, "tokens": ["Yes"], "tags": ["INTJ"]}\n'
SENTENCES = [Sentence(("Thé", "dog"), ("DET", "NOUN")), Sentence(("Yes",), ("INTJ",))]
EXPECTED = "a corpus in CSV, CoNLL-U, JSON Lines, Parquet, word/TAG or CoNLL"
MARK = b"\xef\xbb\xbf"


def read_corpus(path: Path, file_format: str = "auto", column: str = "auto") -> list[Sentence]:
    return list(corpus.read_corpus(path, file_format, Columns(column)))


def split_off(sentences: list[Sentence], share: float, seed: int) -> list[list[Sentence]]:
    return [list(part) for part in corpus.split_off(IndexedCorpus.of(sentences), share, seed)]


def read_splits(data: DataParams, seed: int) -> dict[str, list[Sentence]]:
    return {name: list(part) for name, part in prepare.read_splits(data.model_copy(update={"seed": seed})).items()}


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def mistake(path: Path, file_format: str = "auto") -> str:
    """The message without the folder."""
    with pytest.raises(InputError) as caught:
        read_corpus(path, file_format)
    return str(caught.value).removeprefix(f"{path.parent}/")


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("mark", [b"", MARK], ids=["no mark", "byte order mark"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("corpus.csv", CSV),
        ("corpus.csv.gz", CSV),
        ("corpus", CSV),
        ("corpus.gz", CSV),
        ("corpus.v2.conllu", CONLLU),
        ("corpus.conllu.gz", CONLLU),
        ("corpus.txt", CONLLU),
        ("corpus.conll", CONLL),
        ("corpus.conll.gz", CONLL_TABS),
        ("corpus", CONLL_TABS),
        ("corpus", "# a\n-DOCSTART- O\n\nThé X DET\ndog Y NOUN\n\nYes Z INTJ\n"),
        ("corpus.tsv", CONLL_TABS),
        ("corpus.tsv", CSV.replace(",", "\t")),
        ("corpus.txt", CSV.replace(",", ";").replace("text", "Text")),
        ("corpus", "# global.columns = FORM UPOS\n" + CONLL_TABS),
        ("corpus.conllup", "# global.columns = FORM UPOS\n" + CONLL_TABS),
        ("corpus.jsonl", JSON),
        ("corpus", JSON),
        ("corpus.txt", "Thé/DET dog/NOUN\nYes/INTJ\n"),
        ("corpus", "Thé_DET dog_NOUN\nYes_INTJ\n"),
    ],
)
def test_every_format_is_read_from_every_kind_of_file(
    tmp_path: Path, name: str, text: str, mark: bytes, line_end: str, zipped: bool
) -> None:
    content = mark + text.replace("\n", line_end).encode()
    path = write(tmp_path / name, gzip.compress(content) if zipped else content)
    assert read_corpus(path) == SENTENCES


@pytest.mark.parametrize(("file_format", "text"), [("csv", CSV), ("conllu", CONLLU), ("conll", CONLL)])
def test_a_given_format_overrides_the_name(tmp_path: Path, file_format: str, text: str) -> None:
    other_name = "corpus.conllu" if file_format == "csv" else "corpus.csv"
    assert read_corpus(write(tmp_path / other_name, text), file_format) == SENTENCES


def test_a_given_format_overrides_the_content(tmp_path: Path) -> None:
    assert mistake(write(tmp_path / "corpus", CSV), "conll").startswith("corpus:1: 1 column")


def test_blank_lines_and_comments_before_the_content_do_not_hide_its_format(tmp_path: Path) -> None:
    assert read_corpus(write(tmp_path / "corpus", "\n# newdoc\n" + CONLLU)) == SENTENCES


def test_the_column_of_conllu_is_chosen(tmp_path: Path) -> None:
    sentences = read_corpus(write(tmp_path / "corpus.conllu", CONLLU), column="xpos")
    assert [sentence.tags for sentence in sentences] == [("DT", "NN"), ("UH",)]


def test_a_byte_order_mark_is_dropped_at_the_start_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "corpus.csv", MARK + b"text,tag\n" + MARK + b"a,X\n")
    assert read_corpus(path) == [Sentence(("\ufeffa",), ("X",))]


def test_a_line_ends_at_a_line_feed_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "corpus.conllu", "1\ta\u2028b\x0cc\t_\tX\t_\t_\t_\t_\t_\t_\n")
    assert read_corpus(path) == [Sentence(("a\u2028b\x0cc",), ("X",))]


def test_an_empty_column_at_the_end_of_a_line_is_a_column(tmp_path: Path) -> None:
    path = write(tmp_path / "corpus.conllu", "1\ta\t_\tX\t_\t_\t_\t_\t_\t\r\n")
    assert read_corpus(path) == [Sentence(("a",), ("X",))]


def test_files_compressed_in_parts_are_read_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "corpus.csv.gz", gzip.compress(b"text,tag\na,X\n") + gzip.compress(b"b,Y\n"))
    assert read_corpus(path) == [Sentence(("a",), ("X",)), Sentence(("b",), ("Y",))]


def test_equal_words_are_held_in_memory_once(tmp_path: Path) -> None:
    first, second = read_corpus(write(tmp_path / "corpus.csv", "text,tag\nsome word,X NOUN\nword,NOUN\n"))
    assert first.words[1] is second.words[0]
    assert first.tags[1] is second.tags[0]


def test_what_looks_like_words_with_tags_by_chance_is_conll(tmp_path: Path) -> None:
    path = write(tmp_path / "corpus", "and/or B/I\nNew_York B_I\nx O\n")
    assert read_corpus(path) == [Sentence(("and/or", "New_York", "x"), ("B/I", "B_I", "O"))]


def test_columns_with_numbers_make_no_header_of_the_first_line(tmp_path: Path) -> None:
    path = write(tmp_path / "corpus.tsv", "text\ttag\ta\nb\tX\tc\n")
    expected = [Sentence(("text", "b"), ("tag", "X"))]
    assert list(corpus.read_corpus(path, "auto", Columns(tag=2, word=1))) == expected


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-be", "utf-16-le", "UTF8"])
@pytest.mark.parametrize(("name", "text"), [("a.csv", CSV), ("a.conllu", CONLLU), ("a", CONLL), ("a", JSON)])
def test_a_file_in_another_encoding_is_read(tmp_path: Path, name: str, text: str, encoding: str) -> None:
    for mark in ("", "\ufeff") if encoding.lower().startswith("utf") else ("",):
        path = write(tmp_path / name, (mark + text).encode(encoding))
        assert list(corpus.read_corpus(path, encoding=encoding)) == SENTENCES


@pytest.mark.parametrize(
    ("content", "encoding", "expected"),
    [
        (b"a X\n\xff\xd8 X\n", "utf-16-be", "a:1: expected the encoding utf-16-be: "),
        (b"a X\nb\x81 X\n", "cp1252", "a:2: expected the encoding cp1252: "),
        (b"a X\n" * 500_000 + b"\xff X\n", "ascii", "a:500001: expected the encoding ascii: "),
        (b"a X\n\\ud800 X\n", "unicode_escape", "a:2: expected the encoding unicode_escape: "),
        (b"a X\n", "utf8000", "data.encoding: got 'utf8000', expected an encoding that Python knows, such as"),
        (b"a X\n", "base64", "data.encoding: got 'base64', expected an encoding that Python knows, such as"),
        (b"a X\n", "a\0b", "data.encoding: got 'a\\x00b', expected an encoding that Python knows, such as"),
    ],
)
def test_a_wrong_encoding_is_named(tmp_path: Path, content: bytes, encoding: str, expected: str) -> None:
    path = write(tmp_path / "a", content)
    with pytest.raises(InputError) as caught:
        corpus.read_corpus(path, "conll", encoding=encoding)
    assert str(caught.value).removeprefix(f"{tmp_path}/").startswith(expected)


@pytest.mark.parametrize(
    ("text", "encoding", "guess"),
    [
        ("Fluß", "latin-1", "latin-1"),
        ("“quoted”", "cp1252", "cp1252"),
        ("привет мир", "cp1251", "an encoding for another script, such as cp1251, cp932 or gb18030"),
        ("日本語", "cp932", "an encoding for another script, such as cp1251, cp932 or gb18030"),
        ("été", "utf-16", "utf-16"),
    ],
)
def test_the_encoding_is_guessed(tmp_path: Path, text: str, encoding: str, guess: str) -> None:
    message = mistake(write(tmp_path / "a", f"{text}\tX\n".encode(encoding)), "conll")
    assert message.endswith(f"expected UTF-8; it looks like {guess}: set data.encoding")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert mistake(tmp_path / "none.csv") == f"none.csv: no such file; expected {EXPECTED}"


def test_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    assert mistake(tmp_path / "corpus") == f"corpus: is a folder, expected {EXPECTED}"


@pytest.mark.parametrize("name", ["corpus.csv", "corpus.conllu", "corpus", "corpus.gz"])
@pytest.mark.parametrize("content", [b"", MARK, b"\n\n"], ids=["empty", "byte order mark", "blank lines"])
def test_an_empty_file_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    assert mistake(write(tmp_path / name, content)) == f"{name}: has no sentences, expected at least one"


def test_a_csv_file_with_nothing_but_a_header_is_named(tmp_path: Path) -> None:
    assert mistake(write(tmp_path / "a.csv", "text,tag\n")) == "a.csv: has no sentences, expected at least one"


def test_an_empty_gzip_file_is_named(tmp_path: Path) -> None:
    assert mistake(write(tmp_path / "a.gz", gzip.compress(b""))) == "a.gz: has no sentences, expected at least one"


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.csv", "text,tag\na b,X\n", "a.csv:2: 2 words"),
        ("a.conllu", "1\tdog\n", "a.conllu:1: 2 columns"),
        ("a.conll", "a X\n\nb\n", "a.conll:3: 1 column"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzipped"])
def test_a_wrong_line_is_named_with_the_file(tmp_path: Path, name: str, text: str, place: str, zipped: bool) -> None:
    content = gzip.compress(text.encode()) if zipped else text.encode()
    assert mistake(write(tmp_path / name, content)).startswith(place)


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "a.csv",
            b"text,tag\nok,X\nb\xe4d,X\n",
            "a.csv:3: byte 2 of the line is 0xe4, expected UTF-8; it looks like latin-1: set data.encoding",
        ),
        (
            "a.conll",
            b"\xff\xfea\x00",
            "a.conll:1: byte 1 of the line is 0xff, expected UTF-8; it looks like utf-16: set data.encoding",
        ),
        (
            "a",
            b"# c\n\xe9t\xe9 NOUN\n",
            "a:2: byte 1 of the line is 0xe9, expected UTF-8; it looks like latin-1: set data.encoding",
        ),
    ],
)
def test_bytes_that_are_not_utf8_are_named_with_their_line(
    tmp_path: Path, name: str, content: bytes, expected: str, zipped: bool
) -> None:
    assert mistake(write(tmp_path / name, gzip.compress(content) if zipped else content)) == expected


def gzipped_corpus() -> bytearray:
    return bytearray(gzip.compress(CSV.encode() + b"word,X\n" * 1000))


@pytest.mark.parametrize("kept", [2, 9, 20, -9, -1], ids=["magic", "header", "start", "no checksum", "a byte short"])
def test_a_truncated_gzip_file_is_named(tmp_path: Path, kept: int) -> None:
    message = mistake(write(tmp_path / "a.csv.gz", bytes(gzipped_corpus()[:kept])))
    assert message.startswith("a.csv.gz: damaged gzip file: ")


@pytest.mark.parametrize("place", [2, -6, -2], ids=["method", "checksum", "length"])
def test_a_damaged_gzip_file_is_named(tmp_path: Path, place: int) -> None:
    content = gzipped_corpus()
    content[place] ^= 0xFF
    assert mistake(write(tmp_path / "a.csv.gz", bytes(content))).startswith("a.csv.gz: damaged gzip file: ")


def test_a_gzip_file_with_a_damaged_stream_is_named(tmp_path: Path) -> None:
    content = gzip.compress(b"")[:10] + b"\xff" * 20
    with pytest.raises(zlib.error):
        zlib.decompress(content[10:], wbits=-15)
    assert mistake(write(tmp_path / "a.csv.gz", content)).startswith("a.csv.gz: damaged gzip file: ")


def test_a_gzip_file_with_something_behind_it_is_named(tmp_path: Path) -> None:
    content = bytes(gzipped_corpus()) + b"garbage"
    assert mistake(write(tmp_path / "a.csv.gz", content)).startswith("a.csv.gz: damaged gzip file: ")


def some(amount: int) -> list[Sentence]:
    return [Sentence((f"w{index}",), ("X",)) for index in range(amount)]


@pytest.mark.parametrize(("amount", "share", "drawn"), [(10, 0.1, 1), (10, 0.25, 2), (3, 0.5, 2), (1000, 0.333, 333)])
def test_the_share_says_how_many_are_split_off(amount: int, share: float, drawn: int) -> None:
    rest, off = split_off(some(amount), share, seed=1)
    assert (len(rest), len(off)) == (amount - drawn, drawn)


def test_what_is_split_off_and_the_rest_are_all_and_keep_their_order() -> None:
    rest, off = split_off(some(50), 0.3, seed=1)
    assert sorted(rest + off, key=some(50).index) == some(50)
    assert rest == sorted(rest, key=some(50).index)
    assert off == sorted(off, key=some(50).index)


def test_the_same_seed_splits_off_the_same() -> None:
    assert split_off(some(50), 0.3, seed=1) == split_off(some(50), 0.3, seed=1)


def test_another_seed_splits_off_others() -> None:
    assert split_off(some(50), 0.3, seed=1) != split_off(some(50), 0.3, seed=2)


def test_what_is_split_off_is_drawn_from_the_whole_corpus() -> None:
    _, off = split_off(some(1000), 0.2, seed=1)
    in_first_half = sum(int(sentence.words[0][1:]) < 500 for sentence in off)
    assert 70 < in_first_half < 130


@pytest.mark.parametrize(
    ("amount", "share", "expected"),
    [
        (4, 0.1, "a share of 0.1 of 4 sentences is 0, expected at least 1 and at most 3; "),
        (3, 0.9, "a share of 0.9 of 3 sentences is 3, expected at least 1 and at most 2; "),
    ],
)
def test_no_part_of_a_split_may_be_empty(amount: int, share: float, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        split_off(some(amount), share, seed=1)
    assert str(caught.value) == expected + "use a separate file or change data.dev_share or data.test_share"


def corpus_of(folder: Path, name: str, amount: int) -> str:
    return str(write(folder / name, "text,tag\n" + "".join(f"{name}{index},X\n" for index in range(amount))))


def data_params(train: str, dev: str, test: str, dev_share: float = 0.2, test_share: float = 0.3) -> DataParams:
    return DataParams(
        train=train,
        dev=dev,
        test=test,
        dev_share=dev_share,
        test_share=test_share,
        format="auto",
        column="upos",
        lowercase=True,
    )


def test_three_files_are_three_splits(tmp_path: Path) -> None:
    train, dev, test = (corpus_of(tmp_path, name, size) for name, size in (("a", 3), ("b", 2), ("c", 1)))
    splits = read_splits(data_params(train, dev, test), seed=1)
    assert [(name, len(part)) for name, part in splits.items()] == [("train", 3), ("dev", 2), ("test", 1)]
    assert [part[0].words for part in splits.values()] == [("a0",), ("b0",), ("c0",)]


def test_dev_and_test_are_split_off_the_same_file_without_overlap(tmp_path: Path) -> None:
    file = corpus_of(tmp_path, "a", 100)
    splits = read_splits(data_params(file, file, file), seed=1)
    # 30 of 100 for test, then 20% of the 70 that are left for dev.
    assert {name: len(part) for name, part in splits.items()} == {"train": 56, "dev": 14, "test": 30}
    assert sorted(splits["train"] + splits["dev"] + splits["test"]) == sorted(read_corpus(Path(file)))


def test_splits_of_one_file_are_the_same_each_time(tmp_path: Path) -> None:
    file = corpus_of(tmp_path, "a", 100)
    params = data_params(file, file, file)
    assert read_splits(params, seed=1) == read_splits(params, seed=1)


@pytest.mark.parametrize("name", ["dev", "test"])
def test_the_seed_changes_what_is_split_off(tmp_path: Path, name: str) -> None:
    file = corpus_of(tmp_path, "a", 100)
    params = data_params(file, file, file)
    assert read_splits(params, seed=1)[name] != read_splits(params, seed=2)[name]


def test_the_draw_of_dev_does_not_repeat_that_of_test(tmp_path: Path) -> None:
    file, other = corpus_of(tmp_path, "a", 100), corpus_of(tmp_path, "b", 5)
    dev = read_splits(data_params(file, file, other, dev_share=0.3), seed=1)["dev"]
    test = read_splits(data_params(file, other, file, test_share=0.3), seed=1)["test"]
    assert len(dev) == len(test) == 30
    assert dev != test


def test_the_test_split_does_not_depend_on_where_dev_comes_from(tmp_path: Path) -> None:
    file, other = corpus_of(tmp_path, "a", 100), corpus_of(tmp_path, "b", 5)
    both = read_splits(data_params(file, file, file), seed=1)
    one = read_splits(data_params(file, other, file), seed=1)
    assert both["test"] == one["test"]


def test_the_same_file_under_another_spelling_is_split_off_too(tmp_path: Path) -> None:
    file = corpus_of(tmp_path, "a", 100)
    (tmp_path / "folder").mkdir()
    splits = read_splits(data_params(file, f"{tmp_path}/folder/../a", file), seed=1)
    assert not set(splits["train"]) & set(splits["dev"])


def test_a_missing_split_is_named(tmp_path: Path) -> None:
    file = corpus_of(tmp_path, "a", 10)
    with pytest.raises(InputError, match=r"/none\.csv: no such file"):
        read_splits(data_params(file, str(tmp_path / "none.csv"), file), seed=1)
