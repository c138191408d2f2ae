"""What a large corpus costs: each stage's time and peak memory on millions of tokens: `make bench SCALE=1`.

The corpus is repeated, and words that it has only once become new words each time: the dictionaries grow, as those of
a large corpus do. Nine tenths of the tokens are for training, the others for dev and test.
"""

import sys
import tempfile
from pathlib import Path

import click

from bench.corpus import Files, find_files
from bench.lab import Lab
from bench.pipeline import STAGES
from bench.processes import ROOT, ChildError
from bench.report import table
from bench.settings import Settings
from tagger.core.common.errors import InputError

HEAD = ("tokens", "stage", "seconds", "of the processor", "peak MB", "written MB")


def measure(lab: Lab, tokens: int) -> list[list[str]]:
    """Run every stage once on a corpus of so many tokens, the training for one epoch; return a row for each stage."""
    target = lab.scratch / str(tokens)
    lab.task("enlarged", source=list(lab.files), target=target, tokens=tokens)
    workspace, rows, before = lab.workspace(str(tokens), Files.within(target)), [], 0.0
    for name in STAGES:
        finished = workspace.stage(name)
        now = sum(path.stat().st_size for path in workspace.folder.rglob("*") if path.is_file()) / 1_000_000
        figures = (finished.seconds, finished.processor_seconds, finished.peak_mb, now - before)
        rows.append([f"{tokens:,}", name, *(f"{figure:,.1f}" for figure in figures)])
        lab.say("  ".join(rows[-1]))
        before = now
    return rows


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--corpus", default=str(ROOT / "data/raw"), metavar="PLACES", help="As `python -m bench` takes it.")
@click.argument("tokens", type=click.IntRange(1000), nargs=-1)
def main(corpus: str, tokens: tuple[int, ...]) -> None:
    """Print what each stage takes on a corpus of so many TOKENS: 2 and 20 millions by default."""
    files = find_files([Path(place) for place in ([corpus] if Path(corpus).exists() else corpus.split())])
    with tempfile.TemporaryDirectory() as scratch:
        lab = Lab(Path(scratch), files, Settings(), accuracy=False, say=lambda text: click.echo(text, err=True))
        rows = [row for amount in tokens or (2_000_000, 20_000_000) for row in measure(lab, amount)]
    click.echo(table([HEAD, *rows]))


if __name__ == "__main__":
    try:
        main()
    except (InputError, ChildError) as error:
        sys.exit(f"error: {error}")
