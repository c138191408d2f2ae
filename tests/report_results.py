"""Results of toy corpora, for the page that shows them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd

from tagger.core.common.arrays import Probabilities
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.indexed_corpus import Sentence
from tagger.core.network.lstm_tagger import LstmTagger
from tagger.evaluate.detail import evaluation_detail
from tagger.evaluate.metrics import score, tag_table
from tagger.evaluate.predictions import confusions, prediction_table
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.comparison.compare import compare
from tagger.report.page.render import write_report
from tagger.report.shared.results import Result
from tests.samples import data_of

_SCALED = [
    {
        "dtype": dtype,
        "scale": scale,
        "method": method,
        "infinite": 0.25 * (scale > 1),
        "relative_error": 0.125 if scale == 1 else None,
    }
    for dtype in ("float32", "float16")
    for scale in (1, 10)
    for method in ("log(softmax)", "log_softmax")
]


def study_of(losses: list[str]) -> dict[str, Any]:
    """What `metrics/losses.json` holds, with figures made up."""
    return {
        "split": "dev",
        "sentences": 2,
        "tokens": 5,
        "tags": 3,
        "losses": losses,
        "not_trained": ["hinge"],
        "textbook": {
            "example": {
                "probabilities": [[0.8, 0.2], [0.6, 0.4]],
                "right": [0, 0],
                "mean": 0.366985,
                "sum": 0.733969,
                "fed_probabilities": -0.7,
            },
            "dev": {"model": losses[0], "tokens": 5, "mean": 0.5, "sum": 2.5, "fed_probabilities": -0.75},
            "answer": "First answer.",
        },
        "equality": {
            "trained": True,
            "batch_tokens": 5,
            "largest_difference": {"loss": 0.0, "gradient": 1.25e-7, "probability": 0.0, "weight": None},
            "largest": {"loss": 0.5, "gradient": 0.25, "probability": 1.0, "weight": 3.0},
            "answer": "Second answer.",
        },
        "precision": {
            "model": losses[0],
            "tokens": 5,
            "largest_score": 14.0,
            "logarithms": _SCALED,
            "log_sum_exp": _SCALED,
            "overflow": {"float32": 88.7228},
            "softmax_nll": {"epochs": 3, "infinite_dev_epochs": 2, "dev_accuracy": 0.5},
            "answer": "Third answer.",
        },
        "comparison": {
            "rows": [
                {
                    "loss": loss,
                    "accuracy": 0.5,
                    "macro_f1": 0.5,
                    "nll": None,
                    "brier": 0.5,
                    "ece": 0.1,
                    "best_epoch": 2,
                    "epochs_to_99": 2,
                }
                for loss in losses
            ],
            "answer": "Fourth answer.",
        },
        "identities": {
            "rows": [
                {"loss": loss, "cross_entropy": 0.75, "entropy": 0.5, "kl": 0.25, "largest_difference": 1e-15}
                for loss in losses
            ],
            "answer": "An answer on identities.",
        },
        "one_by_one": {"with_state": 1e-7, "without_state": 1.5, "largest_output": 0.75, "answer": "Last answer."},
    }


def result_of(
    model: Any = None,
    history: Any = None,
    summary: Any = None,
    detail: Any = None,
    confusions: Any = None,
    tags: Any = None,
) -> Result:
    """Return a result of which only these parts are there."""
    return Result(
        model=model,
        history=history,
        summary=summary,
        evaluation={},
        detail=detail,
        tagged=cast("TaggedSplit", None),
        confusions=confusions,
        tags=tags,
    )


class Results(NamedTuple):
    """The arguments of `write_report`."""

    results: dict[str, dict[int, Result]]
    study: dict[str, Any]
    comparison: dict[str, Any]
    made_with: dict[str, Any] = {"seeds": [1], "data.train": "train.csv"}  # noqa: RUF012, never changed


def results_of(
    train: list[Sentence],
    test: list[Sentence],
    probabilities: Mapping[str, Any],
    comparison: dict[str, Any] | None = None,
) -> Results:
    """Return what the page shows of models that give these probabilities: loss -> (N, K), or loss -> seed -> (N, K).

    The comparison is that of these models, unless one is given: with many tags it takes long.
    """
    data = data_of(train, test)
    baseline = TaggedSplit.baseline(data.train, data.dev)
    history = pd.DataFrame(
        {
            "epoch": [1, 2, 3],
            "learning_rate": [0.01, 0.005, 1e-7],
            "train_loss": [1.5, 0.75, 0.5],
            "dev_loss": [1.25, np.inf, 0.75],
            "dev_accuracy": [0.5, 0.75, 0.625],
        }
    )
    summary = {"best_epoch": 2, "best_dev_accuracy": 0.75, "best_dev_loss": None, "best_train_loss": 0.75, "epochs": 3}
    tagged = {
        loss: {
            seed: TaggedSplit.of(np.asarray(rows, dtype=np.float32), data.dev, baseline.groups)
            for seed, rows in (models if isinstance(models, dict) else {1: models}).items()
        }
        for loss, models in probabilities.items()
    }
    results = {
        loss: {
            seed: Result(
                model=cast("LstmTagger", None),  # the study is made up
                history=history,
                summary=summary,
                evaluation=score(each),
                detail=evaluation_detail(each),
                tagged=each,
                confusions=confusions(prediction_table(each.probabilities, data.dev)),
                tags=tag_table(each, baseline),
            )
            for seed, each in models.items()
        }
        for loss, models in tagged.items()
    }
    return Results(results, study_of(list(tagged)), comparison or compare(tagged, baseline, seed=1))


def random_probabilities(split: EncodedSplit, tags: int, seed: int, sharpness: float = 3.0) -> Probabilities:
    """Draw a distribution for each token that favours its gold tag: (N, K)."""
    draw = np.random.default_rng(seed)
    scores = draw.normal(size=(len(split.forms), tags)) * sharpness
    known = split.tags < tags
    scores[np.flatnonzero(known), split.tags[known]] += sharpness
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), dtype=np.float32)


def page_of(results: Results, path: Path) -> str:
    write_report(path, *results)
    return path.read_text(encoding="utf-8")


def data_in(html: str) -> dict[str, Any]:
    """Return the sentences that the script of a page reads."""
    start = html.index('<script type="application/json" id="data">')
    text = html[html.index(">", start) + 1 : html.index("</script>", start)]
    document: dict[str, Any] = json.loads(text)
    return document
