"""The user's input files: opened plain or gzipped, and decoded line by line."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import BLANKS

DOCUMENT = "-DOCSTART-"  # begins a line of CoNLL that marks a document


@contextmanager
def open_input(path: Path, expected: str) -> Iterator[BinaryIO]:
    """Open a file for reading, after any byte order mark; unzip it if it begins like gzip, whatever its name.

    Raises InputError if the file is missing or a folder (the message asks for `expected`), or its gzip is damaged.
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


def read_lines(path: Path, expected: str, encoding: str) -> Iterator[str]:
    """Yield the lines of a text file, each with its line feed. Raises InputError if it or its encoding is wrong."""
    number = 0
    with open_input(path, expected) as file:
        try:
            for number, line in enumerate(_decoded(file, encoding), start=1):  # noqa: B007
                yield line
        except UnicodeDecodeError as error:
            if error.encoding == "utf-8":
                hint = f"it looks like {_guess(error.object)}: set data.encoding"
                raise InputError(f"{InputError.not_utf8(path, error, number + 1)}; {hint}") from None
            number += error.object[: error.start].decode(encoding, "ignore").count("\n")
            raise InputError.at(path, number + 1, f"expected the encoding {encoding}: {error}") from None
        except UnicodeError as error:
            raise InputError.at(path, number + 1, f"expected the encoding {encoding}: {error}") from None


def _decoded(file: BinaryIO, encoding: str) -> Iterator[str]:
    try:
        lines = io.TextIOWrapper(file, encoding, newline="\n")
    except (LookupError, ValueError):
        expected = "an encoding that Python knows, such as utf-8, latin-1, cp1252, utf-16"
        raise InputError(f"data.encoding: got {encoding!r}, expected {expected}") from None
    if codecs.lookup(encoding).name == "utf-8":
        yield from map(bytes.decode, lines.detach())  # an error then holds the whole line
        return
    with lines:
        for number, line in enumerate(lines):
            line.encode()  # fails on a surrogate, half a character
            yield line if number else line.removeprefix("\ufeff")


def _guess(line: bytes) -> str:
    """Guess the encoding of a line that is not UTF-8."""
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in line:
        return "utf-16"
    # Most letters of a language in Latin script are ASCII; 0x80 to 0x9f are control characters in latin-1.
    if len(re.findall(rb"[\x80-\xff]", line)) > len(re.findall(rb"[A-Za-z]", line)):
        return "an encoding for another script, such as cp1251, cp932 or gb18030"
    return "cp1252" if re.search(rb"[\x80-\x9f]", line) else "latin-1"


def split_words(text: str) -> list[str]:
    """Split at spaces, tabs and line ends only, so that a no-break space stays in its word."""
    return [word for word in text.replace("\t", " ").replace("\n", " ").replace("\r", " ").split(" ") if word]


def is_blank(line: str) -> bool:
    """Return whether a line has no word; white space other than BLANKS may be one."""
    return line.isspace() and not line.strip(BLANKS)  # isspace is quick and mostly false


def take_head(lines: Iterator[str]) -> list[str]:
    """Take the lines up to the first that is neither blank nor a comment nor a document mark."""
    head: list[str] = []
    for line in lines:
        head.append(line)
        if not is_blank(line) and not line.startswith(("#", DOCUMENT)):
            break
    return head
