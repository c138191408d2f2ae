"""Errors that are reported as one line, without a traceback."""

import re
from pathlib import Path
from typing import Self

_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LONGEST = 2000  # characters of a message, since a quoted value may be of any length


def harmless(text: str) -> str:
    """Escape the characters that a terminal would obey: control characters and direction marks."""
    return _OBEYED.sub(lambda found: ascii(found[0])[1:-1], text)


class TaggerError(Exception):
    """An error that entry points print as one line, then exit with a non-zero code."""

    def __str__(self) -> str:
        """Return one line, whatever it quotes."""
        line = harmless(super().__str__().replace("\n", " "))
        return line if len(line) <= _LONGEST else f"{line[: _LONGEST // 2]} ... {line[-_LONGEST // 2 :]}"


class InputError(TaggerError):
    """A mistake in a user's file, parameter or command line."""

    @classmethod
    def at(cls, path: Path | str, line: int | None, message: str) -> Self:
        """Build the error for a place in a file, in the `file:line: message` form that editors can follow."""
        place = f"{path}:{line}" if line is not None else f"{path}"
        return cls(f"{place}: {message}")

    @classmethod
    def not_utf8(cls, path: Path | str, error: UnicodeDecodeError, first_line: int = 1) -> Self:
        """Build the error for bytes that are not UTF-8; the decoded bytes begin at line `first_line`."""
        before = error.object[: error.start]
        line, byte = first_line + before.count(b"\n"), error.start - before.rfind(b"\n")
        wrong = f"0x{error.object[error.start]:02x}"
        return cls.at(path, line, f"byte {byte} of the line is {wrong}, expected UTF-8")


def counted(amount: int, one: str) -> str:
    """Return a number with its noun: `1 word`, `1,200 words`."""
    return f"{amount:,} {one if amount == 1 else one + 's'}"


def clip(text: str) -> str:
    """Return at most the first 60 characters, to keep messages short."""
    return text if len(text) <= 60 else text[:60] + "..."
