"""Tagged sentences as text, in the formats of `predict`."""

import csv
import io
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from tagger.cli.output import GAP, padded
from tagger.core.common.errors import InputError
from tagger.predict.conllu import escaped, put_tag

if TYPE_CHECKING:
    from tagger.predict.tagging import TaggedSentence

Format = Literal["table", "json", "conllu", "csv"]
Formatter = Callable[["TaggedSentence", int, int], str]  # sentence, its number from 1, tags to list per word


def _table(sentence: "TaggedSentence", number: int, top: int) -> str:
    _check_words(sentence, number)
    rows = []
    for position, word in enumerate(sentence.words):
        best = sentence.alternatives(position, top)
        rows.append([word, *(cell for tag, probability in best for cell in (tag, f"{probability:.4f}"))])
    columns = [padded(column) for column in zip(*rows, strict=True)]
    lines = (GAP.join(row).rstrip() for row in zip(*columns, strict=True))
    return ("\n" if number > 1 else "") + "".join(f"{line}\n" for line in lines)


def _check_words(sentence: "TaggedSentence", number: int) -> None:
    """Raise InputError if a word would break its line or column."""
    if broken := next((word for word in sentence.words if re.search(r"[\t\n\r]", word)), None):
        raise InputError(f"sentence {number}: {broken[:60]!r} has a tab or a line break; expected --format json or csv")


def _json(sentence: "TaggedSentence", number: int, top: int) -> str:
    document: dict[str, object] = {
        "words": sentence.words,
        "tags": sentence.tags,
        "probabilities": [round(probability, 6) for probability in sentence.probabilities],
    }
    if top > 1:
        document["alternatives"] = [
            {tag: round(probability, 6) for tag, probability in sentence.alternatives(position, top)}
            for position in range(len(sentence.words))
        ]
    return json.dumps(document, ensure_ascii=False) + "\n"


def _conllu(sentence: "TaggedSentence", number: int, top: int) -> str:
    if not sentence.words:
        return ""
    _check_words(sentence, number)
    lines = [f"# sent_id = {number}", f"# text = {' '.join(sentence.words)}"]
    for position, word in enumerate(sentence.words):
        best = sentence.alternatives(position, top)
        misc = "|".join(f"Prob{escaped(tag)}={probability:.4f}" for tag, probability in best)
        cells = [str(position + 1), word, *"_" * 7, misc]
        put_tag(cells, best[0][0], sentence.column)
        lines.append("\t".join(cells))
    return "\n".join(lines) + "\n\n"


def _csv(sentence: "TaggedSentence", number: int, top: int) -> str:
    lines = []
    for position, word in enumerate(sentence.words):
        best = sentence.alternatives(position, top)
        cells = (cell for tag, probability in best for cell in (tag, f"{probability:.6f}"))
        row = io.StringIO()
        csv.writer(row, lineterminator="\r\n").writerow([number, position + 1, word, *cells])  # quotes either
        lines.append(row.getvalue().removesuffix("\r\n") + "\n")
    return "".join(lines)


def csv_header(top: int) -> str:
    """Return the header line of the CSV for this many tags per word."""
    ranks = ["", *(f"_{rank}" for rank in range(2, top + 1))]
    return ",".join(["sentence", "position", "word", *(f"tag{rank},probability{rank}" for rank in ranks)]) + "\n"


FORMATTERS: dict[Format, Formatter] = {"table": _table, "json": _json, "conllu": _conllu, "csv": _csv}
