"""Errors that are reported as one line say where in a file."""

import pytest

from tagger.core.common.errors import InputError


@pytest.mark.parametrize(
    ("content", "first_line", "expected"),
    [
        (b"\xff", 1, "a.txt:1: byte 1 of the line is 0xff, expected UTF-8"),
        (b"d\xe9", 7, "a.txt:7: byte 2 of the line is 0xe9, expected UTF-8"),
        (b"one\n\xc3\xa9t\xe9\n", 1, "a.txt:2: byte 4 of the line is 0xe9, expected UTF-8"),
    ],
)
def test_the_first_byte_that_is_not_utf8_is_named_with_its_line(content: bytes, first_line: int, expected: str) -> None:
    with pytest.raises(UnicodeDecodeError) as caught:
        content.decode("utf-8")
    assert str(InputError.not_utf8("a.txt", caught.value, first_line)) == expected


@pytest.mark.parametrize(("line", "expected"), [(3, "a.txt:3: wrong"), (None, "a.txt: wrong")])
def test_a_place_is_a_file_and_a_line(line: int | None, expected: str) -> None:
    assert str(InputError.at("a.txt", line, "wrong")) == expected
