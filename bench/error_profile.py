"""Which errors remain whatever the seed, and how consistently the corpus is tagged: `python -m bench.error_profile`.

It reads the test split and the predictions of one loss with several seeds. A window of a word is the word with
those around it, as they are spelt; beyond the ends of a sentence they are empty.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import pandas as pd

from tagger.core.common import paths
from tagger.core.common.arrays import Flags
from tagger.core.common.errors import InputError, counted
from tagger.core.common.files import reading
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ReportView

Window = tuple[str, ...]
Known = Mapping[Window, Counter[str]]  # how often train has each tag in each window


class Token(NamedTuple):
    """A tagged token of a split."""

    around: Window  # the word, with two words on each side
    tag: str

    def window(self, reach: int) -> Window:
        """Return the word with so many words on each side: 0, 1 or 2."""
        return self.around[2 - reach : 3 + reach]


def tagged_tokens(split: EncodedSplit) -> Iterator[Token]:
    """Yield the tagged tokens in their order."""
    for start, end in pairwise(split.sentence_starts.tolist()):
        words = ["", "", *(split.form_texts[form] for form in split.forms[start:end]), "", ""]
        for place, tag in enumerate(split.tags[start:end].tolist()):
            if tag >= 0:
                yield Token(tuple(words[place : place + 5]), split.tag_names[tag])


def known_windows(train: Sequence[Token], reach: int) -> Known:
    """Count the tags of every window of train."""
    found: defaultdict[Window, Counter[str]] = defaultdict(Counter)
    for token in train:
        found[token.window(reach)][token.tag] += 1
    return found


def reason_of(token: Token, words: Known, windows: Known) -> str:
    """Say what train knows of a token, given the tags of its words and of its windows of three words."""
    if token.window(0) not in words:
        return "the word is not in train"
    if token.tag not in words[token.window(0)]:
        return "train never has the word with this tag"
    if (found := windows.get(token.window(1))) is None:
        return "train has the word with this tag, but not between these neighbours"
    if most_frequent(found) == token.tag:
        return "train has it between these neighbours, mostly with this tag"
    return "train has it between these neighbours, mostly with another tag"


def most_frequent(tags: Mapping[str, int]) -> str:
    """Return the most frequent tag, the first by name of equals."""
    return min(tags, key=lambda tag: (-tags[tag], tag))


def deviations(tokens: Sequence[Token], known: Known, *, own: bool) -> tuple[int, int]:
    """Return how many tokens have a window of five words that train has, and how many of these another tag than there.

    The tag there is the most frequent one. `own`: the tokens are those of train, so none counts for itself.
    """
    seen = deviating = 0
    for token in tokens:
        tags = known.get(token.window(2), Counter[str]()) - Counter([token.tag] if own else [])
        if tags:
            seen += 1
            deviating += most_frequent(tags) != token.tag
    return seen, deviating


def profile(train: Sequence[Token], test: Sequence[Token], right: Flags) -> Iterator[str]:
    """Yield the lines of the profile; `right` says of each seed which tokens of test it has right: (seeds, N)."""
    always, never = right.all(axis=0), ~right.any(axis=0)
    shares = f"{right.mean():.2%} right, {always.mean():.2%} with every seed"
    yield f"{counted(len(right), 'seed')}, {len(test):,} words: {shares}"
    share = never.sum() / max((~right).sum(axis=1).mean(), 1)  # there may be no error at all
    yield f"wrong with every seed: {never.sum():,} words, {share:.0%} of the errors of one; of these"
    words, windows, wide = (known_windows(train, reach) for reach in range(3))
    wrong = [test[place] for place in np.flatnonzero(never).tolist()]
    for reason, amount in Counter(reason_of(token, words, windows) for token in wrong).most_common():
        yield f"{amount:7,}  {amount / len(wrong):4.0%}  {reason}"
    for name, tokens, own in (("test", test, False), ("train", train, True)):
        seen, deviating = deviations(tokens, wide, own=own)
        share = deviating / max(seen, 1)
        yield (
            f"{name}: {seen:,} words stand {'again ' * own}in train between the same two words on each side; "
            f"{share:.1%} have another tag than there"
        )


def right_of(predictions: Path, test: Sequence[Token]) -> Flags:
    """Return which tokens of test a model has right: (N). Raises InputError if the predictions are of another split."""
    with reading(predictions, "the output of `evaluate`"):
        table = pd.read_parquet(predictions, columns=["gold", "predicted"]).dropna(subset="gold")
    if table["gold"].tolist() != [token.tag for token in test]:
        raise InputError(f"{predictions}: has other tags than {paths.TEST}; expected the output of `dvc repro`")
    return np.asarray(table["predicted"] == table["gold"])


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("loss", default="nll")
def main(loss: str) -> None:
    """Print the profile of a loss with the seeds of params.yaml."""
    train, test = (list(tagged_tokens(EncodedSplit.load(place))) for place in (paths.TRAIN, paths.TEST))
    right = [right_of(paths.predictions_file(loss, seed), test) for seed in read_params(ReportView).seeds]
    for line in profile(train, test, np.array(right)):
        click.echo(line)


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
