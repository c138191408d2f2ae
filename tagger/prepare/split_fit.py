"""Whether dev and test fit the training split: what `prepare` refuses, and what it warns of."""

from collections.abc import Mapping, Sequence
from typing import Any

from tagger.core.common.errors import InputError
from tagger.core.params.schema import DataParams

TOO_MUCH = 0.5  # share of the words of a split that the training split does not know
MOST_TAGS = 5  # named in a line


def check_fit(survey: Mapping[str, Any], data: DataParams) -> list[str]:
    """Return a warning for each thing that makes the figures of dev or test mean little; `survey` is that of the data.

    Raises:
        InputError: dev or test has no tag of train, so no word of it could be tagged right.
    """
    train, warnings = f"train ({data.train})", []
    for name, file in (("dev", data.dev), ("test", data.test)):
        split, found = f"{name} ({file})", survey[name]
        unseen, advice = found["tokens_of_unseen_tags"] / found["tokens"], f"does data.{name} belong to data.train?"
        if unseen == 1:
            theirs, ours = (_listed([row["tag"] for row in survey["tags"] if row[of]]) for of in (name, "train"))
            raise InputError(f"{split}: got the tags {theirs}, expected those of {train}: {ours}; {advice}")
        if unseen > TOO_MUCH:
            warnings.append(f"{split}: {100 * unseen:.0f} % of the words have a tag that is not in {train}; {advice}")
        if (unknown := found["unknown_share"]) > TOO_MUCH:
            warnings.append(f"{split}: {100 * unknown:.0f} % of the words are not in {train}; {advice}")
    return warnings


def _listed(tags: Sequence[str]) -> str:
    return ", ".join(tags[:MOST_TAGS]) + (", ..." if len(tags) > MOST_TAGS else "")
