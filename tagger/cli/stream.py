"""Lines of a stream as they come: many at once from a file, one by one from a person or a slow pipe."""

import codecs
import queue
import threading
from collections.abc import Iterator
from typing import BinaryIO

from tagger.core.common.errors import InputError


def read_available(stream: BinaryIO, name: str, most: int) -> Iterator[list[str]]:
    """Yield the lines that have arrived, at least one and at most `most` at a time, without their ends.

    Raises:
        InputError: a line is not UTF-8. What came before it was yielded.
        OSError: the stream can't be read.
    """
    lines: queue.Queue[str | Exception | None] = queue.Queue(maxsize=most)
    own = _of_its_own(stream)

    def read() -> None:
        try:
            for number, line in enumerate(own, start=1):
                lines.put(_decode(line, name, number))
            lines.put(None)
        except (InputError, OSError) as error:
            lines.put(error)

    threading.Thread(target=read, daemon=True).start()
    while True:
        waiting = [lines.get()]
        while len(waiting) < most and not lines.empty():
            waiting.append(lines.get())
        if chunk := [line for line in waiting if isinstance(line, str)]:
            yield chunk
        last = waiting[-1]
        if isinstance(last, Exception):
            raise last
        if last is None:
            return


def _of_its_own(stream: BinaryIO) -> BinaryIO:
    """Return another reader of a stream's file: Python aborts at its end where a thread still waits in its own."""
    try:
        return open(stream.fileno(), "rb", closefd=False)
    except OSError:  # it has no file
        return stream


def _decode(line: bytes, name: str, number: int) -> str:
    if number == 1:
        line = line.removeprefix(codecs.BOM_UTF8)
    try:
        return line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InputError.not_utf8(name, error, number) from None
