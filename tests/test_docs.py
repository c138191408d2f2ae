"""Every figure with a source in docs/ is that of a recorded run, and another run gives the same bytes."""

import doctest
import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tagger.runner.dvc_lock import read_lock_file
from tests.conftest import RECORDED, ROOT, Project, copy_files

PAGE, SEEDS, SPEED = (
    (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("losses.md", "seeds.md", "performance.md")
)
FILES = {"losses": "metrics/losses.json", "compare": "metrics/compare.json", "results": "metrics/results.json"}
RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
NUMBER = rf"{MINUS}?[\d,]+(?:\.\d+)?(?: {TIMES} 10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?(?: %)?"


class Figure(NamedTuple):
    text: str
    file: Path
    path: str


def figures() -> list[Figure]:
    """Return the figures of the pages, each with the comment behind it: `0.3670<!--five-losses/losses:a.b-->`."""
    found = []
    for text, source in re.findall(rf"({NUMBER})<!--(\S+)-->", PAGE + SEEDS + SPEED):
        file, path = source.split(":", 1)
        run, _, name = file.rpartition("/")
        found.append(Figure(text, RECORDED / (run or "starter") / FILES[name], path))
    return found


def look_up(document: Any, path: str) -> Any:
    """Follow `a.b[x,y].c`; in brackets stand values by which an entry of a list is known."""
    for name, chosen in re.findall(r"(\w+)(?:\[([^\]]+)\])?", path):
        document = document[name]
        if chosen:
            wanted = set(chosen.split(","))
            (document,) = [entry for entry in document if wanted <= {str(value) for value in entry.values()}]
    return document


def read(text: str) -> tuple[float, float]:
    """Return the number that a figure shows, and half a unit of its last digit."""
    match = re.fullmatch(rf"(-?[\d,]+(?:\.(\d+))?)(?: {TIMES} 10([⁻\d⁰¹²³⁴⁵⁶⁷⁸⁹]+))?( %)?", text.replace(MINUS, "-"))
    assert match, text
    factor = 10.0 ** int((match[3] or "0").translate(RAISED)) / (100 if match[4] else 1)
    return float(match[1].replace(",", "")) * factor, 0.5 * 10.0 ** -len(match[2] or "") * factor


def test_every_figure_with_a_source_is_read() -> None:
    assert len(figures()) == (PAGE + SEEDS + SPEED).count("<!--") >= 60


@pytest.mark.parametrize("figure", figures(), ids=lambda figure: figure.path)
def test_a_figure_is_that_of_the_recorded_run(figure: Figure) -> None:
    value = look_up(json.loads(figure.file.read_text(encoding="utf-8")), figure.path)
    shown, half = read(figure.text)
    if figure.text == "0":
        assert value == 0
    else:
        assert shown == pytest.approx(value, rel=0, abs=half * 1.001)


@pytest.mark.parametrize(("run", "least", "most"), [("five-losses", 0.008, 0.013), ("ewt", 0.002, 0.003)])
def test_no_difference_shows_and_five_seeds_detect_what_the_pages_say(run: str, least: float, most: float) -> None:
    pairs = json.loads((RECORDED / run / "metrics/compare.json").read_text(encoding="utf-8"))["pairs"]
    losses = [pair for pair in pairs if pair["second"] != "baseline"]
    assert [pair["better"] for pair in losses] == [None] * 10
    others = [pair for pair in losses if pair["first"] == "cross_entropy" and pair["second"] in {"mse", "hinge"}]
    assert [least < pair["visible"] < most for pair in others] == [True, True]


def test_what_is_said_of_single_seeds_and_of_probabilities_is_so() -> None:
    pairs = json.loads((RECORDED / "ewt/metrics/compare.json").read_text(encoding="utf-8"))["pairs"]
    (mse,) = [pair for pair in pairs if (pair["first"], pair["second"]) == ("cross_entropy", "mse")]
    assert mse["alone"] == [None, None, "cross_entropy", None, None]
    small, large = (
        {row["loss"]: row for row in json.loads(path.read_text(encoding="utf-8"))["comparison"]["rows"]}
        for path in (RECORDED / run / "metrics/losses.json" for run in ("five-losses", "ewt"))
    )
    assert min(large, key=lambda loss: large[loss]["nll"]) == max(large, key=lambda loss: large[loss]["ece"]) == "hinge"
    assert small["cross_entropy"]["ece"] > max(small[loss]["ece"] for loss in ("mse", "hinge"))
    for metric in ("nll", "brier"):
        one, other = small["cross_entropy"], small["hinge"]
        assert abs(one[metric] - other[metric]) < min(one[f"{metric}_sd"], other[f"{metric}_sd"])


def test_a_measured_figure_has_a_source() -> None:
    prose = re.sub(rf"{NUMBER}<!--\S+-->|^```python\n.*?^```", "", PAGE, flags=re.DOTALL | re.MULTILINE)
    given = {"0.8", "0.6", "0.36", "0.69", "0.1"}  # the worked example, ln 2, and SGD's rate in the tutorial
    assert set(re.findall(r"\d+\.\d+", prose)) == given


def test_the_code_of_the_page_prints_what_it_says() -> None:
    examples = doctest.DocTestParser().get_doctest(PAGE.replace("```", ""), {}, "losses.md", None, None)
    assert len(examples.examples) >= 8
    assert doctest.DocTestRunner().run(examples).failed == 0


def test_the_commands_of_the_page_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "make losses" in PAGE
    recipe, record = (makefile.split(f"\n{target}:")[1].split("\n\n")[0] for target in ("losses", "record"))
    for text in (PAGE, recipe, record):
        assert "losses=[nll,cross_entropy,softmax_nll,mse,hinge]" in text
    assert "$(SET)" in recipe
    assert set(FILES.values()) < set(makefile.split("\nCITED := ")[1].splitlines()[0].split())


def command_of_losses(*arguments: str) -> str:
    """Return the experiment that `make losses` runs."""
    command = ("make", "--dry-run", "losses", *arguments)
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return "dvc exp run " + printed.replace("\\\n", "").split("dvc exp run ")[1].splitlines()[0]


def test_several_seeds_train_what_is_new_alone() -> None:
    assert "-S seeds=[1]" in " ".join(shlex.split(command_of_losses()))
    assert "--force" in command_of_losses()
    assert "-S seeds=[1,2,3]" in " ".join(shlex.split(command_of_losses("SEEDS=3")))
    assert "--force" not in command_of_losses("SEEDS=3")


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_five_losses_with_five_seeds_give_the_recorded_bytes(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    copy_files(project.root)
    project.commit("start")
    project.run(*shlex.split(command_of_losses("SEEDS=5")))
    found, recorded = (read_lock_file(folder) for folder in (project.root, RECORDED / "five-losses"))
    assert {name: stage.outs for name, stage in found.items()} == {name: stage.outs for name, stage in recorded.items()}
