"""CoNLL-U: ten tab-separated columns, `data.column` being the tag; and CoNLL-U Plus, which names its columns.

See https://universaldependencies.org/format.html and https://universaldependencies.org/ext-format.html::

    # text = The dog barked
    1<tab>The<tab>the<tab>DET<tab>DT<tab>...

Further columns have no names, only numbers.
"""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from tagger.core.common.errors import InputError, clip, counted
from tagger.core.corpus.indexed_corpus import BLANKS, Sentence
from tagger.prepare.corpus_table import AUTO, Columns, find_column
from tagger.prepare.input_files import is_blank, take_head

GLOBAL_COLUMNS = "# global.columns"
_COLUMNS = ["id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc"]
_LISTS = ("feats", "deps", "misc")  # where _ is an empty list; elsewhere it stands for a missing tag
_NO_WORD = re.compile(r"[1-9]\d*-[1-9]\d*|\d+\.[1-9]\d*", re.ASCII)  # the id of a multiword range or an empty node


def parse(lines: Iterator[str], path: Path, columns: Columns) -> Iterator[Sentence]:
    """Parse CoNLL-U. Multiword ranges (3-4) and empty nodes (8.1) are skipped, as the format says.

    Raises InputError if a line has too few or too many columns, an id is out of order, or a word or column is missing.
    """
    head = take_head(lines)
    names = list(_COLUMNS)
    if head and head[0].startswith(GLOBAL_COLUMNS):
        names = head[0].partition("=")[2].casefold().split()
    elif head:
        names += [""] * (len(head[-1].split("\t")) - len(names))
    word = find_column("form" if columns.word == AUTO else columns.word, names, "word", f"{path}:{len(head)}")
    tag = find_column("upos" if columns.tag == AUTO else columns.tag, names, "tag", f"{path}:{len(head)}")
    id_ = names.index("id") if "id" in names else None
    missing = ("",) if names[tag] in _LISTS else ("", "_")
    pairs: list[tuple[str, str]] = []  # the words of a sentence so far, with their tags
    for number, line in enumerate(chain(head, lines, ["\n"]), start=1):  # a blank line ends the last sentence
        cells = line.rstrip("\r\n").split("\t")
        is_row = len(cells) == len(names)
        if is_row and (id_ is None or cells[id_] == str(len(pairs) + 1)) and cells[word].strip(BLANKS):
            pairs.append((cells[word], "" if cells[tag].strip(BLANKS) in missing else cells[tag]))
        elif is_blank(line):
            if pairs:
                yield Sentence(*zip(*pairs, strict=True))
                pairs = []
        # If the ids don't come first, a row may begin with a word such as #.
        elif not (line.startswith("#") and (id_ == 0 or not is_row)) and not (
            is_row and id_ is not None and _NO_WORD.fullmatch(cells[id_])
        ):
            raise InputError.at(path, number, _find_mistake(cells, len(pairs) + 1, names, word))


def _find_mistake(cells: list[str], place: int, names: list[str], word: int) -> str:
    """Say what is wrong with the line of a sentence's word number `place`."""
    if len(cells) != len(names):
        line = "\t".join(cells).rstrip()
        return f"{counted(len(cells), 'column')}, expected {len(names)} separated by tabs: {clip(line)!r}"
    row_id = dict(zip(names, cells, strict=True)).get("id", str(place))
    if not (row_id.isascii() and row_id.isdigit()):
        return f"the id is {clip(row_id)!r}, expected a number such as 3, 3-4 or 8.1"
    if row_id != str(place):
        return f"the id is {clip(row_id)}, expected {place}; is a blank line missing, or one too many?"
    return f"the word (column {word + 1}) is empty"
