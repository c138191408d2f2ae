from pathlib import Path

import pytest

from bench.corpus import Files, count_tokens, cut, enlarge, find_files, read_split, take, write_conll
from bench.tasks import corpus
from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import Sentence

SENTENCES = [Sentence(("a", "b", "c"), ("A", "B", "C")), Sentence(("d e",), ("D",))]
RAW = Path("data/raw")


def test_a_folder_or_three_files() -> None:
    files = Files(RAW / "train.csv", RAW / "dev.csv", RAW / "test.csv")
    assert find_files([RAW]) == find_files(list(files)) == files


@pytest.mark.parametrize("places", [["data/raw/train.csv"], ["a", "b"], ["missing"]])
def test_anything_else_is_refused(places: list[str]) -> None:
    with pytest.raises(InputError, match=f"^corpus: got '{' '.join(places)}', expected a folder, or three files"):
        find_files([Path(place) for place in places])


def test_a_folder_with_two_files_for_a_split_is_refused(tmp_path: Path) -> None:
    for name in ("x-train.conllu", "y-train.conllu.gz", "train.txt"):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"found x-train\.conllu, y-train\.conllu\.gz for 'train', expected one file"):
        find_files([tmp_path])


def test_sentences_are_taken_and_repeated() -> None:
    assert take(SENTENCES, 3) == SENTENCES[:1]
    assert take(SENTENCES, 5) == [*SENTENCES, SENTENCES[0]]


def test_a_corpus_that_is_enlarged_gets_new_words_where_it_had_a_word_once() -> None:
    sentences = [Sentence(("a", "b"), ("A", "B")), Sentence(("a", "c"), ("A", "C"))]
    words = [word for sentence in enlarge(sentences, 11) for word in sentence.words]
    assert words == ["a", "b", "a", "c", "a", "b1", "a", "c1", "a", "b2", "a", "c2"]


def test_sentences_of_one_length() -> None:
    assert cut(SENTENCES * 2, 3) == [
        SENTENCES[0],
        Sentence(("d e", "a", "b"), ("D", "A", "B")),
    ]


def test_words_with_spaces_are_written_and_read(tmp_path: Path) -> None:
    write_conll(SENTENCES, tmp_path / "x.conll")
    assert read_split(tmp_path / "x.conll") == SENTENCES


def test_a_corpus_is_cut_and_repeated(tmp_path: Path) -> None:
    source = [str(RAW / f"{split}.csv") for split in ("train", "dev", "test")]
    counts = corpus(source, str(tmp_path), tokens=400, factor=4)
    files = Files.within(tmp_path)
    assert {split: count_tokens(read_split(path)) for split, path in files._asdict().items()} == {
        split: found["tokens"] for split, found in counts.items()
    }
    assert 4 * 400 <= counts["train"]["tokens"] < 4 * 450
    assert 100 <= counts["dev"]["tokens"] < 150  # a training that grows is not to check on more
    corpus(source, str(tmp_path), tokens=400, length=10)
    assert {len(words) for words, _ in read_split(files.train)} == {10}
