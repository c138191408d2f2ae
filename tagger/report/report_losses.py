"""Compare the losses: what they do, whether they differ, and the plots and the page that show it."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.common.files import new_folder, write_json, write_table
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import most_frequent_tags, word_groups
from tagger.core.network.model_folder import fingerprint, read_model
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ReportView
from tagger.evaluate.metrics import tag_table
from tagger.report.comparison.compare import compare
from tagger.report.page.render import write_report
from tagger.report.plot_tables import confusion_table, curve_table, reliability_table, tag_scores_table
from tagger.report.questions.study import study_losses


def report_losses() -> None:
    """Run the stage."""
    params = read_params(ReportView)
    losses: tuple[str, ...] = params.losses
    train, dev, test = (EncodedSplit.load(path) for path in (paths.TRAIN, paths.DEV, paths.TEST))
    predictions = {loss: pd.read_parquet(paths.predictions_file(loss)) for loss in losses}
    histories = {loss: pd.read_csv(paths.history_file(loss)) for loss in losses}
    summaries = {loss: _read_json(paths.summary_file(loss))[loss] for loss in losses}
    details = {loss: _read_json(paths.detail_file(loss)) for loss in losses}
    models = {loss: read_model(paths.model_folder(loss)).model for loss in losses}
    for loss in losses:
        if fingerprint(paths.model_folder(loss)) != details[loss]["model"]:
            raise InputError(
                f"{paths.model_folder(loss)}: is not the model that was evaluated; `dvc checkout` may bring it back"
            )
    study = study_losses(models, histories, summaries, dev, word_groups(train, dev))
    probabilities = {loss: table.filter(regex="^p_").to_numpy() for loss, table in predictions.items()}
    baseline = most_frequent_tags(train, test)
    tags = {loss: tag_table(values.argmax(axis=1), test, baseline) for loss, values in probabilities.items()}
    comparison = compare(probabilities, test, word_groups(train, test), baseline, params.seed)
    evaluations = {loss: _read_json(paths.evaluation_file(loss))[loss] for loss in losses}
    write_json(paths.STUDY, study)
    write_json(paths.COMPARISON, comparison)
    with new_folder(paths.PLOTS) as folder:
        write_table(curve_table(histories), folder / "curves.csv")
        write_table(tag_scores_table(tags), folder / "tags.csv")
        write_table(reliability_table(details), folder / "reliability.csv")
        write_table(confusion_table(predictions), folder / "confusion.csv")
    write_report(
        paths.REPORT,
        test=test,
        predictions=predictions,
        histories=histories,
        summaries=summaries,
        evaluations=evaluations,
        details=details,
        tags=tags,
        study=study,
        comparison=comparison,
    )
    print(comparison["summary"])


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: damaged: {error}") from None
