"""Whatever a file holds: the same sentences come out of every format, and any text is read whole or refused."""

import contextlib
import csv
import dataclasses
import io
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.corpus.dictionary import build_dictionaries
from tagger.core.corpus.encoded_split import EncodedSplit, encode
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.evaluate.predictions import prediction_table
from tagger.prepare.prepare_corpus import prepare_corpus
from tagger.prepare.read_corpus import FORMATS, read_corpus
from tests.conftest import PARAMS, ROOT
from tests.samples import contents, random_corpus

AMOUNTS = [200, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
BLANKS = " \t\r\n"


def tried(amount: int) -> settings:
    return settings(max_examples=amount, deadline=None, derandomize=True, database=None)


def columns(sentences: Sequence[Sentence], line: str, head: str = "") -> str:
    """Write a line for each word, in which {0} is its number, {1} the word, {2} the tag."""
    texts = (
        "".join(line.format(place, *pair) + "\n" for place, pair in enumerate(zip(*sentence, strict=True), start=1))
        for sentence in sentences
    )
    return head + "\n".join(texts)


def table(rows: Sequence[Sequence[object]], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


def sentence_rows(sentences: Sequence[Sentence], delimiter: str) -> str:
    return table([["text", "tag"], *([" ".join(words), " ".join(tags)] for words, tags in sentences)], delimiter)


def word_rows(sentences: Sequence[Sentence], delimiter: str) -> str:
    rows = [[number, *pair] for number, sentence in enumerate(sentences) for pair in zip(*sentence, strict=True)]
    return table([["Sentence #", "Word", "Tag"], *rows], delimiter)


def json_lines(sentences: Sequence[Sentence]) -> str:
    return "".join(json.dumps({"tokens": words, "tags": tags}, ensure_ascii=False) + "\n" for words, tags in sentences)


def parquet(sentences: Sequence[Sentence]) -> bytes:
    names = sorted({tag for sentence in sentences for tag in sentence.tags})
    numbers = [[names.index(tag) for tag in sentence.tags] for sentence in sentences]
    info = {"info": {"features": {"ner_tags": {"feature": {"names": names, "_type": "ClassLabel"}, "_type": "List"}}}}
    lists = pa.table({"id": range(len(numbers)), "tokens": [words for words, _ in sentences], "ner_tags": numbers})
    file = io.BytesIO()
    pq.write_table(lists.replace_schema_metadata({"huggingface": json.dumps(info)}), file)
    return file.getvalue()


Writer = Callable[[Sequence[Sentence]], str | bytes]
TEN = "{0}\t{1}\t_\t{2}\t_\t_\t_\t_\t_\t_"
WRITERS: dict[str, tuple[str, Writer]] = {  # by name: the format, and a function from sentences to a file
    "CoNLL-U": ("conllu", lambda sentences: columns(sentences, TEN, "# newdoc\n")),
    "CoNLL-U Plus": (
        "conllu",
        lambda sentences: columns(sentences, "{1}\t{2}\tx", "# global.columns = FORM UPOS X:Y\n"),
    ),
    "tabs": ("conll", lambda sentences: columns(sentences, "{1}\t{2}")),
    "four columns": ("conll", lambda sentences: columns(sentences, "{1}\t_\t_\t{2}", "-DOCSTART- -X- -X- O\n\n")),
    "words in CSV": ("csv", lambda sentences: word_rows(sentences, ",")),
    "words in TSV": ("csv", lambda sentences: word_rows(sentences, "\t")),
    "JSON Lines": ("json", json_lines),
    "Parquet": ("parquet", parquet),
}
NO_BLANKS: dict[str, tuple[str, Writer]] = {  # words can't hold blanks
    "blanks": ("conll", lambda sentences: columns(sentences, "{1} {2}")),
    "CSV": ("csv", lambda sentences: sentence_rows(sentences, ",")),
    "semicolons": ("csv", lambda sentences: sentence_rows(sentences, ";")),
    "slashes": (
        "pairs",
        lambda sentences: "".join(" ".join(map("/".join, zip(*pair, strict=True))) + "\n" for pair in sentences),
    ),
}


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("name", [*WRITERS, *NO_BLANKS])
def test_the_same_sentences_give_the_same_bytes(name: str, tmp_path: Path) -> None:
    def prepared(place: str, writer: Writer, suffix: str) -> dict[str, bytes]:
        folder = tmp_path / place
        (folder / "data/vectors").mkdir(parents=True)
        shutil.copyfile(ROOT / "data/vectors/none.vec", folder / "data/vectors/none.vec")
        params = PARAMS.read_text(encoding="utf-8")
        for number, split in enumerate(("train", "dev", "test")):
            write(folder / f"{split}{suffix}", writer(random_corpus(30, seed=number)))
            params = params.replace(f"data/raw/{split}.csv", f"{split}{suffix}")
        write(folder / "params.yaml", params)
        with contextlib.chdir(folder):
            prepare_corpus()
            return contents(paths.PREPARED) | {"survey": paths.SURVEY.read_bytes()}

    _, writer = (WRITERS | NO_BLANKS)[name]
    # Those that a name tells are known by it, the rest by their content.
    suffix = ".parquet" if name == "Parquet" else ""
    assert prepared("this", writer, suffix) == prepared("that", WRITERS["CoNLL-U"][1], ".conllu")


# Words of any characters but those that separate them; a quote or a hash is more frequent than by chance.
LETTERS = st.one_of(
    st.characters(exclude_categories=["Cs"], exclude_characters=BLANKS), st.sampled_from("\"'#-_/[]a\u00a0")
)
WORDS = st.text(LETTERS, min_size=1, max_size=8)
PHRASES = st.lists(WORDS, min_size=1, max_size=2).map(" ".join)
TAGS = st.sampled_from(["", "NOUN", "B-PER", "O", "$", "''", "NN|SYM", "<b>", "NA", "null", "#", "ß", "1.0"])


PAIRS = st.lists(st.tuples(PHRASES, TAGS), min_size=1, max_size=6)
SENTENCES = st.lists(PAIRS.map(lambda pairs: Sentence(*zip(*pairs, strict=True))), min_size=1, max_size=5)


def has_words_of_its_own(name: str, words: Sequence[str]) -> bool:
    """Return whether a format takes one of these words for a mark, a comment, a quoted cell or a list."""
    return (
        any(word.startswith(("-DOCSTART-", "# ")) for word in words)
        or (name in ("tabs", "blanks", "slashes") and words[0].startswith("\ufeff"))
        or (name == "words in TSV" and any(len(word) > 2 and word[0] == word[-1] == '"' for word in words))
        or (name in ("CSV", "semicolons") and any("[" in word for word in words))
    )


@pytest.mark.parametrize("amount", AMOUNTS)
def test_words_keep_their_tags_from_any_file_to_the_predictions(amount: int, tmp_path: Path) -> None:
    path = tmp_path / "corpus"

    @tried(amount)
    @given(SENTENCES)
    def check(given: list[Sentence]) -> None:
        whole = [
            Sentence(tuple(word.replace(" ", "-") for word in words), tuple(tag or "X" for tag in tags))
            for words, tags in given
        ]
        for name, (file_format, writer) in (WRITERS | NO_BLANKS).items():
            sentences = whole if name in NO_BLANKS else given
            if not has_words_of_its_own(name, [word for sentence in sentences for word in sentence.words]):
                corpus = read_corpus(write(path, writer(sentences)), file_format)
                assert list(corpus) == sentences, name
        encode(given, build_dictionaries(given, lowercase=True)).save(tmp_path)
        split = EncodedSplit.load(tmp_path)
        tags = [*split.tag_names, ""]  # of a model that is never wrong, and knows what is missing
        right = np.eye(len(tags), dtype=np.float32)[split.tags]
        any_order = np.empty((0, 0), dtype=bool)  # an I that nothing begins stays one
        model = dataclasses.replace(split, tag_names=tags, may_follow=any_order)
        rows = prediction_table(right, model).groupby("sentence")
        assert [Sentence(tuple(part["word"]), tuple(part["predicted"])) for _, part in rows] == given
        assert [tuple(part["gold"].fillna("")) for _, part in rows] == [tags for _, tags in given]

    check()


PIECES = [
    "a",
    "X",
    "1",
    "2",
    "3-4",
    "_",
    " ",
    "  ",
    "\t",
    "\n",
    "\n\n",
    "\r\n",
    "#",
    "# ",
    "-DOCSTART-",
    '"',
    ",",
    ";",
    "/",
]
PIECES += [
    "text,tag\n",
    "word\ttag\n",
    "# global.columns = ID FORM UPOS\n",
    '{"tokens": ["a"], "tags": ["X"]}',
    "[",
    "é",
]
PIECES += [
    "1\ta\t_\tX\t_\t_\t_\t_\t_\t_\n",
    "\u00a0",
    "\u2028",
    "\x00",
    "\x1c",
    "\x85",
    "\ufeff",
    "['a', 'b']",
    "<<<<<<<\n",
]
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=20).map("".join)
ENCODINGS = st.sampled_from(["utf-8", "utf-8", "latin-1", "utf-16", "cp932", "utf-7", "unicode_escape"])


@pytest.mark.parametrize("amount", AMOUNTS)
@pytest.mark.parametrize("file_format", ["auto", *FORMATS])
@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")  # Python's, of unicode_escape
def test_any_text_is_read_or_refused_with_its_place(file_format: str, amount: int, tmp_path: Path) -> None:
    path = tmp_path / "corpus"

    @tried(amount)
    @given(st.one_of(TEXTS.map(lambda text: text.encode(errors="surrogatepass")), st.binary(max_size=40)), ENCODINGS)
    def check(content: bytes, encoding: str) -> None:
        message = ""
        try:
            corpus = read_corpus(write(path, content), file_format, encoding=encoding)
        except InputError as error:
            message = str(error)
        if message:
            assert message.startswith(f"{path}:")
            assert "\n" not in message
        else:
            words = [word for sentence in corpus for word in sentence.words]
            assert len(words) == len(corpus.forms) > 0
            assert all(word.strip(BLANKS) for word in [*words, *corpus.tag_names])
            "".join(words).encode()

    check()
