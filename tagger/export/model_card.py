"""What people should know of an exported model before they use it, in Markdown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tagger.core.params.reader import flatten
from tagger.core.params.schema import LossName
from tagger.export.exporting import TOLERANCE, Verification

METRICS = ("accuracy", "macro_f1", "known_accuracy", "ambiguous_accuracy", "unknown_accuracy", "nll", "brier", "ece")
LIMITS = """\
- It knows the language, the kinds of text and the tags of its training data, and no other; on text of another kind
  expect more errors than the table says.
- It takes words as they are split in the training data. Text that is split in another way gets worse tags.
- A probability says how often such a tag was right on text like the test split; `ece` is by how much that was off.
- A sentence may have up to 100,000 words and a word up to 100,000 characters.
"""

FILES = """\
`characters.onnx` (where the model reads characters or affixes) and `tagger.onnx` run in ONNX Runtime. All ids are
int32; time comes first; what is shorter than the longest is padded on the right with 0. `words.json`, `characters.json`
and `affixes.json` number their entries from `first_id` on, `tags.json` from 0; a word or character that they don't have
is 1, an affix 0. Words, and their affixes, are looked up in lower case where `lookup.json` says so. A word's affixes
are its first one to three characters after `^` and its last one to four after `$`, itself among them; filled up to
seven with 0. An input that the settings below leave no use for is not there.

| graph | input | shape |
|---|---|---|
| `characters.onnx` | `characters`: ids, for `cnn` and `lstm` | characters of the longest form, forms |
| | `lengths`: characters of each form, for `lstm` | forms |
| | `affixes`: ids | forms, 7 |
| | gives `vectors` | forms, width |
| `tagger.onnx` | `words`: ids | words of the longest sentence, sentences |
| | `lengths`: words of each sentence | sentences |
| | `forms`: which row of `vectors` is the word's | words of the longest sentence, sentences |
| | `vectors` | forms, width |
| | gives `probabilities` | words of the longest sentence, sentences, tags |
"""


class CardFacts(NamedTuple):
    """What a model card is made from."""

    loss: LossName
    settings: Mapping[str, Any]  # sections of params.yaml
    vectors: str  # name of the file of pretrained vectors
    licence: str  # of the data; empty where nobody has named it
    survey: Mapping[str, Any]  # metrics/prepare.json
    evaluations: Mapping[str, Mapping[str, Any]]  # the test metrics of each loss
    verification: Verification


def model_card(facts: CardFacts) -> str:
    """Return the card.

    Raises:
        KeyError: the survey lacks a figure.
    """
    model = facts.settings["model"] | {"vectors": facts.vectors}
    settings = dict(facts.settings) | {"data": facts.settings["data"] | _file_names(facts), "model": model}
    sections = {
        "Data": _data(facts),
        "Metrics": _metrics(facts),
        "Losses": _losses(facts),
        "Exactness": _exactness(facts.verification),
        "Limits": LIMITS,
        "Params": _table(
            ("param", "value"), [(f"`{name}`", f"`{value}`") for name, value in flatten(settings).items()]
        ),
        "Files": FILES,
    }
    head = (
        f"# LSTM tagger, trained with {facts.loss}\n\nTags each word of a sentence, and says how probable the tag is.\n"
    )
    return head + "".join(f"\n## {title}\n\n{text}" for title, text in sections.items())


def _file_names(facts: CardFacts) -> dict[str, str]:
    """Return the names of the corpus's files; where they lie is the affair of one machine."""
    return {name: Path(facts.settings["data"][name]).name for name in ("train", "dev", "test")}


def _data(facts: CardFacts) -> str:
    rows = []
    for name in ("train", "dev", "test"):
        part = facts.survey[name]
        rows.append((name, _file_names(facts)[name], part["sentences"], part["tokens"], part["types"]))
    licence = facts.licence or "not stated (`export.data_licence` was empty); ask whom the data are from"
    tags = ", ".join(f"`{entry['tag']}`" for entry in facts.survey["tags"])
    table = _table(("split", "file", "sentences", "words", "distinct words"), rows)
    return f"{table}\n{_vectors(facts)}Licence of the data: {licence}.\n\nTags: {tags}\n"


def _vectors(facts: CardFacts) -> str:
    words, found = (facts.survey["dictionary"][name] for name in ("words", "words_with_vector"))
    return f"{found} of its {words} words began with a vector of `{facts.vectors}`.\n\n" if found else ""


def _metrics(facts: CardFacts) -> str:
    metrics = facts.evaluations[facts.loss]
    baseline = facts.survey["test"]["baseline_accuracy"]
    table = _table(("on the test split", "value"), [(f"`{name}`", _figure(metrics.get(name))) for name in METRICS])
    return f"{table}\nGiving each word its most frequent tag in training has an accuracy of {_figure(baseline)}.\n"


def _losses(facts: CardFacts) -> str:
    names = ("accuracy", "macro_f1", "unknown_accuracy", "nll", "ece")
    rows = [(loss, *(_figure(metrics.get(name)) for name in names)) for loss, metrics in facts.evaluations.items()]
    table = _table(("loss", *(f"`{name}`" for name in names)), rows)
    return f"Trained from the same weights on the same batches; measured on the test split.\n\n{table}"


def _exactness(verification: Verification) -> str:
    exact, int8 = verification
    text = (
        f"On all {exact.tokens} words of the test split the export gives the tags of the trained model; "
        f"no probability differs by more than {TOLERANCE:.0e}.\n"
    )
    if int8:
        text += (
            f"\n`tagger.int8.onnx` computes its LSTM in 8 bits: accuracy {_figure(int8.accuracy)} in place of "
            f"{_figure(int8.exact_accuracy)}, another tag for {int8.different_tags} words, and probabilities that "
            f"differ by up to {_figure(int8.largest_difference)}.\n"
        )
    return text


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _table(header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |\n" for line in lines)
