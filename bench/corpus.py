"""The corpus that all contestants share, and what is cut from it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, cycle
from pathlib import Path
from typing import NamedTuple

from tagger.core.common.errors import InputError
from tagger.core.common.files import new_file
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.prepare.read_corpus import read_corpus

SPLITS = ("train", "dev", "test")
SUFFIXES = {".csv", ".conllu", ".conll"}


class Files(NamedTuple):
    """The three files of a corpus."""

    train: Path
    dev: Path
    test: Path

    @classmethod
    def within(cls, folder: Path) -> "Files":
        """Return where the benchmark keeps its copy of the corpus."""
        return cls(*(folder / f"{split}.conll" for split in SPLITS))


def find_files(places: Sequence[Path]) -> Files:
    """Return the files of a corpus, given as train, dev and test file, or as a folder with one file of each name.

    Raises InputError if it is neither, or the folder has no file, or several, for one of the splits.
    """
    if len(places) == len(SPLITS):
        return Files(*places)
    if len(places) != 1 or not places[0].is_dir():
        got = " ".join(map(str, places))
        raise InputError(f"corpus: got {got!r}, expected a folder, or three files: train, dev and test")
    files = []
    for split in SPLITS:
        found = [path for path in sorted(places[0].iterdir()) if split in path.name and SUFFIXES & set(path.suffixes)]
        if len(found) != 1:
            names = ", ".join(path.name for path in found) or "none"
            raise InputError(
                f"{places[0]}: found {names} for {split!r}, expected one file with {split!r} in its name "
                "that ends in .csv, .conllu or .conll, or with .gz after it"
            )
        files.append(found[0])
    return Files(*files)


def count_tokens(sentences: Iterable[Sentence]) -> int:
    """Return the number of words."""
    return sum(len(sentence.words) for sentence in sentences)


def take(sentences: Sequence[Sentence], tokens: int) -> list[Sentence]:
    """Return sentences from the start on until they have so many words; where they are too few, they are repeated."""
    taken, amount = list[Sentence](), 0
    for sentence in cycle(sentences):
        if amount >= tokens:
            break
        taken.append(sentence)
        amount += len(sentence.words)
    return taken


def enlarge(sentences: Sequence[Sentence], tokens: int) -> Iterator[Sentence]:
    """Repeat sentences until they have so many words; what they have only once becomes a new word each time."""
    counts = Counter(word for sentence in sentences for word in sentence.words)
    amount = 0
    for number in count():
        for words, tags in sentences:
            if amount >= tokens:
                return
            amount += len(words)
            yield Sentence(tuple(word if counts[word] > 1 else f"{word}{number or ''}" for word in words), tags)


def cut(sentences: Iterable[Sentence], length: int) -> list[Sentence]:
    """Return the words of the sentences in their order, in sentences of one length; the rest at the end is left out."""
    words = [word for sentence in sentences for word in sentence.words]
    tags = [tag for sentence in sentences for tag in sentence.tags]
    starts = range(0, len(words) - length + 1, length)
    return [Sentence(tuple(words[first : first + length]), tuple(tags[first : first + length])) for first in starts]


def write_conll(sentences: Iterable[Sentence], path: Path) -> int:
    """Write a word, a tab and its tag on each line, so that words may hold spaces; return the number of words."""
    written = 0
    with new_file(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as file:
        for words, tags in sentences:
            file.writelines(f"{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True))
            file.write("\n")
            written += len(words)
    return written


def read_split(path: Path) -> list[Sentence]:
    """Read a file that `write_conll` wrote."""
    return list(read_corpus(path, "conll"))
