"""The command line: `python -m bench`."""

import sys
import tempfile
import time
from pathlib import Path

import click

from bench.benchmark import Benchmark
from bench.contestants import PEERS, choose
from bench.corpus import find_files
from bench.lab import Lab
from bench.processes import ROOT, ChildError
from bench.report import render
from bench.settings import QUICK, Settings
from tagger.core.common.errors import InputError
from tagger.core.common.files import write_json

RESULTS = ROOT / "bench" / "results.json"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--corpus",
    default=str(ROOT / "data" / "raw"),
    metavar="PLACES",
    help="A folder, or three files separated by spaces: train, dev, test. [default: data/raw]",
)
@click.option("--peers", default="", metavar="NAMES", help=f"Some of: {', '.join(PEERS)}. [default: all]")
@click.option("--accuracy", is_flag=True, help="Train all to the end, to measure accuracy on the test split.")
@click.option("--quick", is_flag=True, help="Try everything on a small part; the figures mean little.")
@click.option("--output", type=click.Path(path_type=Path), help="[default: bench/results.json, quick: quick.json]")
def main(corpus: str, peers: str, accuracy: bool, quick: bool, output: Path | None) -> None:
    """Compare this tagger with others: print tables, and write the results as JSON."""
    start = time.monotonic()
    files = find_files([Path(place) for place in ([corpus] if Path(corpus).exists() else corpus.split())])
    names = choose(peers.split())

    def say(what: str) -> None:
        click.echo(f"{time.monotonic() - start:5.0f} s  {what}", err=True)

    with tempfile.TemporaryDirectory() as scratch:
        lab = Lab(Path(scratch), files, QUICK if quick else Settings(), accuracy, say)
        results = Benchmark(lab, names, [path.name for path in files]).run()
    results["minutes"] = round((time.monotonic() - start) / 60, 1)
    write_json(output or (RESULTS.with_name("quick.json") if quick else RESULTS), results)
    click.echo(render(results))


if __name__ == "__main__":
    try:
        main()
    except (InputError, ChildError, OSError) as error:
        sys.exit(f"error: {error}")
