"""CONTRIBUTING.md: each file that its lists name is there, and names what the code has."""

import re
from collections.abc import Callable, Iterable
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from bench.flops import model_flops
from tagger.core.losses.definitions import LOSSES
from tagger.core.params.schema import DataParams, ModelParams, Params
from tagger.evaluate.metrics import METRICS
from tagger.export.onnx_weights import form_weights
from tagger.predict.onnx_graphs import form_graph
from tagger.prepare.read_corpus import FORMATS
from tests.conftest import PARAMS as DEFAULTS
from tests.imports import ROOT
from tests.predict.test_onnx_graphs import SHAPES
from tests.samples import MODEL, RANDOM, TRAIN, fresh_model, model_params

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PARAMS_PAGE = (ROOT / "docs/params.md").read_text(encoding="utf-8")
PATH = re.compile(r"`((?:[\w.*-]+/)+[\w.*-]*|[\w-]+\.(?:md|yaml|toml)|Makefile)`")


def leaves(kind: type[BaseModel], prefix: str = "") -> dict[str, Any]:
    """Return the type of each param, by its dotted name."""
    found: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= leaves(field.annotation, f"{prefix}{name}.")
        else:
            found[prefix + name] = field.annotation
    return found


PARAMS = leaves(Params)
CHOICES = {
    name: [*map(str, get_args(kind))]
    for name, kind in PARAMS.items()
    if isinstance(next(iter(get_args(kind)), None), str) and name != "export.loss"  # which names "one of `losses`"
}
ENCODERS = get_args(ModelParams.model_fields["characters"].annotation)
EXPECTED: dict[str, Iterable[str]] = {
    "Add a loss": LOSSES,
    "Add a metric": METRICS,
    "Add a param": PARAMS,
    "Add a corpus format": FORMATS,
    "Add a network": ENCODERS,
}

Reader = Callable[[str], Iterable[str]]  # takes the text of a file, returns the names that it has


def quoted(names: Iterable[str]) -> Reader:
    return lambda text: [name for name in names if f'"{name}"' in text]


def entries(kind: str) -> Reader:
    return lambda text: re.findall(rf'^    "(\w+)": {kind}\(', text, re.MULTILINE)


def first_column(head: str) -> Reader:
    """Read the names in the first column of the table with this head."""

    def read(text: str) -> list[str]:
        rows = text.partition(f"| {head} |")[2].partition("\n\n")[0].splitlines()[2:]
        return [name for row in rows for name in re.findall(r"`([\w.]+)`", row.split("|")[1])]

    return read


def values(param: str) -> list[str]:
    """Return the choices of a param in docs/params.md."""
    return re.findall(r"`(\w+)`", PARAMS_PAGE.split(f"\n| `{param}` |")[1].splitlines()[0].rsplit("|", 2)[1])


def comment_after(beginning: str) -> Reader:
    """Read the comma-separated names before the colon of the comment on a line of `params.yaml`."""

    def read(text: str) -> list[str]:
        (line,) = [line for line in text.splitlines() if line.strip().startswith(beginning)]
        return re.findall(r"\w+", line.partition("#")[2].partition(":")[0])

    return read


def of_the_command(text: str) -> list[str]:
    return re.findall(r"\w+", text.partition("losses=[")[2].partition("]")[0])


def keys_of(document: dict[str, Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for name, value in document.items():
        found += keys_of(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name]
    return found


def declared(text: str) -> list[str]:
    """Return the params that some stage depends on."""
    keys = {key for stage in yaml.safe_load(text)["stages"].values() for key in stage["params"]}
    return [name for name in PARAMS if any(f"{name}.".startswith(f"{key}.") for key in keys)]


def sampled(_text: str) -> list[str]:
    """Return the params of the samples, and those that no sample has to have."""
    samples = [f"model.{name}" for name in MODEL] + [f"train.{name}" for name in TRAIN]
    return samples + [name for name in PARAMS if name == "model.vectors" or not name.startswith(("model.", "train."))]


def encoded(_text: str) -> list[str]:
    """Return the encoders that torch has a module for."""
    models = {name: fresh_model(RANDOM.dictionaries, characters=name) for name in ENCODERS}
    return [name for name, model in models.items() if (model.character_encoder is None) == (name == "none")]


def exported(_text: str) -> list[str]:
    """Return the encoders whose graph takes the weights that the exporter makes."""
    found = []
    for name in ENCODERS:
        weights = form_weights(fresh_model(RANDOM.dictionaries, characters=name))
        graph = form_graph(model_params(characters=name), 9, 9, 9).graph
        if weights.keys() == {weight.name for weight in graph.initializer}:
            found.append(name)
    return found


def counted(_text: str) -> list[str]:
    """Return the encoders whose operations are counted."""
    operations = {name: model_flops(model_params(characters=name), tags=3).characters for name in ENCODERS}
    return [name for name, count in operations.items() if (count == 0) == (name == "none")]


READERS: dict[str, dict[str, Reader]] = {
    "Add a loss": {
        "tagger/core/losses/definitions.py": entries("Loss"),
        "tests/core/losses/test_definitions.py": quoted(LOSSES),
        "params.yaml": comment_after("losses:"),
        "docs/losses.md": lambda text: {*first_column("loss")(text)} & {*of_the_command(text)},
        "Makefile": of_the_command,
    },
    "Add a metric": {
        "tagger/evaluate/metrics.py": entries("Metric"),
        "tests/evaluate/test_metrics.py": quoted(METRICS),
        "docs/experiments.md": first_column("metric"),
    },
    "Add a param": {
        "tagger/core/params/schema.py": lambda text: [
            name for name in PARAMS if f"    {name.rpartition('.')[2]}: " in text
        ],
        "params.yaml": lambda text: keys_of(yaml.safe_load(text)),
        "docs/params.md": first_column("param"),
        "dvc.yaml": declared,
        "tests/samples.py": sampled,
    },
    "Add a corpus format": {
        "tagger/prepare/read_corpus.py": entries("Format"),
        "tagger/prepare/csv_format.py": lambda _text: [
            path.stem.removesuffix("_format") for path in (ROOT / "tagger/prepare").glob("*_format.py")
        ],
        "tagger/core/params/schema.py": lambda _text: (
            {*get_args(DataParams.model_fields["format"].annotation)} - {"auto"}
        ),
        "tests/prepare/test_formats.py": lambda text: [name for name in FORMATS if f"{name}_format.parse(" in text],
        "params.yaml": lambda text: {*comment_after("format:")(text)} - {"auto"},
        "docs/params.md": lambda _text: {*values("data.format")} - {"auto"},
        "docs/corpus.md": first_column("format"),
    },
    "Add a network": {
        "tagger/core/params/schema.py": quoted(ENCODERS),
        "tagger/core/network/lstm_tagger.py": encoded,
        "tagger/predict/onnx_graphs.py": exported,
        "tagger/export/onnx_weights.py": exported,
        "bench/flops.py": counted,
        "tests/core/network/test_lstm_tagger.py": quoted(ENCODERS),
        "tests/predict/test_onnx_graphs.py": lambda _text: {model_params(**changes).characters for changes in SHAPES},
        "params.yaml": comment_after("characters:"),
        "docs/params.md": lambda _text: values("model.characters"),
    },
}
PLACES = [(title, path) for title, readers in READERS.items() for path in readers]


def lists() -> dict[str, str]:
    """Return the lists of the page by their titles."""
    sections = (section.partition("\n") for section in PAGE.split("\n## ")[1:])
    return {title: text for title, _, text in sections if title.startswith("Add a ")}


def test_the_page_has_a_list_for_each_thing_to_add() -> None:
    assert lists().keys() == READERS.keys() == EXPECTED.keys()


@pytest.mark.parametrize("title", READERS)
def test_a_list_names_the_files_that_are_checked_here(title: str) -> None:
    assert {*PATH.findall(lists()[title])} == {*READERS[title]}


@pytest.mark.parametrize(("title", "path"), PLACES)
def test_a_file_of_a_list_has_what_the_code_has_and_nothing_else(title: str, path: str) -> None:
    source = DEFAULTS if path == "params.yaml" else ROOT / path
    found = list(READERS[title][path](source.read_text(encoding="utf-8")))
    assert sorted(found) == sorted(EXPECTED[title]), path


@pytest.mark.parametrize("param", CHOICES)
def test_the_page_of_the_params_has_the_choices_of_a_param(param: str) -> None:
    assert values(param) == CHOICES[param]


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_the_code_that_a_page_names_is_there(name: str) -> None:
    top = ("tagger/", "tests/", "stages/", "bench/", "docs/", ".dvc/plots/")
    paths = {path for path in PATH.findall((ROOT / name).read_text(encoding="utf-8")) if path.startswith(top)}
    assert len(paths) >= 9
    assert [path for path in paths if not any(ROOT.glob(path))] == []
