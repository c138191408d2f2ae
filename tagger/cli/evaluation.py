"""The command `evaluate`: a trained model measured on any corpus."""

import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.corpus.dictionary import UNKNOWN, Dictionaries
from tagger.core.corpus.encoded_split import EncodedSplit, encode
from tagger.core.corpus.lexicon import WordGroups, word_groups
from tagger.evaluate.metrics import METRICS, score
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.predict.tagging import Tagger
from tagger.prepare.corpus_table import AUTO, Columns
from tagger.prepare.findings import find_problems_of
from tagger.prepare.read_corpus import FORMATS, format_of, read_corpus


def measure_model(source: str, file: Path, file_format: str, column: str | None) -> dict[str, float | None]:
    """Return the numbers of sentences and words, and every metric; None if a metric has no word to count.

    `column` names or numbers the column of the tags; for CoNLL-U, the default is the column the model was trained on.
    """
    tagger = Tagger.load(source)
    dictionaries = tagger.dictionaries
    tag: str | int = int(column) if column and column.isdecimal() else column or AUTO
    if tag == AUTO and dictionaries.column != "misc" and format_of(file, file_format) is FORMATS["conllu"]:
        tag = dictionaries.column
    corpus = read_corpus(file, file_format, Columns(tag))
    for warning in find_problems_of(corpus, str(file)):
        print(f"warning: {warning}", file=sys.stderr)
    split = encode(corpus.normalised() if dictionaries.normalise else corpus, dictionaries)
    rows = [tagged.distribution for tagged in tagger.tag(sentence.words for sentence in corpus)]
    metrics = score(TaggedSplit.of(np.concatenate(rows), split, _groups(split, dictionaries)))
    return {"sentences": split.sentences, "words": len(split.forms)} | metrics


def _groups(split: EncodedSplit, dictionaries: Dictionaries) -> WordGroups:
    """Group the words by the training split if this project still has it, otherwise by the dictionary."""
    here = paths.workspace()
    with suppress(InputError):
        if Dictionaries.load(here / paths.DICTIONARIES).words.ids == dictionaries.words.ids:
            return word_groups(EncodedSplit.load(here / paths.TRAIN), split)
    unknown = np.asarray(split.form_words[split.forms] == UNKNOWN)
    return WordGroups(known=~unknown, ambiguous=np.zeros_like(unknown), unknown=unknown)


def metrics_table(metrics: dict[str, float | None]) -> str:
    """Return one line per metric: name, value and meaning."""
    lines = []
    for name, value in metrics.items():
        metric = METRICS.get(name)
        number = "-" if value is None else f"{value:,}" if metric is None else f"{value:.4f}"
        lines.append(f"{name:20}{number:>10}  {metric.meaning if metric else ''}".rstrip())
    return "\n".join(lines)
