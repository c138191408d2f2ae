"""The error for a mistake that the user can mend."""

from pathlib import Path


class InputError(ValueError):
    """A mistake in a file, a parameter or a command line of the user's.

    Its text is one line that says where, what was found and what was expected. The entry points print it without a
    traceback and exit with a non-zero code.
    """

    @classmethod
    def at(cls, path: Path | str, line: int | None, message: str) -> "InputError":
        """Build the error for a place in a file, in the `file:line: message` form that editors can follow."""
        place = f"{path}:{line}" if line is not None else f"{path}"
        return cls(f"{place}: {message}")
