"""CoNLL-U with new tags: each tag goes into the column that its model was trained on; everything else is kept.

Spark sends this module to its workers, so it imports nothing of the project.
"""

import re
from collections.abc import Iterable

_TAG_CELLS, _MISC = {"upos": 3, "xpos": 4}, 9
WORD = re.compile(r"\d+\t", re.ASCII)  # how the line of a word begins


def retagged(lines: Iterable[str], tags: Iterable[str], column: str) -> list[str]:
    """Return the lines of a sentence with new tags for its words; `column` is that of the model."""
    rest = iter(tags)
    result = []
    for line in lines:
        cells = line.split("\t")
        if WORD.match(line):
            put_tag(cells, next(rest), column)
        result.append("\t".join(cells))
    return result


def put_tag(cells: list[str], tag: str, column: str) -> None:
    """Put a tag among the cells of a word: into its column, or into MISC if it has none there."""
    if column in _TAG_CELLS:
        cells[_TAG_CELLS[column]] = tag
    else:
        others = [part for part in cells[_MISC].split("|") if part != "_" and not part.startswith("Tag=")]
        cells[_MISC] = "|".join([f"Tag={escaped(tag)}", *others])


def escaped(tag: str) -> str:
    """Return a tag escaped for MISC, whose parts are separated by `|`, as UDPipe does it."""
    return tag.replace("\\", r"\\").replace("|", r"\p")
