"""The command line: `lstm-tagger`, which is `python -m tagger`."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, get_args

import click
from click.shell_completion import CompletionItem

from tagger.cli import extras
from tagger.cli.output_formats import FORMATTERS, Format, csv_header
from tagger.core.common import paths
from tagger.core.common.errors import InputError, TaggerError

if TYPE_CHECKING:
    from tagger.predict.tokenization import Tokenizer
    from tagger.spark.corpus_files import Format as CorpusFormat

CORPUS_FORMATS = ("text", "parquet")
MOST_MODELS = 2  # side by side

# Click keeps the lines of a paragraph that begins with \b.
_COMPLETION = """\b
Shell completion, for bash; zsh and fish alike:
eval "$(_LSTM_TAGGER_COMPLETE=bash_source lstm-tagger)"
"""
_PREDICT_EXAMPLES = """\b
lstm-tagger predict "The dog ate the book"
lstm-tagger predict --tokenize "It's late, isn't it?"
lstm-tagger predict --format conllu < sentences.txt > tagged.conllu
"""
_SERVE_EXAMPLES = """\b
lstm-tagger serve
lstm-tagger serve --model models/nll --model models:/lstm-tagger@champion
"""
_TAG_CORPUS_EXAMPLES = """\b
lstm-tagger tag-corpus corpus.txt tagged.parquet
lstm-tagger tag-corpus 'crawl/*.txt.gz' tagged.json --model models/export
lstm-tagger tag-corpus hdfs://host/in.parquet hdfs://host/out.parquet --master yarn --conf spark.executor.instances=20
"""
_COMPARE_EXAMPLES = """\b
lstm-tagger compare
lstm-tagger compare --sort model.hidden --filter "metrics.test_accuracy > 0.9"
lstm-tagger compare --filter "tags.`dvc.experiment` = 'wide'"
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=_COMPLETION)
def main() -> None:
    """Tag sentences with a model that the pipeline trained, and look at its results."""


@main.command(epilog=_PREDICT_EXAMPLES)
@click.argument("sentences", metavar="[SENTENCE]...", nargs=-1)
@click.option(
    "--model",
    default=str(paths.EXPORT),
    show_default=True,
    metavar="FOLDER|URI",
    help="A model folder, or a model of MLflow's such as models:/lstm-tagger@champion.",
    shell_complete=lambda _context, _parameter, incomplete: [CompletionItem(incomplete, type="dir")],
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(get_args(Format)),
    default="table",
    show_default=True,
    help="json is an object a line; csv has a header; conllu has probabilities in its last column.",
)
@click.option("--top", type=click.IntRange(min=1), default=1, show_default=True, help="Tags listed for each word.")
@click.option("--tokenize", "raw", is_flag=True, help="Split words as the English Web Treebank does: do n't , it 's .")
@click.option("--int8", is_flag=True, help="Compute in 8 bits: faster, a little less exact (params: export.int8).")
@click.option("--threads", type=click.IntRange(min=1), help="Used at once by an exported model.  [default: all]")
def predict(  # noqa: PLR0917, click passes them by name
    sentences: tuple[str, ...],
    model: str,
    output_format: Format,
    top: int,
    raw: bool,
    int8: bool,
    threads: int | None,
) -> None:
    """Tag sentences: words, tags, and how probable each tag is.

    Words stand apart by white space; with --tokenize, text is split into words first. Without a SENTENCE, standard
    input is read, a sentence a line, and answered as it comes.
    """
    from tagger.cli.stream import read_available
    from tagger.predict.sentences import read_sentences
    from tagger.predict.tagging import CHUNK, Tagger

    list(read_sentences(sentences))  # mistakes are found before the model is loaded, and spaCy sees none
    tagger = Tagger.load(model, threads=threads, int8=int8)
    split: Tokenizer = _at_white_space
    if raw:
        from tagger.predict.tokenization import tokenizer

        split = tokenizer()
    top = min(top, len(tagger.tag_names))
    chunks: Iterable[Sequence[str]] = [sentences]
    if not sentences:
        if sys.stdin.isatty():
            click.echo("a sentence a line; Ctrl-D ends", err=True)
        chunks = read_available(sys.stdin.buffer, "standard input", CHUNK)
    if output_format == "csv":
        click.echo(csv_header(top), nl=False)
    formatter = FORMATTERS[output_format]
    number = 0
    for chunk in chunks:
        for number, tagged in enumerate(tagger.tag(split(chunk)), start=number + 1):  # noqa: B020
            click.echo(formatter(tagged, number, top), nl=False)


@main.command(epilog=_SERVE_EXAMPLES)
@click.option(
    "--model",
    "models",
    multiple=True,
    default=[str(paths.EXPORT)],
    show_default=True,
    metavar="FOLDER|URI",
    help="As of `predict`. Given twice, the two stand side by side.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 is all of them.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
def serve(models: tuple[str, ...], host: str, port: int) -> None:
    """Offer a page to type sentences into, and an API.

    Only this machine reaches it, unless --host says otherwise. The API is described at /docs.
    """
    if len(models) > MOST_MODELS:
        raise InputError(f"--model: given {len(models)} times, expected at most {MOST_MODELS}")
    from tagger.serving.server import is_local
    from tagger.serving.server import serve as run_server

    if not is_local(host):
        click.echo(f"warning: everyone who can reach {host} may use this, without a password or encryption", err=True)
    run_server(models, host, port, lambda url: click.echo(f"{url} (Ctrl-C ends)"))


@main.command("tag-corpus", epilog=_TAG_CORPUS_EXAMPLES)
@click.argument("source", metavar="INPUT")
@click.argument("target", metavar="OUTPUT")
@click.option(
    "--model",
    default="models:/lstm-tagger@champion",
    show_default=True,
    metavar="URI|FOLDER",
    help="As of `predict`. MLflow runs the code that lies beside a model of its own: take only one that you trust.",
)
@click.option("--from", "source_format", type=click.Choice(CORPUS_FORMATS), help="Of INPUT.  [default: by its name]")
@click.option("--to", "target_format", type=click.Choice(CORPUS_FORMATS), help="Of OUTPUT.  [default: by its name]")
@click.option(  # all cores of this machine; a task may fail three times, as on a cluster
    "--master", default="local[*,4]", show_default=True, help="As of spark-submit: the cluster to run on."
)
@click.option("--conf", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of Spark's; more may be given.")
@click.option("--overwrite", is_flag=True, help="Replace an earlier OUTPUT; it is removed first.")
def tag_corpus(  # noqa: PLR0917, click passes them by name
    source: str,
    target: str,
    model: str,
    source_format: "CorpusFormat | None",
    target_format: "CorpusFormat | None",
    master: str,
    settings: tuple[str, ...],
    overwrite: bool,
) -> None:
    """Tag a corpus of any size on Spark, here or on a cluster.

    INPUT and OUTPUT are paths that Spark knows. Text has a sentence a line; Parquet a column `sentence`, of strings or
    of lists of words. OUTPUT is a folder, of Parquet or of text with a JSON object a line: the columns of INPUT (of
    text: file, line, sentence), then words, tags and probabilities. `_SUCCESS` stands in it when it is complete.
    """
    wrong = [setting for setting in settings if not setting.partition("=")[0] or "=" not in setting]
    if wrong:
        raise InputError(f"--conf: got {wrong[0]!r}, expected KEY=VALUE")
    from tagger.spark.corpus_files import format_of
    from tagger.spark.job import mlflow_model
    from tagger.spark.job import tag_corpus as run_tagging
    from tagger.spark.session import spark_session

    forms = format_of(source, source_format, "--from"), format_of(target, target_format, "--to")
    pairs = dict(setting.split("=", 1) for setting in settings)
    with mlflow_model(model) as folder, spark_session(master, pairs) as spark:
        done = run_tagging(spark, folder, source, target, forms, overwrite=overwrite)
    click.echo(f"{target}: {done.sentences:,} sentences, {done.words:,} words")


@main.command()
def results() -> None:
    """Print the test metrics of the losses in params.yaml, of the baseline, and what their comparison says."""
    from tagger.cli.results_table import comparison_table

    evaluations = dict(_read_evaluations())
    if not evaluations:
        raise InputError("metrics/evaluate: no results there; expected those of `dvc repro`")
    comparison = _read_comparison(set(evaluations))
    if comparison is None:
        click.echo(comparison_table(evaluations))
    else:
        click.echo(comparison_table(evaluations | {"baseline": comparison["baseline"]}))
        click.echo("\n" + comparison["summary"])


@main.command()
def sync() -> None:
    """Bring MLflow up to what is on the disk.

    Delivers what was kept while MLflow was away, ends the runs of dead processes, and rebuilds the runs of models that
    DVC has restored (from its run-cache, or by `dvc pull`). Nothing is logged twice.
    """
    from tagger.tracking.sync import sync as sync_runs

    done = 0
    for done, line in enumerate(sync_runs(), start=1):  # noqa: B007
        click.echo(line)
    if not done:
        click.echo("MLflow holds all that is here")


@main.command(epilog=_COMPARE_EXAMPLES)
@click.option("--filter", "condition", default="", metavar="TEXT", help="In MLflow's syntax; see the example.")
@click.option(
    "--sort", default="best_dev_accuracy", show_default=True, metavar="COLUMN", help="Of the table, or started."
)
@click.option("--ascending", is_flag=True, help="The smallest first.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Rows at most.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV, for a spreadsheet.")
def compare(condition: str, sort: str, ascending: bool, limit: int, as_csv: bool) -> None:
    """Print all trainings that MLflow holds, with the params in which they differ."""
    from tagger.tracking.run_table import compare_runs

    table = compare_runs(condition, sort, ascending=ascending, limit=limit)
    if not len(table):
        raise InputError("MLflow: no training fits; expected those of `dvc repro`")
    if as_csv:
        click.echo(table.to_csv(index=False), nl=False)
    else:
        click.echo(table.to_string(index=False, float_format="{:.4f}".format, na_rep="-"))


def _at_white_space(texts: Iterable[str]) -> list[list[str]]:
    return [text.split() for text in texts]


def _read_evaluations() -> Iterator[tuple[str, dict[str, float | None]]]:
    from tagger.core.params.reader import read_params
    from tagger.core.params.schema import ExportView

    for loss in read_params(ExportView).losses:  # those of earlier settings may lie there too
        path = paths.evaluation_file(loss)
        try:
            metrics = json.loads(path.read_text(encoding="utf-8"))[loss]
            yield loss, {name: None if value is None else float(value) for name, value in metrics.items()}
        except FileNotFoundError:
            continue
        except (ValueError, AttributeError, TypeError, KeyError) as error:
            raise InputError(f"{path}: damaged: {error}") from None


def _read_comparison(losses: set[str]) -> dict[str, Any] | None:
    """Return the comparison of these losses, none where there is none or it is of others."""
    try:
        comparison: dict[str, Any] = json.loads(paths.COMPARISON.read_text(encoding="utf-8"))
        fits = {pair["first"] for pair in comparison["pairs"]} == losses
        return {"baseline": dict(comparison["baseline"]), "summary": str(comparison["summary"])} if fits else None
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{paths.COMPARISON}: damaged: {error}") from None


def run() -> None:
    """Run the command line; an error of the tagger is one line, not a traceback."""
    try:
        main()
    except (TaggerError, OSError) as error:
        sys.exit(f"error: {error}")
    except ModuleNotFoundError as error:
        sys.exit(f"error: {extras.advice(error)}")
