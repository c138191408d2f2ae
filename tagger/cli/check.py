"""The command `check`: params and corpus are examined before any training."""

import timeit
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tagger.core.common.errors import counted
from tagger.core.params.reader import read_params
from tagger.core.params.schema import Params, PrepareView
from tagger.prepare.prepare_corpus import examine_corpus

_SHARE_OF_PEAK = 0.4  # of matrix products that training reaches; docs/performance.md: 57 %, 43 % without AVX-512
_OPERATIONS = 6  # per weight and word: a multiplication and an addition, once forward and twice backward


def check_project(file: Path | None = None) -> Iterator[str]:
    """Yield a summary of `params.yaml` and the corpus it names, or `file` instead; warnings go to standard error.

    What a stage would refuse raises its InputError.
    """
    params, view = read_params(Params), read_params(PrepareView)
    if file:
        data = view.data.model_copy(update=dict.fromkeys(("train", "dev", "test"), str(file)))
        view = view.model_copy(update={"data": data})
    prepared = examine_corpus(view)
    yield from prepared.summary
    survey = prepared.survey
    yield (
        f"tags: {len(survey['tags'])}; the most-frequent-tag baseline is right for "
        f"{survey['dev']['baseline_accuracy']:.1%} of dev and {survey['test']['baseline_accuracy']:.1%} of test"
    )
    models = len(params.losses) * len(params.seeds)
    words = len(prepared.splits["train"].forms) * params.train.epochs * models
    weights = params.model.count_weights(0, 0, 0, len(prepared.dictionaries.tags))  # without embeddings
    matrix = np.ones((1024, 1024), dtype=np.float32)
    peak = 2 * len(matrix) ** 3 / min(timeit.repeat(lambda: matrix @ matrix, number=1, repeat=4))  # per second
    seconds = max(words * _OPERATIONS * weights / (_SHARE_OF_PEAK * peak), 10)
    duration = f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"
    yield (
        f"training: {counted(models, 'model')}, up to {counted(params.train.epochs, 'epoch')}, "
        f"{words:,} words in total; about {duration} on this machine when idle"
    )
