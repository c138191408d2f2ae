"""Compare the losses: what they do, whether they differ, and the plots and page that show it."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from tagger.core.common import arithmetic, paths
from tagger.core.common.files import new_folder, write_json
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import word_groups
from tagger.core.params.reader import flatten, read_params
from tagger.core.params.schema import ReportView, Training
from tagger.evaluate.metrics import over_seeds
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.comparison.compare import compare
from tagger.report.page.render import write_report
from tagger.report.questions.study import study_losses
from tagger.report.shared.results import Result, Results


def report_losses() -> list[Training]:
    """Run the stage; return the trainings that it has compared."""
    params = read_params(ReportView)
    arithmetic.check(params.arithmetic)
    train, dev, test = (EncodedSplit.load(path) for path in (paths.TRAIN, paths.DEV, paths.TEST))
    baseline = TaggedSplit.baseline(train, test)
    results = {
        loss: {seed: Result.load(Training(loss, seed), baseline) for seed in params.seeds} for loss in params.losses
    }
    study = study_losses(results, dev, word_groups(train, dev))
    tagged = {loss: {seed: result.tagged for seed, result in seeds.items()} for loss, seeds in results.items()}
    comparison = compare(tagged, baseline, params.data.seed)
    trained = {
        loss: [result.evaluation | result.summary for result in seeds.values()] for loss, seeds in results.items()
    }
    write_json(paths.RESULTS, {loss: over_seeds(models) for loss, models in trained.items()})
    write_json(paths.STUDY, study)
    write_json(paths.COMPARISON, comparison)
    with new_folder(paths.PLOTS) as folder:
        for name in PLOTS:
            plot_table(name, results).to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    made_with = {"losses": params.losses, "seeds": params.seeds, **flatten(params.settings)}
    write_report(paths.REPORT, results, study, comparison, made_with)
    print(comparison["summary"])
    return params.trainings


def _pairs(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of a gold and a predicted tag that occur, and each tag with itself."""
    table = counts.rename_axis("gold").reset_index().melt("gold", var_name="predicted", value_name="tokens")
    return table[(table["tokens"] > 0) | (table["gold"] == table["predicted"])]


# The tables that the plots of `dvc.yaml` read: for each, the part of one training.
PLOTS: dict[str, Callable[[Result], pd.DataFrame]] = {
    "curves": lambda result: result.history.replace([np.inf, -np.inf], np.nan),
    "tags": lambda result: result.tags,
    "reliability": lambda result: pd.DataFrame(result.detail["reliability"]).dropna(),  # bins that hold tokens
    "confusion": lambda result: _pairs(result.confusions),
}


def plot_table(name: str, results: Results) -> pd.DataFrame:
    """Join the parts of all trainings, one row per point; the last columns are `loss` and `seed`."""
    trainings = [(loss, seed, result) for loss, seeds in results.items() for seed, result in seeds.items()]
    parts = [PLOTS[name](result).assign(loss=loss, seed=seed) for loss, seed, result in trainings]
    return pd.concat(parts, ignore_index=True)
