"""Writing files and folders whole or not at all, and reading JSON."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagger.core.common.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder to fill; it takes the place of `path` when the block ends without an error."""
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
    finally:
        for rest in (partial, old):
            shutil.rmtree(rest, ignore_errors=True)


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Give a file name to write to; the file takes the place of `path` when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, document: Any) -> None:
    """Write JSON that is the same for the same document; numbers that are not finite are refused."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with new_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def reading(path: Path, expected: str) -> Iterator[None]:
    """Name the file if the block that reads it finds it missing or damaged.

    Args:
        path: the file.
        expected: what the message about a missing file asks for.

    Raises:
        InputError: the file is missing, or its content is not what the block takes.
    """
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected {expected}") from None
    except (ValueError, TypeError, KeyError, EOFError, RecursionError) as error:
        raise InputError(f"{path}: damaged: {error}") from None


def read_json(path: Path, expected: str) -> Any:
    """Return the document in a file of JSON. Arguments and errors are those of `reading`."""
    with reading(path, expected):
        return json.loads(path.read_text(encoding="utf-8"))


def write_table(table: "pd.DataFrame", path: Path) -> None:
    """Write CSV."""
    with new_file(path) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")
