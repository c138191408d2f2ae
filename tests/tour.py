"""The notebook of docs/: `python -m tests.tour [FILE]` runs docs/tour.py and writes docs/tour.ipynb or FILE."""

import sys
from tempfile import TemporaryDirectory

import jupytext
import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.imports import ROOT

TEXT, NOTEBOOK = ROOT / "docs/tour.py", ROOT / "docs/tour.ipynb"


def executed() -> NotebookNode:
    """Return the notebook with its outputs, without what changes from run to run.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell fails.
    """
    notebook = jupytext.read(TEXT)
    with TemporaryDirectory() as folder:  # for sockets: no port is opened
        kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=f"{folder}/kernel")
        NotebookClient(notebook, kernel, timeout=300, resources={"metadata": {"path": str(ROOT)}}).execute()
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"]}
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{number}", {}
    return notebook


if __name__ == "__main__":
    nbformat.write(executed(), sys.argv[1] if len(sys.argv) > 1 else NOTEBOOK)
