"""The notebook of docs/: it runs, and shows what it says."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest

from tests.imports import ROOT
from tests.tour import NOTEBOOK, TEXT


def outputs(cell: Any) -> list[str]:
    """Return what a cell shows, as text."""
    shown = [output.get("text") or output["data"]["text/plain"] for output in cell.get("outputs", [])]
    return [" ".join(text.split()) for text in shown]


def test_the_notebook_has_the_cells_of_its_text() -> None:
    text, notebook = jupytext.read(TEXT), nbformat.read(NOTEBOOK, as_version=4)
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == [
        (cell.cell_type, cell.source) for cell in text.cells
    ]
    shown = [output for cell in notebook.cells for output in outputs(cell)]
    assert len(shown) >= 10
    assert any("0.366985" in output for output in shown)  # what the tutorial prints as 0.36


@pytest.mark.slow
def test_the_cells_show_what_the_notebook_says(tmp_path: Path) -> None:
    # In a process of its own: the client leaves sockets to the garbage collector, which pytest takes for mistakes.
    subprocess.run([sys.executable, "-m", "tests.tour", str(tmp_path / "tour.ipynb")], cwd=ROOT, check=True)
    found, written = (nbformat.read(path, as_version=4) for path in (tmp_path / "tour.ipynb", NOTEBOOK))
    assert [outputs(cell) for cell in found.cells] == [outputs(cell) for cell in written.cells]
