"""The command line: `lstm-tagger`, which is `python -m tagger`."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Literal, TextIO, get_args

import click

from tagger.cli.extras import EXTRAS, install_command
from tagger.cli.output import text_table, write
from tagger.cli.output_formats import FORMATTERS, Format, csv_header
from tagger.core.common import paths
from tagger.core.common.errors import InputError, TaggerError, counted
from tagger.core.params.schema import DataParams

SparkFormat = Literal["text", "json", "conllu", "parquet"]  # as in tagger.spark, which takes seconds to import
MOST_MODELS = 2  # side by side
EXAMPLES = Path(__file__).with_name("examples.txt")  # in the help of each command

# Click keeps the lines of a paragraph that begins with \b.
_COMPLETION = """\b
Shell completion for bash (zsh and fish work the same way):
eval "$(_LSTM_TAGGER_COMPLETE=bash_source lstm-tagger)"
"""
_corpus_formats = click.Choice(get_args(DataParams.model_fields["format"].annotation))
_spark_format = partial(click.option, type=click.Choice(get_args(SparkFormat)))
_columns = click.option(
    "--columns",
    callback=lambda _context, _option, value: [name.strip() for name in value.split(",")] if value else [],
    metavar="NAME,...",
    help="Columns to print.",
)
_all_columns = click.option("--all", "everything", is_flag=True, help="Print every column, at its full width.")
_model = partial(click.option, "--model", metavar="FOLDER|URI", type=click.Path(file_okay=False))


def _enter_project() -> None:
    """Change to the root of the project, from any folder below it; raise InputError outside a project."""
    root = paths.project()
    if root is None:
        raise InputError("not in a project: no params.yaml in this folder or any above it")
    os.chdir(root)


def _examples(command: str) -> str:
    lines = EXAMPLES.read_text(encoding="utf-8").splitlines()
    return "\n".join(["\b", *(line for line in lines if line.split()[1] == command)])


_SETTINGS = {"help_option_names": ["-h", "--help"], "show_default": True, "max_content_width": 120}


@click.group(context_settings=_SETTINGS, epilog=_COMPLETION)
def main() -> None:
    """Tag sentences with a trained model, and inspect the pipeline's results."""


@main.command(epilog=_examples("predict"))
@click.argument("sentences", metavar="[SENTENCE]...", nargs=-1)
@_model(default=str(paths.EXPORT), help="A folder, models:/lstm-tagger@champion, or hf://owner/name on the Hub.")
@click.option(
    "--from",
    "source",
    type=click.Choice(["text", "json", "conllu"]),
    default="text",
    help="Format of standard input. json: each line is a list of words, or an object with one; words may have spaces.",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(get_args(Format)),
    default="table",
    help="json: one object per line; csv: with a header; conllu: probabilities in the last column, but with"
    " --from conllu only the tags change.",
)
@click.option("--top", type=click.IntRange(min=1), default=1, help="Number of tags to print for each word.")
@click.option("--tokenize", is_flag=True, help="Split text into words as the English Web Treebank does: it 's .")
@click.option("--int8", is_flag=True, help="Use the 8-bit model (export.int8): faster, slightly less exact.")
@click.option("--threads", type=click.IntRange(min=1), help="Number of threads, for exports.  [default: all cores]")
def predict(  # noqa: PLR0917, click passes them by name
    sentences: tuple[str, ...],
    model: str,
    source: str,
    output_format: Format,
    top: int,
    tokenize: bool,
    int8: bool,
    threads: int | None,
) -> None:
    """Tag sentences: print each word, its tag and the tag's probability.

    White space separates words; --tokenize splits raw text into words first. Without SENTENCE, reads standard input,
    one sentence per line, and tags each line as it arrives.
    """
    from tagger.cli.stream import ConlluSentence, read_available, read_conllu, read_json
    from tagger.predict.conllu import retagged
    from tagger.predict.sentences import read_sentences
    from tagger.predict.tagging import Tagger
    from tagger.predict.tokenization import tokenizer

    if source != "text" and (sentences or tokenize):
        raise InputError(f"--from {source}: expected tokenized sentences on standard input, no SENTENCE or --tokenize")
    list(read_sentences(sentences))  # so that mistakes are found before the model is loaded, and never reach spaCy
    tagger = Tagger.load(model, threads=threads, int8=int8)
    split: Callable[[Iterable[Any]], Iterable[Any]] = tokenizer() if tokenize else iter
    top = min(top, len(tagger.tag_names))
    chunks: Iterable[Sequence[Any]] = [sentences]
    if not sentences:
        if sys.stdin is None:
            raise InputError("standard input: closed; expected a SENTENCE")
        if sys.stdin.isatty():
            click.echo("one sentence per line; Ctrl-D to finish", err=True)
        chunks = read_available(sys.stdin.buffer)
    if output_format == "csv":
        write(csv_header(top), end="")
    if source != "text":
        chunks = read_json(chunks) if source == "json" else read_conllu(chunks)
    number = 0
    for chunk in chunks:
        given = [sentence.words if isinstance(sentence, ConlluSentence) else sentence for sentence in chunk]
        for original, sentence in zip(chunk, tagger.tag(split(given)), strict=True):
            if isinstance(original, ConlluSentence) and output_format == "conllu":
                write("\n".join(retagged(original.lines, sentence.tags, sentence.column)))
            elif sentence.words or source != "conllu":
                number += 1
                write(FORMATTERS[output_format](sentence, number, top), end="")


@main.command(epilog=_examples("evaluate"))
@click.argument("model")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "output_format", type=click.Choice(["table", "json"]), default="table")
@click.option("--from", "file_format", type=_corpus_formats, default="auto", help="Format of FILE.")
@click.option("--column", help="Tag column of FILE, by name or number.  [default for CoNLL-U: that of MODEL]")
def evaluate(model: str, file: Path, output_format: str, file_format: str, column: str | None) -> None:
    """Evaluate a model on a tagged corpus, with the metrics of the stage `evaluate`.

    MODEL is a folder or URI, as for `predict --model`; FILE is a corpus in any format the pipeline reads.
    """
    from tagger.cli.evaluation import measure_model, metrics_table

    metrics = measure_model(model, file, file_format, column)
    write(json.dumps(metrics) if output_format == "json" else metrics_table(metrics))


@main.command(epilog=_examples("serve"))
@_model("models", multiple=True, default=[str(paths.EXPORT)], help="As for `predict`. Give it twice to compare.")
@click.option("--host", default="127.0.0.1", help="Address to listen on; 0.0.0.0 means all addresses.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, help="Port to listen on; 0 picks a free one.")
@click.option("--token-file", type=click.File(errors="replace"), help="File with a token that requests must carry.")
def serve(models: tuple[str, ...], host: str, port: int, token_file: TextIO | None) -> None:
    """Serve a web page for tagging sentences, and an API.

    Only this machine can reach them unless you set --host. /docs documents the API.
    """
    if len(models) > MOST_MODELS:
        raise InputError(f"--model: given {len(models)} times, expected at most {MOST_MODELS}")
    if len(set(models)) < len(models):
        raise InputError(f"--model: given twice: {models[0]}; expected two different models")
    from tagger.serving.server import serve as run_server

    run_server(models, host, port, token_file.read().strip() if token_file else None)


@main.command("tag-corpus", epilog=_examples("tag-corpus"))
@click.argument("source", metavar="INPUT")
@click.argument("target", metavar="OUTPUT")
@_model(
    default="models:/lstm-tagger@champion",
    help="As for `predict`. MLflow runs the code stored with a model: use only models you trust.",
)
@_spark_format("--from", "source_format", help="Format of INPUT.  [default: from the file name]")
@_spark_format("--to", "target_format", help="Format of OUTPUT.  [default: from the file name]")
# By default all cores of this machine; a task may fail three times, as on a cluster.
@click.option("--master", default="local[*,4]", help="Spark master, as for spark-submit.")
@click.option("--conf", "settings", multiple=True, metavar="KEY=VALUE", help="Spark setting; may be repeated.")
@click.option("--overwrite", is_flag=True, help="Delete an existing OUTPUT first.")
def tag_corpus(  # noqa: PLR0917, click passes them by name
    source: str,
    target: str,
    model: str,
    source_format: SparkFormat | None,
    target_format: SparkFormat | None,
    master: str,
    settings: tuple[str, ...],
    overwrite: bool,
) -> None:
    """Tag a corpus of any size with Spark, locally or on a cluster.

    INPUT and OUTPUT are any paths Spark supports. Text has one sentence per line; Parquet and JSON Lines have a column
    `sentence` or `tokens` of strings or lists of words. OUTPUT is a folder of Parquet or JSON Lines files with the
    columns of INPUT (for text: file, line, sentence), then words, tags and probabilities. CoNLL-U can also be written
    back as CoNLL-U with new tags. The file `_SUCCESS` marks a complete OUTPUT.
    """
    for setting in settings:
        if setting.find("=") < 1:
            raise InputError(f"--conf: got {setting!r}, expected KEY=VALUE")
    from tagger.spark.corpus_files import format_of
    from tagger.spark.job import mlflow_model, spark_session
    from tagger.spark.job import tag_corpus as run_tagging

    forms = format_of(source, source_format, "--from"), format_of(target, target_format, "--to")
    pairs = dict(setting.split("=", 1) for setting in settings)
    with mlflow_model(model) as packed, spark_session(master, pairs) as spark:
        amount, words = run_tagging(spark, packed, source, target, forms, overwrite=overwrite)
    write(f"{target}: {counted(amount, 'sentence')}, {counted(words, 'word')}")


@main.command()
@click.argument("repository", metavar="OWNER/NAME")
@_model(default=str(paths.EXPORT), help="The export: a folder or an MLflow model URI.")
@click.option("--private", is_flag=True, help="Make the repository private if it is new.")
def push(repository: str, model: str, private: bool) -> None:
    """Upload an export to the Hugging Face Hub, with its model card as README.md.

    Log in first with `hf auth login`, or set HF_TOKEN. OWNER/NAME is created if it does not exist.
    """
    from tagger.predict.hub import push as upload
    from tagger.predict.model_source import model_folder_of

    with model_folder_of(model) as folder:
        write(upload(folder, repository, private=private))
    write(f"Use it with: lstm-tagger predict --model hf://{repository}")


@main.command()
@click.argument("file", required=False, type=click.Path(resolve_path=True, path_type=Path))
def check(file: Path | None) -> None:
    """Check the params and the corpus before any training.

    The corpus is FILE, with dev and test split off, or else the files in params.yaml. Prints warnings and a summary;
    writes nothing. Exits with status 1 on an error that would stop the pipeline.
    """
    from tagger.cli.check import check_project

    _enter_project()
    if file and file.is_relative_to(Path.cwd()):
        file = file.relative_to(Path.cwd())  # as params.yaml would name it
    for line in check_project(file):
        write(line)


@main.command()
@_columns
@_all_columns
def results(columns: list[str], everything: bool) -> None:
    """Print the test metrics of all losses in params.yaml and of the baseline, with a verdict."""
    from tagger.cli.printed_results import read_results

    _enter_project()
    table, summary = read_results(columns)
    write(text_table(table, whole=everything) + summary)
    _echo_links()


@main.command()
def verify() -> None:
    """Compare the outputs with the recorded run, byte for byte, and explain any difference."""
    from tagger.runner.recorded_run import compare_with_recorded

    _enter_project()
    write(compare_with_recorded())


@main.command()
def sync() -> None:
    """Bring MLflow up to date with the outputs on disk.

    Logs what was kept while MLflow was unreachable, ends the runs of dead processes, and rebuilds the runs of models
    that DVC has restored (from its run-cache or with `dvc pull`). Nothing is logged twice.
    """
    from tagger.tracking.sync import sync as sync_runs

    _enter_project()
    lines = sync_runs()
    for line in chain([next(lines, "MLflow is up to date")], lines):
        write(line)
    _echo_links()


@main.command(epilog=_examples("compare"))
@click.argument("runs", metavar="[RUN RUN]", nargs=-1)
@click.option("--filter", "condition", default="", metavar="TEXT", show_default=False, help="MLflow filter string.")
@click.option("--sort", default="best_dev_accuracy", metavar="COLUMN", help="Any column of the table, or `started`.")
@click.option("--ascending", is_flag=True, help="Sort in ascending order.")
@click.option("--limit", type=click.IntRange(min=1), default=50, help="Maximum number of rows.")
@_columns
@_all_columns
@click.option("--csv", "as_csv", is_flag=True, help="Print the table as CSV.")
def compare(  # noqa: PLR0917, click passes them by name
    runs: tuple[str, ...],
    condition: str,
    sort: str,
    ascending: bool,
    limit: int,
    columns: list[str],
    everything: bool,
    as_csv: bool,
) -> None:
    """List all trainings in MLflow with the params that differ, or compare two runs.

    The table is at most 120 columns wide; columns that do not fit are named below it.

    Given the names of two runs (trainings, losses with several seeds, or groups), test whether they differ over seeds
    and test sentences. If several runs share a name, the newest is used.
    """
    if runs:
        if len(runs) != 2:
            raise InputError(f"RUN: got {len(runs)}, expected the names of two runs, or none to list all trainings")
        from tagger.cli.printed_results import verdicts

        for line in verdicts(*runs):
            write(line)
        return
    from tagger.tracking.compared_runs import compare_runs

    table = compare_runs(condition, sort, ascending=ascending, limit=limit, columns=columns, everything=everything)
    if not len(table):
        raise InputError("MLflow: no training matches; expected some that `dvc repro` has logged")
    if as_csv:
        write(table.to_csv(index=False), end="")
    else:
        write(text_table(table, whole=everything))
        _echo_links()


def _echo_links() -> None:
    from tagger.tracking.hooks import links

    if text := links():
        write(f"\n{text}")


def run() -> None:
    """Run the command line. An error that the user can fix is one line, not a traceback."""
    try:
        main()
    except (TaggerError, OSError) as error:
        sys.exit(f"error: {error}")
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in EXTRAS:
            raise
        sys.exit(f"error: {module} is not installed; install it with {install_command(EXTRAS[module])}")
