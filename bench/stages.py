"""What each stage costs on two sentences, an epoch, and how much of it are imports: `python -m bench.stages`."""

import re
import sys
import tempfile
from pathlib import Path

import click

from bench.pipeline import STAGES, Workspace
from bench.processes import ChildError
from bench.report import table
from bench.scaling import TUTORIAL
from tagger.core.common.errors import InputError

HEAD = ("stage", "seconds", "of the processor", "imports")
_OWN = re.compile(r"^import time:\s+(\d+) \|", re.MULTILINE)  # microseconds of a module without those that it imports


def import_seconds(text: str) -> float:
    """Return the time of all imports, given what Python prints of them."""
    return sum(map(int, _OWN.findall(text))) / 1_000_000


def measure(workspace: Workspace, name: str) -> list[str]:
    """Run a stage twice, and return its row; to list the imports makes it a little slower, so they are a share.

    The share may be above 100 %: the process for MLflow imports at the same time.
    """
    finished = workspace.stage(name)
    listed = workspace.stage(name, PYTHONPROFILEIMPORTTIME="1")
    share = import_seconds(listed.text) / listed.seconds
    return [name, f"{finished.seconds:.1f}", f"{finished.processor_seconds:.1f}", f"{share:.0%}"]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Print what each stage takes. MLflow's database is there already: making it takes seconds of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Workspace(Path(scratch) / "stages", TUTORIAL, {}, epochs=1)
        for name in ("prepare", "train"):  # makes the database
            workspace.stage(name)
        click.echo(table([HEAD, *(measure(workspace, name) for name in STAGES)]))


if __name__ == "__main__":
    try:
        main()
    except (InputError, ChildError) as error:
        sys.exit(f"error: {error}")
