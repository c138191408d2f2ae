"""What the data look like before anything is trained."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tagger.dictionary import Dictionaries
from tagger.encoding import encode
from tagger.formats import Sentence
from tagger.lexicon import most_frequent_tags, word_groups


def survey(splits: Mapping[str, Sequence[Sentence]], dictionaries: Dictionaries) -> dict[str, Any]:
    """Describe the splits `train`, `dev` and `test`.

    For each: sentences, tokens, types (distinct forms). For dev and test also: the share of tokens that training lacks,
    sentences whose words also stand in train, tokens whose tag training lacks, and the accuracy of the baseline that
    gives each word its most frequent tag in train, and an unknown word the most frequent of all.
    """
    train = splits["train"]
    train_sentences = {sentence.words for sentence in train}
    encoded_train = encode(train, dictionaries)
    result: dict[str, Any] = {}
    for name, sentences in splits.items():
        pairs = Counter(pair for sentence in sentences for pair in zip(*sentence, strict=True))
        tokens = pairs.total()
        part: dict[str, Any] = {
            "sentences": len(sentences),
            "tokens": tokens,
            "types": len({word for word, _ in pairs}),
        }
        if name != "train":
            split = encode(sentences, dictionaries)
            baseline = most_frequent_tags(encoded_train, split)
            unseen: Counter[str] = Counter()
            for (_, tag), count in pairs.items():
                if tag not in dictionaries.tags.ids:
                    unseen[tag] += count
            part["unknown_share"] = round(float(word_groups(encoded_train, split).unknown.mean()), 6)
            part["sentences_in_train"] = sum(sentence.words in train_sentences for sentence in sentences)
            part["baseline_accuracy"] = round(float((baseline == split.tags).mean()), 6)
            part["tokens_of_unseen_tags"] = unseen.total()
            part["unseen_tags"] = [{"tag": tag, "count": count} for tag, count in sorted(unseen.items())]
        result[name] = part
    # A list: DVC shows the numbers of a mapping as a column each, and leaves lists to the reader of the file.
    counts = {name: Counter(tag for sentence in part for tag in sentence.tags) for name, part in splits.items()}
    names = sorted(set().union(*counts.values()))
    result["tags"] = [{"tag": tag} | {split: counts[split][tag] for split in splits} for tag in names]
    return result
