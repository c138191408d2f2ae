"""Read the corpus, build the dictionaries from its training split, find their vectors, encode every split."""

import sys
from pathlib import Path

from tagger.core.common import paths
from tagger.core.common.files import new_folder, write_json
from tagger.core.corpus.dictionary import build_dictionaries
from tagger.core.corpus.encoded_split import encode
from tagger.core.corpus.indexed_corpus import IndexedCorpus
from tagger.core.params.reader import read_params
from tagger.core.params.schema import DataParams, PrepareView
from tagger.prepare.read_corpus import read_corpus, split_off
from tagger.prepare.split_fit import check_fit
from tagger.prepare.survey import survey
from tagger.prepare.vector_file import read_vectors


def prepare_corpus() -> None:
    """Run the stage."""
    params = read_params(PrepareView)
    splits = read_splits(params.data, params.seed)
    dictionaries = build_dictionaries(splits["train"], params.data.lowercase)
    vectors = read_vectors(Path(params.model.vectors), dictionaries.words, params.model.word_dim)
    encoded = {name: encode(corpus, dictionaries) for name, corpus in splits.items()}
    description = survey(encoded, dictionaries, vectors)
    for warning in check_fit(description, params.data):
        print(f"warning: {warning}", file=sys.stderr)
    with new_folder(paths.DICTIONARIES) as folder:
        dictionaries.save(folder)
    with new_folder(paths.VECTORS) as folder:
        vectors.save(folder)
    for name, split in encoded.items():
        with new_folder(paths.PREPARED / name) as folder:
            split.save(folder)
    write_json(paths.SURVEY, description)


def read_splits(data: DataParams, seed: int) -> dict[str, IndexedCorpus]:
    """Read the three splits; dev or test is split off train if it names the same file."""
    train = read_corpus(Path(data.train), data.format, data.column)
    splits: dict[str, IndexedCorpus] = {}
    # Each has its own seed, so that one draw does not repeat the other.
    for name, file, share, own_seed in (
        ("test", data.test, data.test_share, 2 * seed),
        ("dev", data.dev, data.dev_share, 2 * seed + 1),
    ):
        if Path(file).resolve() == Path(data.train).resolve():
            train, splits[name] = split_off(train, share, own_seed)
        else:
            splits[name] = read_corpus(Path(file), data.format, data.column)
    return {"train": train, "dev": splits["dev"], "test": splits["test"]}
