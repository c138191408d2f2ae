"""Files of the user's, opened plain or gzipped; what is wrong with one is said in one line."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from tagger.core.common.errors import InputError

_GZIP_MAGIC = b"\x1f\x8b"


@contextmanager
def open_input(path: Path, expected: str) -> Iterator[BinaryIO]:
    """Open a file to read its bytes, unzipped if it begins as gzip does, whatever its name.

    Args:
        path: the file.
        expected: what the message for a missing one asks for.

    Raises:
        InputError: it is missing or a folder, or its gzip is found damaged while the block reads.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder, expected {expected}")
    try:
        with path.open("rb") as raw:
            zipped = raw.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
            raw.seek(0)
            yield cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if zipped else raw
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected {expected}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: damaged gzip file: {error}") from None
