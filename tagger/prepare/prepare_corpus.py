"""Read the corpus, build dictionaries from its training split, look up pretrained vectors, encode every split."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tagger.core.common import paths
from tagger.core.common.files import new_folder, write_json
from tagger.core.corpus.dictionary import Dictionaries, build_dictionaries
from tagger.core.corpus.encoded_split import EncodedSplit, encode
from tagger.core.corpus.indexed_corpus import IndexedCorpus
from tagger.core.corpus.word_vectors import WordVectors
from tagger.core.params.reader import read_params
from tagger.core.params.schema import DataParams, PrepareView
from tagger.prepare.corpus_table import AUTO, Columns
from tagger.prepare.findings import check_fit, find_problems
from tagger.prepare.read_corpus import FORMATS, Format, format_of, read_corpus, split_off
from tagger.prepare.survey import summary_lines, survey
from tagger.prepare.vector_file import read_vectors

_SPAN_TAG = re.compile("O|[BIESLU]-.+")


class Prepared(NamedTuple):
    """What the stage makes of a corpus."""

    dictionaries: Dictionaries
    vectors: WordVectors
    splits: dict[str, EncodedSplit]
    survey: dict[str, Any]
    summary: list[str]  # a line for each split


def prepare_corpus() -> None:
    """Run the stage."""
    prepared = examine_corpus(read_params(PrepareView))
    with new_folder(paths.DICTIONARIES) as folder:
        prepared.dictionaries.save(folder)
    with new_folder(paths.VECTORS) as folder:
        prepared.vectors.save(folder)
    for name, split in prepared.splits.items():
        with new_folder(paths.PREPARED / name) as folder:
            split.save(folder)
    write_json(paths.SURVEY, prepared.survey)
    print("\n".join(prepared.summary))


def examine_corpus(params: PrepareView) -> Prepared:
    """Read the corpus and encode it, writing nothing; warnings go to stderr. Raises InputError if it is unusable."""
    data = params.data
    splits = read_splits(data)
    files = {"train": data.train, "dev": data.dev, "test": data.test}
    for warning in find_problems(splits, files):
        print(f"warning: {warning}", file=sys.stderr)
    columns = _columns(data)
    formats = {name: format_of(Path(file), data.format, columns, data.encoding) for name, file in files.items()}
    column = _tag_column(formats["train"], columns, splits["train"].tag_names)
    dictionaries = build_dictionaries(splits["train"], data.lowercase, column, data.normalise)
    vectors = read_vectors(Path(params.model.vectors), dictionaries.words, params.model.word_dim)
    encoded = {name: encode(corpus, dictionaries) for name, corpus in splits.items()}
    description = survey(encoded, dictionaries, vectors)
    for warning in check_fit(description, files):
        print(f"warning: {warning}", file=sys.stderr)
    sources = {name: f"{file} ({formats[name].title})" for name, file in files.items()}
    return Prepared(dictionaries, vectors, encoded, description, list(summary_lines(description, sources)))


def _columns(data: DataParams) -> Columns:
    tag = data.column if data.columns.tag == AUTO else data.columns.tag
    return Columns(tag, data.columns.word, data.columns.sentence, data.tag_names)


def _tag_column(train: Format, columns: Columns, tags: Sequence[str]) -> str:
    """Return the CoNLL-U column for these tags: the one they were read from, misc for span tags, otherwise upos."""
    name = str(columns.tag).lower()
    if train is FORMATS["conllu"] and name not in (AUTO, "4"):
        return "xpos" if name == "5" else name
    return "misc" if all(map(_SPAN_TAG.fullmatch, tags)) else "upos"


def read_splits(data: DataParams) -> dict[str, IndexedCorpus]:
    """Read the three splits; dev or test is split off train if its file is the same."""
    columns = _columns(data)

    def read(file: str) -> IndexedCorpus:
        corpus = read_corpus(Path(file), data.format, columns, data.encoding)
        return corpus.normalised() if data.normalise else corpus

    splits = {"train": read(data.train)}
    # Each has its own seed, so that one draw does not repeat the other.
    for name, file, share, own_seed in (
        ("test", data.test, data.test_share, 2 * data.seed),
        ("dev", data.dev, data.dev_share, 2 * data.seed + 1),
    ):
        if Path(file).resolve() == Path(data.train).resolve():
            splits["train"], splits[name] = split_off(splits["train"], share, own_seed)
        else:
            splits[name] = read(file)
    return {name: splits[name] for name in ("train", "dev", "test")}
