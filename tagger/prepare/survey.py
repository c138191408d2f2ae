"""A description of the data before anything is trained."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from tagger.core.common.errors import counted
from tagger.core.common.rounding import six_places
from tagger.core.corpus.dictionary import Dictionaries
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import most_frequent_tags, word_groups
from tagger.core.corpus.word_vectors import WordVectors
from tagger.prepare.findings import listed


def survey(splits: Mapping[str, EncodedSplit], dictionaries: Dictionaries, vectors: WordVectors) -> dict[str, Any]:
    """Describe the splits `train`, `dev` and `test`.

    For each: sentences, tokens, types (distinct forms), and tokens without a tag. For dev and test also: the share of
    tokens unknown to training, sentences whose words also occur as a sentence of train, tokens whose tag is not in
    train, and the accuracy of the baseline, which gives each word its most frequent tag in train and an unknown word
    the most frequent tag of all. For the dictionary: its words, and how many of them have a pretrained vector.
    """
    train = splits["train"]
    train_sentences = set(_sentences(train, train))
    known_tags = len(dictionaries.tags)
    counts: dict[str, dict[str, int]] = {}
    result: dict[str, Any] = {}
    for name, split in splits.items():
        of_tags = np.bincount(split.tags[split.tagged], minlength=len(split.tag_names)).tolist()
        counts[name] = dict(zip(split.tag_names, of_tags, strict=True))
        result[name] = {
            "sentences": split.sentences,
            "tokens": len(split.forms),
            "types": len(split.form_texts),
            "tokens_without_tag": int((~split.tagged).sum()),
        }
        if name == "train":
            continue
        result[name] |= {
            "unknown_share": six_places(word_groups(train, split).unknown.mean()),
            "sentences_in_train": sum(sentence in train_sentences for sentence in _sentences(split, train)),
            "baseline_accuracy": six_places((most_frequent_tags(train, split) == split.tags)[split.tagged].mean()),
            "tokens_of_unseen_tags": sum(of_tags[known_tags:]),
            "unseen_tags": [{"tag": tag, "count": counts[name][tag]} for tag in sorted(split.tag_names[known_tags:])],
        }
    result["dictionary"] = {"words": len(dictionaries.words.entries), "words_with_vector": len(vectors.ids)}
    # A list: DVC would show each number of a mapping as a column of its own, but leaves lists alone.
    names = sorted(set().union(*counts.values()))
    result["tags"] = [{"tag": tag} | {split: counts[split].get(tag, 0) for split in splits} for tag in names]
    return result


def summary_lines(survey: Mapping[str, Any], sources: Mapping[str, str]) -> Iterator[str]:
    """Yield one line per split of a survey; `sources` says where each was read from."""
    for name, source in sources.items():
        split = survey[name]
        line = f"{name}: {source}: {counted(split['sentences'], 'sentence')}, {counted(split['tokens'], 'word')}"
        if missing := split["tokens_without_tag"]:
            line += f", {missing:,} of them untagged and left out"
        if name == "train":
            yield f"{line}, {split['types']:,} of them distinct"
            continue
        line += f", {split['unknown_share']:.1%} of them not in train; sentences also in train: "
        line += f"{split['sentences_in_train']:,}; words whose tag is not in train: {split['tokens_of_unseen_tags']:,}"
        tags = [unseen["tag"] for unseen in split["unseen_tags"]]
        yield line + (f" ({listed(tags)})" if tags else "")


def _sentences(split: EncodedSplit, train: EncodedSplit) -> Iterator[bytes]:
    """Yield each sentence as bytes: the numbers of its forms in train."""
    numbers = {text: number for number, text in enumerate(train.form_texts)}
    forms = np.array([numbers.get(text, -1) for text in split.form_texts], dtype=np.int32)[split.forms]
    for start, end in pairwise(split.sentence_starts.tolist()):
        yield forms[start:end].tobytes()
