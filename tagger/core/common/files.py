"""Writing files and folders completely or not at all, and reading them."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import Any

from tagger.core.common.errors import InputError

# Raised by readers of JSON and, the last four, of NumPy arrays if a file is damaged.
_OF_READERS: tuple[type[Exception], ...] = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
_OF_READERS += (ArithmeticError, EOFError, SyntaxError, TokenError)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Provide an empty folder to fill; it replaces `path` if the block ends without an error."""
    partial = path.with_name(f".{path.name}.partial")
    old = path.with_name(f".{path.name}.old.partial")
    for rest in (partial, old):
        shutil.rmtree(rest, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        if path.exists():
            path.rename(old)
        partial.rename(path)
    except OSError as error:
        if old.exists() and not path.exists():
            old.rename(path)
        error.filename = error.filename or str(path)  # the system names none if the disk is full
        raise
    finally:
        for rest in (partial, old):
            shutil.rmtree(rest, ignore_errors=True)


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Provide a file name to write to; that file replaces `path` if the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, document: Any) -> None:
    """Write JSON, the same bytes for the same document. A number that is not finite raises ValueError."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with new_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def reading(path: Path, expected: str) -> Iterator[None]:
    """Raise InputError if the file is missing, saying what is `expected`, or the block can't use its content."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path}: no such file; expected {expected}") from None
    except _OF_READERS as error:
        raise InputError(f"{path}: damaged: {error}") from None


def read_json(path: Path, expected: str) -> Any:
    """Return the content of a JSON file. Arguments and errors are those of `reading`."""
    with reading(path, expected):
        return json.loads(path.read_text(encoding="utf-8"))
