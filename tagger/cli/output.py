"""Standard output: text is written as it is to a file or a pipe, and escaped on a terminal."""

import sys

from tagger.core.common.errors import harmless


def write(text: str, end: str = "\n") -> None:
    """Write text as UTF-8; on a terminal, escape what it can't show and what it would obey."""
    if sys.stdout is None:  # closed
        return
    if sys.stdout.isatty():
        shown = harmless(text + end).encode(sys.stdout.encoding, "backslashreplace")
        sys.stdout.write(shown.decode(sys.stdout.encoding))
    else:  # UTF-8 whatever the locale, as the input is read
        sys.stdout.buffer.write((text + end).encode())
    sys.stdout.flush()
