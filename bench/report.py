"""The results as tables for people."""

from collections.abc import Sequence
from typing import Any

NONE = "-"
PASSES = "Training rates are for one pass over the tokens; the number of passes a tagger needs differs."


def render(results: dict[str, Any]) -> str:
    """Return all tables, and what could not be run."""
    machine, corpus = results["machine"], results["corpus"]
    load = f"load {machine['load']} before, {machine['load_after']} after"
    head = [f"{machine['processor']}, {machine['cores']} cores, {load}"]
    head.append(f"{', '.join(corpus['files'])}: {corpus['train']['tokens']:,} training tokens")
    parts = ["\n".join(head), contestant_table(results["contestants"]), PASSES]
    parts += same_network_lines(results["contestants"])
    parts += [hardware_text(results["hardware"])]
    parts += [length_table(results["contestants"], kind) for kind in ("training", "tagging")]
    parts += [stage_table(results["fixed_cost"], results["corpus_growth"]), stream_table(results["corpus_growth"])]
    parts += [spark_table(results["spark"])] if "spark" in results else []
    parts += [f"not run: {name}: {reason}" for name, reason in results["not_run"].items()]
    return "\n\n".join(parts)


def contestant_table(contestants: dict[str, Any]) -> str:
    """Return one row per contestant: medians, their spread in brackets, and how many times as fast ours is."""
    head = ["", "training tokens/s", "ours", "tagging tokens/s", "ours", "ms per sentence", "load s", "MB training"]
    rows = [[*head, "MB tagging", "accuracy", "whole training s"]]
    for name, found in contestants.items():
        row = [name]
        for kind in ("training", "tagging"):
            rate, (low, high) = found[kind]["tokens_per_second"], found[kind]["spread"]
            row += [f"{rate:,} ({low:,}-{high:,})", f"{found['ratio'][kind]:.1f} x"]
        tagging, accuracy, seconds = found["tagging"], found["accuracy"], found["whole_training_seconds"]
        row += [f"{tagging['sentence_ms']:.2f}", f"{tagging['load_seconds']:.2f}"]
        row += [f"{found[kind]['peak_mb']:,.0f}" for kind in ("training", "tagging")]
        row += [NONE if accuracy is None else f"{accuracy:.2%}", NONE if seconds is None else f"{seconds:,.0f}"]
        rows.append(row)
    return table(rows)


def same_network_lines(contestants: dict[str, Any]) -> list[str]:
    """Return a line for each peer that one of ours shares the network with."""
    return [
        f"With {name}'s network, ours trains {ratio['training']:.1f} and tags {ratio['tagging']:.1f} times as fast."
        for name, found in contestants.items()
        if (ratio := found.get("ratio_same_network"))
    ]


def hardware_text(hardware: dict[str, Any]) -> str:
    """Return the shares of the peak."""
    peak = hardware["peak_gflops"]
    rows = [["share of the peak of matrix products", "training", "tagging"]]
    for name, label in (
        ("lstm_part", "only the LSTM over the sentence, one core"),
        ("of_one_core", f"everything, one core ({peak['one_core']:,} GFLOP/s)"),
        ("of_all_cores", f"everything, all cores ({peak['all_cores']:,} GFLOP/s)"),
    ):
        rows.append([label, *(f"{hardware[name][kind]:.1%}" for kind in ("training", "tagging"))])
    return table(rows)


def length_table(contestants: dict[str, Any], kind: str) -> str:
    """Return tokens a second by the words of a sentence."""
    rates = {name: found["sentence_lengths"][kind] for name, found in contestants.items()}
    lengths = list(next(iter(rates.values())))
    rows = [[f"{kind} tokens/s, words per sentence:", *lengths]]
    return table(rows + [[name, *(f"{row[length]:,}" for length in lengths)] for name, row in rates.items()])


def stage_table(fixed: dict[str, Any], growth: dict[str, Any]) -> str:
    """Return seconds and memory of each stage on two sentences, and on a sample of the corpus repeated."""
    rows = [
        ["stage", "two sentences", *(f"x {factor}: {n['tokens']['train']:,} tokens" for factor, n in growth.items())]
    ]
    for stage, cost in fixed.items():
        cells = [cost, *(grown["stages"][stage] for grown in growth.values())]
        rows.append([stage, *(f"{cell['seconds']:.1f} s, {cell['peak_mb']:,.0f} MB" for cell in cells)])
    return table(rows)


def stream_table(growth: dict[str, Any]) -> str:
    """Return rate and memory of tagging the test split repeated, as one stream."""
    rows = [["tagging a stream", "tokens", "tokens/s", "MB"]]
    for factor, grown in growth.items():
        stream = grown["stream"]
        cells = [f"{stream['tokens']:,}", f"{stream['tokens_per_second']:,}", f"{stream['peak_mb']:,.0f}"]
        rows.append([f"test x {factor}", *cells])
    return table(rows)


def spark_table(spark: dict[str, Any]) -> str:
    """Return the rates of one worker and of two."""
    rows = [["tagging on Spark", "tokens/s", "tokens/s per core", "tokens/s, tagging nothing"]]
    for workers, rate in spark["tokens_per_second"].items():
        nothing = spark["nothing_tokens_per_second"][workers]
        rows.append([f"single-core workers: {workers}", f"{rate:,}", f"{rate / int(workers):,.0f}", f"{nothing:,}"])
    return f"{table(rows)}\nTwo workers are {spark['growth']:.2f} times as fast as one."


def table(rows: Sequence[Sequence[str]]) -> str:
    """Set cells in columns: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return "\n".join(lines)
