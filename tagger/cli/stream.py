"""Lines of standard input as they come: many at once from a file, one by one from a person or a slow pipe."""

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO, cast

from tagger.core.common.errors import InputError

_BLOCK = 1 << 20  # bytes read at most at once; a pipe gives what it holds


def read_available(stream: BinaryIO) -> Iterator[list[str]]:
    """Yield the lines that have arrived, without their ends, as lists.

    Raises:
        InputError: a line is not UTF-8. The lines before it were yielded.
        OSError: the stream can't be read.
    """
    number = 0
    for content in _whole_lines(stream):
        lines = []
        for line in content.removesuffix(b"\n").split(b"\n"):
            number += 1
            own = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            try:
                lines.append(own.decode().rstrip("\r"))
            except UnicodeDecodeError as error:
                yield lines
                raise InputError.not_utf8("standard input", error, number) from None
        yield lines


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
