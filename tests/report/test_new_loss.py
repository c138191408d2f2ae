"""A loss that is only an entry of LOSSES: trained, measured, compared and plotted."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tagger.core.losses.definitions import LOSSES
from tagger.report.page.render import COLOURS
from tests.conftest import ROOT, Project, make_project
from tests.report_results import data_in

NAMES = [*LOSSES, "mine"]
CRITERION = """
def _focal(log_probabilities: "Tensor", tags: "Tensor") -> "Tensor":
    gold = log_probabilities.gather(1, tags[:, None])
    return -((1 - gold.exp()) * gold).mean()


LOSSES = {"""
ENTRY = """    "mine": Loss(last_step=_log_softmax, criterion=_focal, probabilities=_exp),
}
"""
STAGES = """
from tagger.core.params.schema import Training
from tagger.evaluate.evaluate_model import evaluate_model
from tagger.prepare.prepare_corpus import prepare_corpus
from tagger.report.report_losses import report_losses
from tagger.train.trainer import Trainer, TrainingInputs, write_outputs

prepare_corpus()
for name in {names}:
    trainer = Trainer(TrainingInputs.load(Training(name, 1)))
    list(trainer.epochs())
    write_outputs(trainer)
    evaluate_model(Training(name, 1))
report_losses()
"""


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Add the loss to a copy of the project, and run there what the stages up to the report compute."""
    project: Project = make_project(tmp_path_factory.mktemp("new") / "project")
    project.edit("tagger/core/losses/definitions.py", "\nLOSSES = {", CRITERION)
    project.edit("tagger/core/losses/definitions.py", "}\n", ENTRY)
    project.edit("params.yaml", "- nll\n- cross_entropy\n", "".join(f"- {name}\n" for name in NAMES))
    project.run(sys.executable, "-c", STAGES.format(names=NAMES))
    return project.root


def test_a_new_loss_is_trained_by_its_criterion(reported: Path) -> None:
    histories = {name: pd.read_csv(reported / f"metrics/history/{name}/1.csv") for name in ("nll", "mine")}
    assert len(histories["mine"]) == 3
    assert histories["mine"]["train_loss"][0] < histories["nll"]["train_loss"][0]  # its factor 1 - p is below 1


def test_a_new_loss_is_compared(reported: Path) -> None:
    comparison = json.loads((reported / "metrics/compare.json").read_text(encoding="utf-8"))
    pairs = [(pair["first"], pair["second"]) for pair in comparison["pairs"]]
    assert [pair for pair in pairs if "mine" in pair] == [
        *((name, "mine") for name in NAMES[:-1]),
        ("mine", "baseline"),
    ]
    study = json.loads((reported / "metrics/losses.json").read_text(encoding="utf-8"))
    assert [row["loss"] for row in study["comparison"]["rows"]] == NAMES


@pytest.mark.parametrize("table", ["curves", "tags", "reliability", "confusion"])
def test_a_new_loss_is_plotted(reported: Path, table: str) -> None:
    assert list(pd.read_csv(reported / f"metrics/plots/{table}.csv")["loss"].unique()) == NAMES


def test_a_new_loss_is_on_the_page_in_a_style_that_the_page_has(reported: Path) -> None:
    page = (reported / "metrics/report.html").read_text(encoding="utf-8")
    assert data_in(page)["losses"] == NAMES
    for title in ("Confusion matrix of mine", "Reliability of mine"):
        assert title in page
    used = set(re.findall(r'class="(?:series|meter) (s\d+)"', page))
    assert used == set(re.findall(r"^\.(s\d+) \{", page, re.MULTILINE)) == {f"s{place}" for place in range(COLOURS)}


@pytest.mark.parametrize("name", ["curves", "reliability", "tags"])
def test_the_plots_have_a_colour_for_a_loss_that_they_do_not_name(name: str) -> None:
    text = (ROOT / f".dvc/plots/{name}.json").read_text(encoding="utf-8")
    colours = [part for part in _parts(json.loads(text)) if part.get("field") == "loss" and "scale" in part]
    (colour,) = colours
    assert colour["sort"] is None  # in the order of the table, which is that of params.yaml
    assert "domain" not in colour["scale"]
    assert len(set(colour["scale"]["range"])) == len(colour["scale"]["range"]) > len(LOSSES)


def _parts(document: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a JSON document."""
    if isinstance(document, dict):
        yield document
    for value in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        yield from _parts(value)
