"""Files of pretrained vectors: their formats, which of their words are taken, and the mistakes that are named."""

import gzip
import tracemalloc
from pathlib import Path

import pytest

from tagger.core.common.errors import InputError
from tagger.core.corpus.dictionary import RESERVED, Dictionary
from tagger.prepare.vector_file import read_vectors

GLOVE = "the 0.5 -1 1e-3\nNew York 1 2 3\nunused 7 8 9\ndöner 4 5 6\n"
FOUND = {"the": [0.5, -1, 0.001], "New York": [1, 2, 3], "döner": [4, 5, 6]}
EXPECTED = "vectors in the text format of word2vec, GloVe or fastText"


def read(path: Path, content: bytes | str, *words: str, width: int = 3) -> dict[str, list[float]]:
    """Write a file of vectors, and return those that a dictionary of these words gets from it."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    dictionary = Dictionary([(word, 1) for word in words], RESERVED)
    found = read_vectors(path, dictionary, width)
    assert found.ids.dtype == "int32"
    assert found.vectors.dtype == "float32"
    rows = [[round(value, 6) for value in row] for row in found.vectors.tolist()]
    return dict(zip((dictionary.entries[id_ - RESERVED] for id_ in found.ids), rows, strict=True))


def mistake(path: Path, content: bytes | str, *words: str, width: int = 3) -> str:
    """The message without the folder."""
    with pytest.raises(InputError) as caught:
        read(path, content, *words, width=width)
    return str(caught.value).removeprefix(f"{path.parent}/")


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize(
    "content",
    [
        GLOVE,
        "4 3\n" + GLOVE,
        "4 3\n" + GLOVE.replace("\n", " \n"),  # as word2vec and fastText end their lines
        "4 3\r\n" + GLOVE.replace("\n", "\r\n"),
        "\ufeff" + GLOVE,
        "\ufeff4 3\n" + GLOVE + "\n",
        GLOVE.replace(" ", "\t").replace("New\t", "New "),
    ],
    ids=["GloVe", "word2vec", "spaces at the end", "CRLF", "mark", "mark and blank line", "tabs"],
)
def test_every_format_is_read_from_every_kind_of_file(tmp_path: Path, content: str, zipped: bool) -> None:
    data = gzip.compress(content.encode()) if zipped else content.encode()
    assert read(tmp_path / "v", data, "döner", "the", "absent", "New York") == FOUND


def test_the_first_of_equal_words_counts(tmp_path: Path) -> None:
    assert read(tmp_path / "v", "a 1\na 2\n", "a", width=1) == {"a": [1]}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("PARIS 1\nParis 2\n", {"paris": [1]}),
        ("Paris 1\nparis 2\n", {"paris": [2]}),
        ("paris 1\nParis 2\n", {"paris": [1]}),
        ("Paris 1\nother 5\nparis 2\nparis 3\nPARIS 4\n", {"paris": [2], "other": [5]}),
    ],
)
def test_an_equal_word_is_taken_before_the_first_that_is_equal_in_lower_case(
    tmp_path: Path, content: str, expected: dict[str, list[float]]
) -> None:
    assert read(tmp_path / "v", content, "paris", "other", width=1) == expected


def test_a_word_in_capitals_takes_no_vector_of_another_case(tmp_path: Path) -> None:
    assert read(tmp_path / "v", "paris 1\nPARIS 2\n", "Paris", width=1) == {}


@pytest.mark.parametrize("content", ["0 0\n", "0 300", "0 0\n\n"])
def test_a_file_may_hold_no_vectors(tmp_path: Path, content: str) -> None:
    assert read(tmp_path / "v", content, "a") == {}


def test_no_word_need_be_found(tmp_path: Path) -> None:
    assert read(tmp_path / "v", GLOVE, "absent") == {}


def test_a_word_with_bytes_that_are_no_utf8_is_passed_over(tmp_path: Path) -> None:
    content = b"b\xe4d 1 2 3\n\xff 1 2 3\n\xc2\x85 4 4 4\na\xc2\xa0b 5 5 5\nok 6 6 6\n"
    assert read(tmp_path / "v", content, "b�d", "ok", "a\xa0b") == {"a\xa0b": [5, 5, 5], "ok": [6, 6, 6]}


def test_a_first_line_whose_word_is_a_number_is_no_header(tmp_path: Path) -> None:
    assert read(tmp_path / "v", "1999 1 2 3\n", "1999") == {"1999": [1, 2, 3]}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("the 1 2 3\na 1 2\n", "v:2: 2 numbers, expected a word and 3: 'a 1 2'"),
        ("the 1 2 3\n1 2 3\n", "v:2: 2 numbers, expected a word and 3: '1 2 3'"),
        ("2 3\nthe 1 2 3\na\n", "v:3: 0 numbers, expected a word and 3: 'a'"),
        ("the 1 2 x\n", "v:1: vectors of 0 numbers, but model.word_dim is 3; the two must agree"),
        ("the 1 2\n", "v:1: vectors of 2 numbers, but model.word_dim is 3; the two must agree"),
        ("the 1 2 3 4\n", "v:1: vectors of 4 numbers, but model.word_dim is 3; the two must agree"),
        ("1 300\nthe 1 2 3\n", "v:1: vectors of 300 numbers, but model.word_dim is 3; the two must agree"),
        ("the 1 2 3\na 1 x 3\n", "v:2: the vector of 'a' has 'x', expected a finite number"),
        ("the 1 2 3\na 1 nan 3\n", "v:2: the vector of 'a' has 'nan', expected a finite number"),
        ("the 1 2 3\na 1 2 -inf\n", "v:2: the vector of 'a' has '-inf', expected a finite number"),
        ("the 1 2 3\na 1e39 2 3\n", "v:2: the vector of 'a' has '1e39', expected a finite number"),
        ("the 1 2 3\na inf -inf 3\n", "v:2: the vector of 'a' has 'inf', expected a finite number"),
        ("the 1 2 3\na 1  2\n", "v:2: the vector of 'a' has 'a', expected a finite number"),
        ("5 3\nthe 1 2 3\n", "v:1: announces 5 vectors, but 1 follow; is the file truncated?"),
        ("0 0\nthe 1 2 3\n", "v:1: announces 0 vectors, but 1 follow; is the file truncated?"),
        ("", f"v: is empty, expected {EXPECTED}; a file with only the line '0 0' means no vectors"),
        ("\ufeff\n\n", f"v: is empty, expected {EXPECTED}; a file with only the line '0 0' means no vectors"),
        (b"the 1 2 3\n\x80\x81 1\n", "v:2: 1 numbers, expected a word and 3: '\\\\x80\\\\x81 1'"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, content: bytes | str, expected: str) -> None:
    assert mistake(tmp_path / "v", content, "a", "the") == expected


@pytest.mark.parametrize("content", [b"2 3\na \x00\x00\x80\x3f" * 3, b"\xba\x16\x4f\x2f\x0c\x00\x00\x00"])
def test_a_binary_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert mistake(tmp_path / "v", content).startswith("v: is binary, expected vectors in the text format of word2vec")


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path, found in ((tmp_path / "none.vec", "no such file;"), (tmp_path, "is a folder,")):
        with pytest.raises(InputError) as caught:
            read_vectors(path, Dictionary([], RESERVED), 3)
        assert str(caught.value) == f"{path}: {found} expected {EXPECTED}"


@pytest.mark.parametrize("kept", [5, 25, -5])
def test_a_truncated_gzip_file_is_named(tmp_path: Path, kept: int) -> None:
    content = gzip.compress(GLOVE.encode())[:kept]
    assert mistake(tmp_path / "v.gz", content, "a").startswith("v.gz: damaged gzip file: ")


def test_memory_is_bounded_by_the_words_of_the_corpus(tmp_path: Path) -> None:
    content = "".join(f"word{number} {'0.123456 ' * 100}\n" for number in range(5000)).encode()  # 4.5 MB
    (tmp_path / "v").write_bytes(content)
    dictionary = Dictionary([("word7", 1)], RESERVED)
    tracemalloc.start()
    try:
        assert len(read_vectors(tmp_path / "v", dictionary, 100).ids) == 1
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()
