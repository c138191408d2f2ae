"""Input files of a user: opened plain or gzipped, decoded line by line, and quoted in messages."""

import codecs
import gzip
import io
import itertools
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tagger.core.common.errors import InputError


@contextmanager
def open_input(path: Path, expected: str) -> Iterator[BinaryIO]:
    """Open a file to read its bytes after a byte order mark, unzipped if it begins like gzip, whatever its name.

    Raises:
        InputError: the file is missing or a folder (the message asks for `expected`), or its gzip is damaged.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder, expected {expected}")
    try:
        with path.open("rb") as raw:
            zipped = raw.peek(2).startswith(b"\x1f\x8b")
            file = io.BufferedReader(gzip.GzipFile(fileobj=raw)) if zipped else raw  # GzipFile alone reads lines slowly
            if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
                file.seek(0)
            yield file
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected {expected}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: damaged gzip file: {error}") from None


def read_lines(path: Path, expected: str) -> Iterator[str]:
    """Yield the lines of a file in UTF-8, each with its line feed.

    Raises:
        InputError: as from `open_input`, or a byte is not UTF-8.
    """
    with open_input(path, expected) as file:
        for number, line in enumerate(file, start=1):
            try:
                yield line.decode()
            except UnicodeDecodeError as error:
                raise InputError.not_utf8(path, error, number) from None


def split_blocks(lines: Iterable[str]) -> Iterator[Iterator[tuple[int, str]]]:
    """Yield the lines between blank ones, each with its number in the file."""
    for is_blank, block in itertools.groupby(enumerate(lines, start=1), lambda numbered: numbered[1].isspace()):
        if not is_blank:
            yield block


def clip(text: str) -> str:
    """Return at most the first 60 characters, so that a message stays short."""
    return text if len(text) <= 60 else text[:60] + "..."
