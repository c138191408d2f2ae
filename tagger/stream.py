"""Lines of a stream as they come: many at once from a file, one by one from a person or a slow pipe."""

import queue
import threading
from collections.abc import Iterator
from typing import BinaryIO

from tagger.errors import InputError


def read_available(stream: BinaryIO, name: str, most: int) -> Iterator[list[str]]:
    """Yield the lines that have arrived, at least one and at most `most` at a time, without their ends.

    Raises:
        InputError: a line is not UTF-8.
    """
    lines: queue.Queue[bytes | None] = queue.Queue(maxsize=most)

    def read() -> None:
        for line in stream:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    number, ended = 0, False
    while not ended:
        waiting = [lines.get()]
        while len(waiting) < most and not lines.empty():
            waiting.append(lines.get())
        ended = waiting[-1] is None
        chunk = []
        for line in waiting:
            if line is not None:
                number += 1
                chunk.append(_decode(line, name, number))
        if chunk:
            yield chunk


def _decode(line: bytes, name: str, number: int) -> str:
    try:
        return line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        found = line[error.start]
        raise InputError.at(name, number, f"byte {error.start + 1} is 0x{found:02x}, expected UTF-8") from None
