"""What the data look like before anything is trained."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from tagger.core.corpus.dictionary import Dictionaries
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import most_frequent_tags, word_groups
from tagger.core.corpus.word_vectors import WordVectors


def survey(splits: Mapping[str, EncodedSplit], dictionaries: Dictionaries, vectors: WordVectors) -> dict[str, Any]:
    """Describe the splits `train`, `dev` and `test`.

    For each: sentences, tokens, types (distinct forms). For dev and test also: the share of tokens that training lacks,
    sentences whose words also stand in train, tokens whose tag training lacks, and the accuracy of the baseline that
    gives each word its most frequent tag in train, and an unknown word the most frequent of all. Of the dictionary: its
    words, and how many of them have a pretrained vector.
    """
    train = splits["train"]
    train_sentences = set(_sentences(train, train))
    result: dict[str, Any] = {}
    for name, split in splits.items():
        part: dict[str, Any] = {
            "sentences": split.sentences,
            "tokens": len(split.forms),
            "types": len(split.form_texts),
        }
        if name != "train":
            baseline = most_frequent_tags(train, split)
            unseen = {tag: count for tag, count in _tags(split).items() if tag not in dictionaries.tags.ids}
            part["unknown_share"] = round(float(word_groups(train, split).unknown.mean()), 6)
            part["sentences_in_train"] = sum(sentence in train_sentences for sentence in _sentences(split, train))
            part["baseline_accuracy"] = round(float((baseline == split.tags).mean()), 6)
            part["tokens_of_unseen_tags"] = sum(unseen.values())
            part["unseen_tags"] = [{"tag": tag, "count": count} for tag, count in sorted(unseen.items())]
        result[name] = part
    result["dictionary"] = {"words": len(dictionaries.words.entries), "words_with_vector": len(vectors.ids)}
    # A list: DVC shows the numbers of a mapping as a column each, and leaves lists to the reader of the file.
    counts = {name: _tags(split) for name, split in splits.items()}
    names = sorted(set().union(*counts.values()))
    result["tags"] = [{"tag": tag} | {split: counts[split].get(tag, 0) for split in splits} for tag in names]
    return result


def _sentences(split: EncodedSplit, train: EncodedSplit) -> Iterator[bytes]:
    """Yield each sentence as the bytes of the numbers that its forms have in train."""
    numbers = {text: number for number, text in enumerate(train.form_texts)}
    forms = np.array([numbers.get(text, -1) for text in split.form_texts], dtype=np.int32)[split.forms]
    for start, end in pairwise(split.sentence_starts.tolist()):
        yield forms[start:end].tobytes()


def _tags(split: EncodedSplit) -> dict[str, int]:
    """Count the tags that occur."""
    counts = np.bincount(split.tags, minlength=len(split.tag_names)).tolist()
    return {tag: count for tag, count in zip(split.tag_names, counts, strict=True) if count}
