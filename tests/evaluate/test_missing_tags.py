"""Words without a gold tag are context: every figure is the one that it would be without them."""

import numpy as np
import pytest

from tagger.core.common.arrays import Flags, Probabilities
from tagger.core.corpus.encoded_split import EncodedSplit, encode
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.core.corpus.lexicon import word_groups
from tagger.evaluate.detail import evaluation_detail
from tagger.evaluate.metrics import score, tag_table
from tagger.evaluate.predictions import confusions, prediction_table
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.comparison.compare import compare
from tagger.report.page.sentence_browser import sample
from tests.samples import data_of, tagged

TRAIN, TEXTS = "a/A b/B c/C b/A", ["a/A b/B z/B", "c/C y/X", "b/C"]


def with_missing(sentence: Sentence) -> Sentence:
    """Put a word without a tag before each word."""
    pairs = [pair for own in zip(*sentence, strict=True) for pair in (("b", ""), own)]
    return Sentence(*zip(*pairs, strict=True))


def split_with(probabilities: Probabilities, train: EncodedSplit, split: EncodedSplit) -> TaggedSplit:
    return TaggedSplit.of(probabilities, split, word_groups(train, split))


@pytest.fixture
def both() -> tuple[TaggedSplit, TaggedSplit, Flags, EncodedSplit]:
    """A split as tagged, the same with more words and a sentence of such words, which of them count, and train."""
    sentences = [tagged(text) for text in TEXTS]
    data = data_of([tagged(TRAIN)], sentences)
    whole = encode(
        [with_missing(sentences[0]), Sentence(("c", "b"), ()), *map(with_missing, sentences[1:])], data.dictionaries
    )
    draw = np.random.default_rng(3)
    probabilities = draw.dirichlet(np.ones(len(data.dictionaries.tags)), len(whole.forms)).astype(np.float32)
    plain = split_with(probabilities[whole.tagged], data.train, data.dev)
    return plain, split_with(probabilities, data.train, whole), whole.tagged, data.train


Both = tuple[TaggedSplit, TaggedSplit, Flags, EncodedSplit]


def test_metrics_are_those_of_the_words_with_tags(both: Both) -> None:
    plain, whole, counted, train = both
    assert (len(counted), counted.sum()) == (14, 6)
    assert score(whole) == score(plain)
    baselines = [TaggedSplit.baseline(train, tagged.split) for tagged in (plain, whole)]
    assert score(baselines[0]) == score(baselines[1])
    assert tag_table(whole, baselines[1]).equals(tag_table(plain, baselines[0]))


def test_the_breakdown_leaves_them_out_but_shows_them_beside_an_error(both: Both) -> None:
    plain, whole, _, _ = both
    details = [evaluation_detail(tagged) for tagged in (plain, whole)]
    for name in ("tokens", "reliability"):
        assert details[0][name] == details[1][name]
    assert sum(row["tokens"] for row in details[1]["lengths"]) == 6
    first, second = (
        [(row["gold"], row["predicted"], row["tokens"]) for row in detail["confusions"]] for detail in details
    )
    assert first == second
    assert all(row["example"]["before"].endswith("b") for row in details[1]["confusions"])


def test_predictions_have_no_gold_tag_for_them(both: Both) -> None:
    plain, whole, counted, _ = both
    tables = [prediction_table(tagged.probabilities, tagged.split) for tagged in (plain, whole)]
    assert tables[1]["gold"].notna().tolist() == counted.tolist()
    assert tables[1]["gold"].dropna().tolist() == tables[0]["gold"].tolist()
    assert confusions(tables[1]).equals(confusions(tables[0]))


def test_a_comparison_does_not_count_them(both: Both) -> None:
    plain, whole, _, train = both
    compared = []
    for split in (plain, whole):
        other = TaggedSplit.of(split.probabilities[:, ::-1].copy(), split.split, split.groups)
        found = compare({"nll": {1: split}, "mse": {1: other}}, TaggedSplit.baseline(train, split.split), seed=1)
        pair = found["pairs"][0]
        compared.append(
            (found["tokens"], found["baseline"], pair["same_tags"], pair["mcnemar"], pair["accuracy"]["difference"])
        )
    assert compared[0] == compared[1]


def test_the_page_shows_them_without_a_verdict(both: Both) -> None:
    _, whole, counted, _ = both
    shown = sample([whole])
    assert [tag >= 0 for row in shown.rows for tag in row[2]] == counted.tolist()
    assert shown.rows[1][1:3] == [["c", "b"], [-1, -1]]
    assert all(tag >= 0 for row in shown.rows for distribution in row[4] for tag in distribution[::2])
