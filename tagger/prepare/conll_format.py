"""CoNLL: a word, its tag and any other columns per line, and a blank line after each sentence.

With tabs between them, words may hold spaces::

    -DOCSTART- -X- -X- O

    Mira NNP I-NP B-PER
    slept VBD I-VP O

The word is the first column and the tag the last, unless the params say otherwise. A line that begins with # is a
comment if its columns differ from the rest or it is a CoNLL-U comment, so a hashtag stays a word. An empty tag after a
tab is a missing one.
"""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from tagger.core.common.errors import InputError, clip, counted
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.prepare import csv_format
from tagger.prepare.corpus_table import AUTO, Columns, find_column
from tagger.prepare.input_files import DOCUMENT, is_blank, take_head

_COMMENT = re.compile(r"#[ \t]+([\w.:-]+ += |(id|sent_id|newdoc|newpar|text)\b)")
_CONLL_2003 = ["word", "pos", "chunk", "ner"]
_MOST_FIXED = 10  # columns; in wider files (CoNLL-2009, CoNLL-2012) their number changes from sentence to sentence


def parse(lines: Iterator[str], path: Path, columns: Columns) -> Iterator[Sentence]:
    """Parse lines of columns. A document mark ends a sentence and is not one itself.

    Raises InputError if a line has no word or other columns than the first, a column is missing, or a header is there.
    """
    head = take_head(lines)
    tabbed, width = "\t" in "".join(head[-1:]), len(_split("".join(head[-1:])))
    if width > 1 and csv_format.recognise(head[-1:], columns):
        wrong = f"{clip(head[-1].strip())!r} looks like a header, expected a word and its tag; set data.format: csv"
        raise InputError.at(path, len(head), f"{wrong} (or data.columns.tag: {width} if it is not)")
    word, tag = _choose(columns, width, f"{path}:{len(head)}") if width > 1 else (0, 0)
    expected = "expected a word and its tag" + (f" in {width} columns, as in line {len(head)}" if width > 1 else "")
    pairs: list[tuple[str, str]] = []  # the words of a sentence so far, with their tags
    for number, line in enumerate(chain(head, lines, ["\n"]), start=1):  # a blank line ends the last sentence
        if is_blank(line) or line.startswith(DOCUMENT):
            if pairs:
                yield Sentence(*zip(*pairs, strict=True))
                pairs = []
            continue
        cells = _split(line)
        if line[0] == "#":
            is_apart = line[1:2].isspace()
            # Within a sentence, a hashtag without a tag is a mistake.
            is_comment = len(cells) != width and (is_apart or not pairs)
            if is_comment or (is_apart and ("\t" in line) != tabbed) or _COMMENT.match(line):
                continue
        if len(cells) != width or width == 1:
            if pairs or width <= _MOST_FIXED or columns.tag == AUTO or len(cells) <= max(word, tag):
                raise InputError.at(
                    path, number, f"{counted(len(cells), 'column')}, {expected}: {clip(line.rstrip())!r}"
                )
            width = len(cells)
        if not cells[word]:
            raise InputError.at(path, number, f"the word is empty, {expected}: {clip(line.rstrip())!r}")
        if columns.word == AUTO and width > 2 and cells[word] == "3" and [each for each, _ in pairs] == ["1", "2"]:
            wrong = "the first column numbers the words; set data.columns.word or data.format: conllu"
            raise InputError.at(path, number, wrong)
        pairs.append((cells[word], cells[tag]))


def _split(line: str) -> list[str]:
    """Return the columns of a line. Only spaces and tabs separate; a no-break space is part of a word."""
    line = line.rstrip("\r\n ")
    if "\t" in line:
        return [cell.strip(" ") for cell in line.split("\t")] if " " in line else line.split("\t")
    cells = line.split(" ")
    return [cell for cell in cells if cell] if "" in cells else cells


def _choose(columns: Columns, width: int, place: str) -> tuple[int, int]:
    """Return the indices of the word and the tag."""
    names = _CONLL_2003 if width == len(_CONLL_2003) else ["word", *[""] * (width - 2), "tag"]
    word = 0 if columns.word == AUTO else find_column(columns.word, names, "word", place)
    # A param that names a column of CoNLL-U does not apply to lines of a word and its tag.
    is_last = columns.tag == AUTO or (width == 2 and columns.tag in ("upos", "xpos"))
    return word, width - 1 if is_last else find_column(columns.tag, names, "tag", place)
