"""How often a comparison of two losses claims what is not so, or sees what is: `python -m bench.verdicts`.

Two losses tag simulated test splits of 120 sentences, once with each seed. A word is wrong if a sum of normal parts
exceeds a threshold: how hard the word is, what its sentence means to the loss, what the seed does to the loss, and the
rest, drawn for each word, loss and seed. Neither loss is better, unless their thresholds differ.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

import click
import numpy as np
from scipy.stats import norm, t

from tagger.core.common.arrays import Flags, Float64s, Int64s
from tagger.report.comparison.significance import Variances, interval

SEEDS = (2, 3, 5, 10)
TIMES, RESAMPLES = 2_000, 500
SENTENCES, ACCURACY = 120, 0.935


class Parts(NamedTuple):
    """The parts of a sum of variance 1; what they leave is how hard a word is, the same for both losses."""

    sentence: float
    seed: float
    rest: float


MEASURED = Parts(sentence=0.01, seed=0.0001, rest=0.065)  # about those of `nll` and `hinge` on the starter corpus
CASES = {
    "as measured": MEASURED,
    "seeds differ more": MEASURED._replace(seed=0.002),
    "sentences differ more": MEASURED._replace(sentence=0.06),
    "both differ more": Parts(sentence=0.06, seed=0.002, rest=0.01),
}


def wrong_words(parts: Parts, lengths: Int64s, worse: float, draw: np.random.Generator) -> Flags:
    """Draw which words are wrong: (2 losses, S, N); the second loss has an accuracy that is lower by `worse`."""
    seeds, words = max(SEEDS), int(lengths.sum())

    def part(variance: float, *shape: int) -> Float64s:
        return draw.normal(scale=variance**0.5, size=shape)

    values = part(parts.rest, 2, seeds, words) + part(parts.seed, 2, seeds, 1) + part(1 - sum(parts), words)
    values += np.repeat(part(parts.sentence, 2, 1, len(lengths)), lengths, axis=2)
    return np.asarray(values > norm.ppf([ACCURACY, ACCURACY - worse])[:, np.newaxis, np.newaxis])


@cache
def weights() -> Float64s:
    """Return how often the split and each resample hold each sentence: (1 + R, sentences)."""
    drawn = np.random.default_rng(0).multinomial(SENTENCES, np.full(SENTENCES, 1 / SENTENCES), size=RESAMPLES)
    return np.vstack([np.ones(SENTENCES), drawn])


def of_words(wrong: Flags, lengths: Int64s) -> Float64s:
    """Return the first accuracy minus the second with each seed, on the whole split and on resamples: (S, 1 + R)."""
    by_sentence = np.add.reduceat(wrong, np.cumsum(lengths) - lengths, axis=2, dtype=float)
    return np.asarray((by_sentence[1] - by_sentence[0]) @ weights().T / (weights() @ lengths))


def differences(parts: Parts, worse: float, draw: np.random.Generator) -> Float64s:
    """Draw a split and how both losses tag it; return what `of_words` does."""
    lengths = draw.integers(3, 24, size=SENTENCES)
    return of_words(wrong_words(parts, lengths, worse, draw), lengths)


def over_seeds(values: Float64s, confidence: float) -> bool:
    """Decide as the report does."""
    low, high = interval(values, confidence)
    return not low <= 0 <= high


def percentiles(values: Float64s, confidence: float) -> bool:
    """Draw seeds as well as sentences, and take percentiles of the means."""
    resampled = values[:, 1:]
    chosen = np.random.default_rng(1).integers(len(values), size=resampled.shape)
    means = np.take_along_axis(resampled, chosen, axis=0).mean(axis=0)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return not low <= 0 <= high


def t_test(values: Float64s, confidence: float) -> bool:
    """Take the sentences as given."""
    whole = values[:, 0]
    return bool(abs(whole.mean()) > Variances(whole.var(ddof=1), 0).width((1 + confidence) / 2, len(values)))


def satterthwaite(values: Float64s, confidence: float) -> bool:
    """Take one quantile for both variances, by the degrees of freedom that they have together."""
    found, seeds = Variances.of(values), len(values)
    variance = found.seeds / seeds + found.sentences
    freedom = (seeds - 1) * (variance * seeds / max(found.seeds, 1e-30)) ** 2
    return bool(abs(values[:, 0].mean()) > t.ppf((1 + confidence) / 2, freedom) * variance**0.5)


METHODS: dict[str, Callable[[Float64s, float], bool]] = {
    "this verdict": over_seeds,
    "one seed alone": lambda values, confidence: over_seeds(values[:1], confidence),
    "t-test over seeds": t_test,
    "percentiles over both": percentiles,
    "Satterthwaite": satterthwaite,
}


def claims(case: str, worse: float = 0, times: int = TIMES, confidence: float = 0.95) -> dict[str, dict[int, float]]:
    """Return how often each method claims that the losses differ, for each number of seeds: a share."""
    draw = np.random.default_rng(1)
    found = {name: dict.fromkeys(SEEDS, 0.0) for name in METHODS}
    for _ in range(times):
        values = differences(CASES[case], worse, draw)
        for name, method in METHODS.items():
            for seeds in SEEDS:
                found[name][seeds] += method(values[:seeds], confidence) / times
    return found


def table(head: str, rows: Mapping[str, Mapping[int, float]]) -> Iterator[str]:
    """Yield the lines of a table in Markdown, in percent."""
    yield f"| {head} | {' | '.join(f'{seeds} seeds' for seeds in SEEDS)} |"
    yield "|---" * (1 + len(SEEDS)) + "|"
    for name, shares in rows.items():
        yield f"| {name} | {' | '.join(f'{100 * share:.1f}' for share in shares.values())} |"
    yield ""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Print the tables of docs/seeds.md."""
    alarms = {case: claims(case) for case in CASES}
    for method in METHODS:
        click.echo("\n".join(table(f"false alarms of {method}", {case: alarms[case][method] for case in CASES})))
    strict = claims("both differ more", confidence=0.995)
    click.echo("\n".join(table("false alarms at 99.5 %, both differ more", strict)))
    for points in (0.5, 1, 2):
        seen = claims("as measured", points / 100)
        click.echo("\n".join(table(f"a difference of {points} points is seen by", seen)))


if __name__ == "__main__":
    main()
