"""Compare the losses: what they do, whether they differ, and the plots and the page that show it."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from tagger.core.common import arithmetic, paths
from tagger.core.common.files import new_folder, write_json
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import word_groups
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ReportView
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.comparison.compare import compare
from tagger.report.page.render import write_report
from tagger.report.questions.study import study_losses
from tagger.report.shared.results import LossResult


def report_losses() -> tuple[str, ...]:
    """Run the stage; return the losses that it has compared."""
    params = read_params(ReportView)
    arithmetic.check(params.arithmetic)
    train, dev, test = (EncodedSplit.load(path) for path in (paths.TRAIN, paths.DEV, paths.TEST))
    baseline = TaggedSplit.baseline(train, test)
    results = {loss: LossResult.load(loss, baseline) for loss in params.losses}
    study = study_losses(results, dev, word_groups(train, dev))
    comparison = compare({loss: result.tagged for loss, result in results.items()}, baseline, params.seed)
    write_json(paths.STUDY, study)
    write_json(paths.COMPARISON, comparison)
    with new_folder(paths.PLOTS) as folder:
        for name in PLOTS:
            plot_table(name, results).to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    write_report(paths.REPORT, results, study, comparison)
    print(comparison["summary"])
    return params.losses


def _shares(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of a gold and a predicted tag that occur, and each tag with itself."""
    table = counts.rename_axis("gold").reset_index().melt("gold", var_name="predicted", value_name="tokens")
    table["share"] = (table["tokens"] / table["gold"].map(counts.sum(axis=1)).clip(lower=1)).round(6)
    return table[(table["tokens"] > 0) | (table["gold"] == table["predicted"])]


# The tables that the plots of `dvc.yaml` read: for each, the part of one loss.
PLOTS: dict[str, Callable[[LossResult], pd.DataFrame]] = {
    "curves": lambda result: result.history.replace([np.inf, -np.inf], np.nan),
    "tags": lambda result: result.tags,
    "reliability": lambda result: pd.DataFrame(result.detail["reliability"]).dropna(),  # bins that hold tokens
    "confusion": lambda result: _shares(result.confusions),
}


def plot_table(name: str, results: Mapping[str, LossResult]) -> pd.DataFrame:
    """Join the parts of all losses, one row per point; the last column is `loss`."""
    return pd.concat([PLOTS[name](result).assign(loss=loss) for loss, result in results.items()], ignore_index=True)
