"""Compare the losses: what they do, whether they differ, and the plots and the page that show it."""

from tagger.core.common import paths
from tagger.core.common.files import new_folder, write_json, write_table
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import word_groups
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ReportView
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.comparison.compare import compare
from tagger.report.page.render import write_report
from tagger.report.plot_tables import PLOTS, plot_table
from tagger.report.questions.study import study_losses
from tagger.report.shared.results import LossResult


def report_losses() -> None:
    """Run the stage."""
    params = read_params(ReportView)
    train, dev, test = (EncodedSplit.load(path) for path in (paths.TRAIN, paths.DEV, paths.TEST))
    baseline = TaggedSplit.baseline(train, test)
    results = {loss: LossResult.load(loss, baseline) for loss in params.losses}
    study = study_losses(results, dev, word_groups(train, dev))
    comparison = compare({loss: result.tagged for loss, result in results.items()}, baseline, params.seed)
    write_json(paths.STUDY, study)
    write_json(paths.COMPARISON, comparison)
    with new_folder(paths.PLOTS) as folder:
        for name in PLOTS:
            write_table(plot_table(name, results), folder / f"{name}.csv")
    write_report(paths.REPORT, results, study, comparison)
    print(comparison["summary"])
