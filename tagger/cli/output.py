"""Standard output: the text as it is in a file or a pipe, and harmless on a terminal."""

import sys

from tagger.core.common.errors import harmless


def write(text: str, end: str = "\n") -> None:
    """Write text: its bytes in UTF-8, or what a terminal can show and will not obey."""
    if sys.stdout is None:  # closed
        return
    if sys.stdout.isatty():
        shown = harmless(text + end).encode(sys.stdout.encoding, "backslashreplace")
        sys.stdout.write(shown.decode(sys.stdout.encoding))
    else:  # in whatever encoding the locale has: the input is read as UTF-8, too
        sys.stdout.buffer.write((text + end).encode())
    sys.stdout.flush()
