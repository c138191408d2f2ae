"""A description of the data before anything is trained."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from tagger.core.common.rounding import six_places
from tagger.core.corpus.dictionary import Dictionaries
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import most_frequent_tags, word_groups
from tagger.core.corpus.word_vectors import WordVectors


def survey(splits: Mapping[str, EncodedSplit], dictionaries: Dictionaries, vectors: WordVectors) -> dict[str, Any]:
    """Describe the splits `train`, `dev` and `test`.

    For each: sentences, tokens, types (distinct forms). For dev and test also: the share of tokens unknown to training,
    sentences whose words are also in train, tokens whose tag is not in train, and the accuracy of the baseline that
    gives each word its most frequent tag in train, and an unknown word the most frequent of all. For the dictionary:
    its words, and how many of them have a pretrained vector.
    """
    train = splits["train"]
    train_sentences = set(_sentences(train, train))
    counts = {name: _tags(split) for name, split in splits.items()}
    result: dict[str, Any] = {}
    for name, split in splits.items():
        result[name] = {"sentences": split.sentences, "tokens": len(split.forms), "types": len(split.form_texts)}
        if name == "train":
            continue
        unseen = {tag: count for tag, count in sorted(counts[name].items()) if tag not in dictionaries.tags.ids}
        result[name] |= {
            "unknown_share": six_places(word_groups(train, split).unknown.mean()),
            "sentences_in_train": sum(sentence in train_sentences for sentence in _sentences(split, train)),
            "baseline_accuracy": six_places((most_frequent_tags(train, split) == split.tags).mean()),
            "tokens_of_unseen_tags": sum(unseen.values()),
            "unseen_tags": [{"tag": tag, "count": count} for tag, count in unseen.items()],
        }
    result["dictionary"] = {"words": len(dictionaries.words.entries), "words_with_vector": len(vectors.ids)}
    # A list: DVC would show each number of a mapping as a column of its own, but leaves lists alone.
    names = sorted(set().union(*counts.values()))
    result["tags"] = [{"tag": tag} | {split: counts[split].get(tag, 0) for split in splits} for tag in names]
    return result


def _sentences(split: EncodedSplit, train: EncodedSplit) -> Iterator[bytes]:
    """Yield each sentence as bytes: the numbers of its forms in train."""
    numbers = {text: number for number, text in enumerate(train.form_texts)}
    forms = np.array([numbers.get(text, -1) for text in split.form_texts], dtype=np.int32)[split.forms]
    for start, end in pairwise(split.sentence_starts.tolist()):
        yield forms[start:end].tobytes()


def _tags(split: EncodedSplit) -> dict[str, int]:
    """Count the tags that occur."""
    counts = np.bincount(split.tags, minlength=len(split.tag_names)).tolist()
    return {tag: count for tag, count in zip(split.tag_names, counts, strict=True) if count}
