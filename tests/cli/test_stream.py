"""Lines of a stream: handed on as they come, and named when they are wrong."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import pytest

from tagger.cli.stream import read_available, read_conllu
from tagger.core.common.errors import InputError

pytestmark = pytest.mark.timeout(5)  # a stream that is waited for in vain would hold up the rest


@contextmanager
def pipe() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as reader, os.fdopen(write_end, "wb", buffering=0) as writer:
        yield reader, writer


def lines_of(content: bytes) -> list[str]:
    return [line for lines in read_available(io.BytesIO(content)) for line in lines]


def test_lines_are_handed_on_before_the_stream_ends() -> None:
    with pipe() as (reader, writer):
        chunks = read_available(reader)
        writer.write(b"The dog\n")
        assert next(chunks) == ["The dog"]
        writer.write(b"barked\n")
        assert next(chunks) == ["barked"]
        writer.close()
        assert list(chunks) == []


def test_a_line_is_handed_on_when_it_is_whole() -> None:
    with pipe() as (reader, writer):
        chunks = read_available(reader)
        writer.write(b"The ")
        writer.write(b"dog\nbar")
        assert next(chunks) == ["The dog"]
        writer.write(b"ked")
        writer.close()
        assert list(chunks) == [["barked"]]


def test_a_sentence_of_conllu_comes_with_its_blank_line() -> None:
    rest = "\t_" * 8
    chunks = read_conllu(iter([["# a", f"1\ta{rest}"], [f"2\tb{rest}", "", "# c"], [f"1\tc{rest}"]]))
    assert next(chunks) == []
    assert [sentence.words for sentence in next(chunks)] == [["a", "b"]]
    assert next(chunks) == []
    assert [sentence.words for sentence in next(chunks)] == [["c"]]


def test_all_lines_come_in_order() -> None:
    expected = [f"line {number}" for number in range(200_000)]  # more than are read at once
    assert lines_of("\n".join(expected).encode()) == expected


def test_lines_that_have_arrived_come_together() -> None:
    with pipe() as (reader, writer):
        writer.write(b"a\nb\nc\nd\ne\nf")
        chunks = read_available(reader)
        assert next(chunks) == ["a", "b", "c", "d", "e"]


def test_a_line_may_be_longer_than_what_is_read_at_once() -> None:
    lines = ["é" * 1_000_000, "x", "y" * 2_000_000]
    assert lines_of("\n".join(lines).encode()) == lines


def test_an_empty_stream_gives_nothing() -> None:
    assert list(read_available(io.BytesIO(b""))) == []


def test_empty_lines_are_lines() -> None:
    assert lines_of(b"\na\n\n\nb") == ["", "a", "", "", "b"]


def test_line_ends_are_dropped() -> None:
    assert lines_of("The dog \r\nété\n\u2028x\n\r".encode()) == ["The dog ", "été", "\u2028x", ""]


def test_a_byte_order_mark_is_dropped_at_the_start_alone() -> None:
    assert lines_of("\ufeffThe dog\n\ufeffx\n".encode()) == ["The dog", "\ufeffx"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff\n", "standard input:1: byte 1 of the line is 0xff, expected UTF-8"),
        (b"The dog\n\nThe d\xe9g\nx\n", "standard input:3: byte 6 of the line is 0xe9, expected UTF-8"),
        ("é".encode() + b"\xe9", "standard input:1: byte 3 of the line is 0xe9, expected UTF-8"),
    ],
)
def test_a_byte_that_is_not_utf8_is_named_with_its_line(content: bytes, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        lines_of(content)
    assert str(caught.value) == expected


def test_lines_are_counted_over_all_chunks() -> None:
    with pytest.raises(InputError, match=r"^standard input:1000001: "):
        lines_of(b"a\n" * 1_000_000 + b"\xff\n")


def test_the_lines_before_a_wrong_one_are_handed_on() -> None:
    handed_on: list[str] = []
    with pytest.raises(InputError, match=r"^standard input:41: "):  # noqa: PT012, what came before it counts
        for chunk in read_available(io.BytesIO(b"a\n" * 40 + b"\xff\n")):
            handed_on += chunk
    assert handed_on == ["a"] * 40


class BrokenFile(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        raise OSError(5, "Input/output error")


def test_a_stream_that_cannot_be_read_raises_its_error() -> None:
    with pytest.raises(OSError, match="Input/output error"):
        list(read_available(io.BufferedReader(BrokenFile())))
