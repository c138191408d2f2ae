"""Lines of a stream as they come: many at once from a file, one by one from a person or a slow pipe."""

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO, cast

from tagger.core.common.errors import InputError

_BLOCK = 1 << 20  # bytes read at most at once; a pipe gives what it holds


def read_available(stream: BinaryIO, name: str, most: int) -> Iterator[list[str]]:
    """Yield the lines that have arrived, at least one and at most `most` at a time, without their ends.

    Raises:
        InputError: a line is not UTF-8. The lines before it were yielded.
        OSError: the stream can't be read.
    """
    number = 1
    for content in _whole_lines(stream):
        lines, mistake = _decode(content if number > 1 else content.removeprefix(codecs.BOM_UTF8), name, number)
        for start in range(0, len(lines), most):
            yield lines[start : start + most]
        if mistake:
            raise mistake
        number += len(lines)


def _whole_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield what has arrived, up to the end of its last line."""
    begun: list[bytes] = []  # pieces of a line whose end has not arrived
    while block := cast(io.BufferedIOBase, stream).read1(_BLOCK):  # BinaryIO does not declare it
        whole, end, rest = block.rpartition(b"\n")
        if end:
            yield b"".join([*begun, whole, end])
            begun = []
        begun.append(rest)
    if last := b"".join(begun):
        yield last


def _decode(content: bytes, name: str, number: int) -> tuple[list[str], InputError | None]:
    """Return the lines of the content, the first of which has this number, up to one that is not UTF-8."""
    try:
        text, mistake = content.decode("utf-8"), None
    except UnicodeDecodeError as error:
        mistake = InputError.not_utf8(name, error, number)
        text = content[: content.rfind(b"\n", 0, error.start) + 1].decode("utf-8")
    lines = text.removesuffix("\n").split("\n") if text else []
    return [line.rstrip("\r") for line in lines], mistake
