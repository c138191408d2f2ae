"""Input files of a user: opened plain or gzipped, decoded line by line, and quoted in messages."""

import codecs
import gzip
import io
import itertools
import re
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

from tagger.core.common.errors import InputError

DOCUMENT = "-DOCSTART-"  # how a line of CoNLL begins that marks a document
_BLOCK = 1 << 20  # bytes recoded at once


@contextmanager
def open_input(path: Path, expected: str, encoding: str = "utf-8") -> Iterator[BinaryIO]:
    """Open a file to read its bytes after a byte order mark, unzipped if it begins like gzip, whatever its name.

    What is in another encoding is read as UTF-8, too.

    Raises:
        InputError: the file is missing or a folder (the message asks for `expected`), its gzip is damaged, or it is not
            in the encoding, or there is no such encoding.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder, expected {expected}")
    try:
        with path.open("rb") as raw:
            zipped = raw.peek(2).startswith(b"\x1f\x8b")
            file = io.BufferedReader(gzip.GzipFile(fileobj=raw)) if zipped else raw  # GzipFile alone reads lines slowly
            with nullcontext(file) if _is_utf8(encoding) else _recode(file, path, encoding) as text:
                if text.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
                    text.seek(0)
                yield text
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected {expected}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: damaged gzip file: {error}") from None


def _is_utf8(encoding: str) -> bool:
    try:
        "".encode(encoding)  # fails for what Python has beside encodings of text
        return codecs.lookup(encoding).name == "utf-8"
    except (LookupError, ValueError):
        expected = "an encoding that Python knows, such as utf-8, latin-1, cp1252, utf-16"
        raise InputError(f"data.encoding: got {encoding!r}, expected {expected}") from None


@contextmanager
def _recode(file: BinaryIO, path: Path, encoding: str) -> Iterator[BinaryIO]:
    """Provide a temporary file that holds in UTF-8 what a file holds in another encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line, block = 1, b"begun"
    with tempfile.TemporaryFile() as recoded:
        while block:
            block = file.read(_BLOCK)
            try:
                text = decoder.decode(block, final=not block)
                recoded.write(text.encode())
            except UnicodeError as error:
                before = getattr(error, "object", "")[: getattr(error, "start", 0)]
                line += (before.decode(encoding, "ignore") if isinstance(before, bytes) else before).count("\n")
                raise InputError.at(path, line, f"expected the encoding {encoding}: {error}") from None
            line += text.count("\n")
        recoded.seek(0)
        yield recoded


def read_lines(path: Path, expected: str, encoding: str = "utf-8") -> Iterator[str]:
    """Yield the lines of a text file, each with its line feed.

    Raises:
        InputError: as from `open_input`, or a byte is not UTF-8.
    """
    with open_input(path, expected, encoding) as file:
        for number, line in enumerate(file, start=1):
            try:
                yield line.decode()
            except UnicodeDecodeError as error:
                hint = f"it looks like {_guess(line)}: set data.encoding"
                raise InputError(f"{InputError.not_utf8(path, error, number)}; {hint}") from None


def _guess(line: bytes) -> str:
    """Return an encoding in which a line that is not UTF-8 may be."""
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in line:
        return "utf-16"
    # Most letters of a language in Latin script are ASCII; 0x80 to 0x9f are control characters in latin-1.
    if len(re.findall(rb"[\x80-\xff]", line)) > len(re.findall(rb"[A-Za-z]", line)):
        return "an encoding of another script, such as cp1251, cp932 or gb18030"
    return "cp1252" if re.search(rb"[\x80-\x9f]", line) else "latin-1"


def split_words(text: str) -> list[str]:
    """Split at blanks, tabs and line ends alone, so that a no-break space stays in its word."""
    return [word for word in text.replace("\t", " ").replace("\n", " ").replace("\r", " ").split(" ") if word]


def split_blocks(lines: Iterable[str]) -> Iterator[Iterator[tuple[int, str]]]:
    """Yield the lines between blank ones, each with its number in the file."""
    for is_blank, block in itertools.groupby(enumerate(lines, start=1), lambda numbered: numbered[1].isspace()):
        if not is_blank:
            yield block


def clip(text: str) -> str:
    """Return at most the first 60 characters, so that a message stays short."""
    return text if len(text) <= 60 else text[:60] + "..."


def take_head(lines: Iterator[str]) -> list[str]:
    """Take the lines up to the first that is neither blank nor a comment nor a document mark."""
    head: list[str] = []
    for line in lines:
        head.append(line)
        if not line.isspace() and not line.startswith(("#", DOCUMENT)):
            break
    return head
