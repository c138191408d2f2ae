"""Input files of a user: opened plain or gzipped, decoded line by line, and quoted in messages."""

import gzip
import io
import itertools
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tagger.core.common.errors import InputError

_GZIP_MAGIC = b"\x1f\x8b"


@contextmanager
def open_input(path: Path, expected: str) -> Iterator[BinaryIO]:
    """Open a file to read its bytes, unzipped if it begins like gzip, whatever its name.

    Args:
        path: the file.
        expected: what the message about a missing file asks for.

    Raises:
        InputError: the file is missing or a folder, or its gzip turns out to be damaged while it is read.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder, expected {expected}")
    try:
        with path.open("rb") as raw:
            zipped = raw.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
            raw.seek(0)
            yield io.BufferedReader(gzip.GzipFile(fileobj=raw)) if zipped else raw  # GzipFile alone reads lines slowly
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected {expected}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: damaged gzip file: {error}") from None


def read_lines(path: Path, expected: str) -> Iterator[str]:
    """Yield the lines of a file in UTF-8, each with its line feed; a byte order mark at the start is dropped.

    Raises:
        InputError: as from `open_input`, or a byte is not UTF-8.
    """
    with open_input(path, expected) as file:
        encoding = "utf-8-sig"
        for number, line in enumerate(file, start=1):
            try:
                text = line.decode(encoding)
            except UnicodeDecodeError as error:
                raise InputError.not_utf8(path, error, number) from None
            encoding = "utf-8"
            if text:  # a file may hold the mark alone
                yield text


def split_blocks(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines between blank ones, with the number of the first of them."""
    number = 1
    for is_blank, group in itertools.groupby(lines, str.isspace):
        block = list(group)
        if not is_blank:
            yield number, block
        number += len(block)


def clip(text: str, most: int = 60) -> str:
    """Return at most the first `most` characters, so that a message stays short."""
    return text if len(text) <= most else text[:most] + "..."
